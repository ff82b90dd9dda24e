internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import Memory

/// The exchange's credential is found, or waited for.
extension Relay {
  /// Looks the credential up, and ends the exchange when none is available.
  @inline(__always)
  mutating func requireCredential(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    while case .token(let slot) = exchanges[id].plan.credential {
      switch tokens.state(of: slot, now: loop.now) {
      case .usable: return exchanges[id].state.credentialFound(at: loop.now)
      case .missing:
        shared.tokenService.need(slot)
        return exchanges[id].state.credentialMissing()
      case .failing:
        // Take the next rung's credential, if there is one to try.
        if takeScopePastRefused(id, now: loop.now) != .wait { continue }
        answer(id, tokenError(id, now: loop.now), .init(refusedAt: .credential), on: &loop)
        return .wait
      }
    }
    return exchanges[id].state.credentialFound(at: loop.now)
  }

  mutating func waitForToken(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    awaitingToken.append(id)
    awaitCaller(id, on: &loop)
    return .wait
  }

  /// Something was published: looks at every exchange that waits for a token.
  mutating func serveAwaitingToken(on loop: inout EventLoop) {
    guard awaitingToken.count > 0 else { return }
    var waiting = RecordList<SlabHandle>(capacity: 16)
    swap(&waiting, &awaitingToken)
    for i in 0..<waiting.count {
      let id = waiting[i]
      guard exchanges.contains(id), exchanges[id].state.phase == .awaitingToken else { continue }
      let action = lookForCredential(id, on: &loop)
      // The exchange still waits, or has ended.
      guard action != .wait else { continue }
      loop.setDeadline(callers[exchanges[id].caller].socket, at: nil)
      run(action, of: id, on: &loop)
    }
  }

  /// Decides what an exchange that waits for a token does now that something was published. It still waits if that was
  /// not for it.
  private mutating func lookForCredential(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    guard case .token(let slot) = exchanges[id].plan.credential else {
      return lookForBasic(id, on: &loop)
    }
    switch tokens.state(of: slot, now: loop.now, refused: exchanges[id].refused.generation) {
    case .usable: return exchanges[id].state.credentialFound(at: loop.now)
    case .missing:
      awaitingToken.append(id)
      return .wait
    case .failing:
      let action = takeScopePastRefused(id, now: loop.now)
      if action == .wait {
        answer(id, tokenError(id, now: loop.now), .init(refusedAt: .credential), on: &loop)
      }
      return action
    }
  }

  /// Goes on after the exchange's Basic credential was refused: another secret may have taken over, or there is none.
  private mutating func lookForBasic(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let app = exchanges[id].plan.app
    if tokens.basicGeneration(app: app) != exchanges[id].refused.generation {
      return exchanges[id].state.credentialFound(at: loop.now)
    }
    if tokens.basicChecks(app: app) != exchanges[id].refused.checks {
      answer(id, credentialError(id), .init(.upstream, .responseHead), on: &loop)
    } else {
      awaitingToken.append(id)
    }
    return .wait
  }

  /// Why there is no token, for the caller: what to do, and never a secret.
  func tokenError(_ id: SlabHandle, now: Int64) -> GatewayError {
    guard case .token(let slot) = exchanges[id].plan.credential else {
      if exchanges[id].refused.generation != 0 { return credentialError(id) }
      return GatewayError(
        .internalError, "The gateway waited for a token that this call does not use.")
    }
    guard let failure = tokens.failure(of: slot) else {
      return GatewayError(
        .tokenTimeout, "The token endpoint did not answer in time; try again.", retryAfter: 1)
    }
    if failure.needsOperator { return GatewayError(.credentialRefused, failure.detail) }
    return GatewayError(
      .tokenUnavailable, failure.detail,
      retryAfter: max(1, Int(failure.secondsUntilRetry(at: now))))
  }

  /// SCORM Cloud itself refused the credential, and a new token did not help or is not available.
  func credentialError(_ id: SlabHandle) -> GatewayError {
    GatewayError(
      .upstreamRefusedCredential,
      "SCORM Cloud answered 401 to the gateway's credential for the app "
        + "\(generation.rules.apps[exchanges[id].plan.app].name): check that its secret is current "
        + "and that it may call this operation.")
  }
}
