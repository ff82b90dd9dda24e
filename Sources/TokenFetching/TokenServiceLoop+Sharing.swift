internal import AccessTokens
internal import Fleet
internal import System

/// The loop's part in sharing tokens with other gateways.
extension TokenServiceLoop {
  /// The purpose that a shared token is bound to; nil if nothing is shared.
  func sharePlace(of slot: TokenSlot, secret: UInt32) -> TokenSeal.Place? {
    guard settings.sharing != nil, share != nil, slots[slot].app >= 0 else { return nil }
    let key = slots[slot]
    let place = settings.place(of: key.app)
    return secrets[key.app][secret].map {
      TokenSeal.Place(
        appID: settings.apps[key.app].id, scopes: key.scopes, endpoint: place.endpoint,
        url: place.url, secret: $0)
    }
  }

  /// Asks the fleet first. Returns false if the token must be fetched immediately.
  mutating func isLookedFor(_ request: TokenFetchRequest) -> Bool {
    guard request.mayShare, let place = sharePlace(of: request.slot, secret: request.secret) else {
      return false
    }
    return share?.look(for: request, place, at: clock.monotonic) ?? false
  }

  mutating func take(_ answer: SharedTokenAnswer, to ticket: UInt64) {
    let (manager, slots) = (manager, slots)
    let outcome = share?.answered(ticket, answer) { request in
      !slots[request.slot].isVacant && manager.mayShare(request.slot, secret: request.secret)
    }
    if let reason = share?.takeUntold() { report(.unopened(reason: reason)) }
    switch outcome {
    case nil: break
    case .fetch(let request): fetch(request)
    case .taken(let request, let token, let requestedAt):
      report(.shared(app: settings.apps[request.app].name))
      act(
        on: finished(request.slot, .success(token), requestedAt: requestedAt, isShared: true))
    }
  }

  /// Fetches a token that the fleet did not have.
  mutating func fetch(_ request: TokenFetchRequest) {
    if let failure = start(request) {
      act(on: finished(request.slot, .failure(failure), requestedAt: clock.monotonic))
    }
  }

  /// Withdraws the token of `slot`, so that no gateway takes it any more.
  ///
  /// - Parameter generation: Withdraws only a token of this generation; nil for any.
  mutating func withdraw(_ slot: TokenSlot, generation: UInt32? = nil) {
    guard let token = manager.token(of: slot), generation ?? token.generation == token.generation,
      let place = sharePlace(of: slot, secret: manager.record(of: slot).secretGeneration)
    else { return }
    share?.withdraw(token.secret, place)
  }
}
