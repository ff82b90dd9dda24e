internal import AccessTokens
internal import Fleet
internal import System

/// What the loop does so that tokens can be other gateways' too.
extension TokenServiceLoop {
  /// What a token is bound to when it is shared; nil when nothing is.
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

  /// Asks the fleet first; false when it is to be fetched at once.
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

  /// Fetches what the fleet did not have.
  mutating func fetch(_ request: TokenFetchRequest) {
    if let failure = start(request) {
      act(on: finished(request.slot, .failure(failure), requestedAt: clock.monotonic))
    }
  }

  /// Nobody is to take the token of `slot` any more.
  ///
  /// - Parameter generation: if it is that one; nil for any.
  mutating func withdraw(_ slot: TokenSlot, generation: UInt32? = nil) {
    guard let token = manager.token(of: slot), generation ?? token.generation == token.generation,
      let place = sharePlace(of: slot, secret: manager.record(of: slot).secretGeneration)
    else { return }
    share?.withdraw(token.secret, place)
  }
}
