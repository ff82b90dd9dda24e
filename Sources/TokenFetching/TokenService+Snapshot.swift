package import AccessTokens

/// Tokens that are passed from one process of this gateway to the next.
extension TokenService {
  /// The tokens in use, with the purpose of each.
  package func inUse() -> [(key: TokenSlotTable.Key, token: HandedToken)] {
    store.snapshot().entries.enumerated().compactMap { index, entry in
      entry.token.map { (slots[TokenSlot(index: index)], HandedToken($0)) }
    }
  }

  /// Uses tokens that another process has fetched, instead of requesting new ones. Call it before
  /// ``start(wake:report:)``. Tokens without a slot are skipped.
  ///
  /// - Returns: The number of tokens with a slot.
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
