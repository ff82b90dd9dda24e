package import AccessTokens

/// Tokens that go from one process of this gateway to the next.
extension TokenService {
  /// The tokens in use, with what each is for.
  package func inUse() -> [(key: TokenSlotTable.Key, token: HandedToken)] {
    store.snapshot().entries.enumerated().compactMap { index, entry in
      entry.token.map { (slots[TokenSlot(index: index)], HandedToken($0)) }
    }
  }

  /// Uses tokens that another process has fetched, instead of asking for them. Before ``start(wake:report:)``; those for
  /// which there is no slot are passed over.
  ///
  /// - Returns: how many there is a slot for.
  @discardableResult
  package func adopt(_ tokens: [(key: TokenSlotTable.Key, token: HandedToken)]) -> Int {
    var places: [TokenSlotTable.Key: TokenSlot] = [:]
    for index in 0..<slots.count {
      places[slots[TokenSlot(index: index)]] = TokenSlot(index: index)
    }
    let orders = tokens.compactMap { entry in
      places[entry.key].map { TokenMailbox.Order.handedOver($0, entry.token) }
    }
    return order(orders) ? orders.count : 0
  }
}
