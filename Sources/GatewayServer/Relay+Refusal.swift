internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import Memory

/// The upstream refuses the credential.
extension Relay {
  /// The upstream answered 401 to our credential. The caller has none, so the answer is not for it: a fresh
  /// token is asked for, and the request made once more with it where it can be repeated.
  mutating func credentialWasRefused(_ id: SlabHandle, on loop: inout EventLoop) {
    let upstream = exchanges[id].upstream
    let generation = upstreams[upstream].fetch.tokenGeneration
    upstreams[upstream].fetch.status = 401
    let mayHelp = doubtCredential(id, generation, at: loop.now)
    guard
      case .tryAgain(let action) = exchanges[id].state.credentialRefused(
        mayHelp: mayHelp, at: loop.now)
    else {
      abandonUpstream(id, on: &loop)
      answer(id, credentialError(id), .init(.upstream, .responseHead), on: &loop)
      return
    }
    abandonUpstream(id, retryReason: "token-refused", on: &loop)
    exchanges[id].refused.generation = generation
    run(action, of: id, on: &loop)
    // The next one may be there already, and nothing more be published.
    serveAwaitingToken(on: &loop)
  }

  /// Says that the exchange's credential was refused. Returns whether another one may come of it.
  private mutating func doubtCredential(
    _ id: SlabHandle, _ generation: UInt32, at now: Int64
  ) -> Bool {
    let app = exchanges[id].plan.app
    let operation = exchanges[id].plan.operation
    switch exchanges[id].plan.credential {
    case .token(let slot):
      let verdict = shared.refusals.refused(
        slot, operation: operation,
        TokenRefusals.Refusal(
          generation: generation, isSecond: exchanges[id].state.wasRefused,
          isReplayable: exchanges[id].state.isReplayable),
        at: now)
      guard generation == tokens.generation(of: slot) else {
        // The token was replaced, or withdrawn, since the request was sent.
        if tokens.state(of: slot, now: now) == .missing { shared.tokenService.need(slot) }
        return true
      }
      guard case .renew(let withdraws) = verdict else { return false }
      shared.tokenService.rejected(slot, generation: generation, withdraws: withdraws)
      return true
    case .basic:
      exchanges[id].refused.checks = tokens.basicChecks(app: app)
      shared.tokenService.basicRefused(app: app, operation: operation, generation: generation)
      return true
    case .none: return false
    }
  }
}
