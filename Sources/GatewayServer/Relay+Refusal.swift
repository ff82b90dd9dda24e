internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import Memory

/// The upstream refuses the credential.
extension Relay {
  /// Deals with a 401 to the gateway's credential. The caller has no such credential, so the answer is not for it: a
  /// new token is requested, and the request is sent again with it if it can be repeated.
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
    // The next token may have been published already, and then nothing more would be published.
    serveAwaitingToken(on: &loop)
  }

  /// Reports that the exchange's credential was refused. Returns whether another one may follow.
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
