internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import Memory
internal import SCORMCloudAPI
internal import Synchronization

/// Replaces a scope that proves too narrow by a wider one. This is done only where the catalogue is not certain
/// (``ScopeLadders``), and only for requests that can be sent again (``ClimbRule``).
extension Relay {
  /// Copies what this and other loops have learnt into the planner.
  mutating func refreshScopes() {
    guard shared.scopes.version.load(ordering: .acquiring) != plannerVersions.scopes else { return }
    (plannerVersions.scopes, planner.rungs) = shared.scopes.rungs
  }

  /// Sends the refused call again with the next credential, if there is one to try.
  ///
  /// - Returns: false when the refusal must be handled as usual.
  mutating func tryNextScope(_ id: SlabHandle, after status: Int, on loop: inout EventLoop) -> Bool
  {
    let plan = exchanges[id].plan
    guard plan.isKnownOperation else { return false }
    let count = generation(of: id).rules.apps[plan.app].ladders.count(of: plan.operation)
    guard count > 1 else { return false }
    let known = shared.scopes.entry(app: plan.app, operation: plan.operation)
    let refusal = ClimbRule.Refusal(
      status: status, rung: Int(plan.rung), rungCount: count, remembered: Int(known.rung),
      isReplayable: exchanges[id].state.isReplayable,
      hasRenewedToken: exchanges[id].state.wasRefused || !canRenew(id, now: loop.now),
      isResting: !exchanges[id].state.hasClimbed && loop.now < known.restsUntil)
    switch ClimbRule.verdict(on: refusal) {
    case .stay: return false
    case .exhausted:
      shared.scopes.exhausted(app: plan.app, operation: plan.operation, at: loop.now)
      return false
    case .climb(let rung):
      upstreams[exchanges[id].upstream].fetch.status = UInt16(status)
      abandonUpstream(id, retryReason: "scope-refused", on: &loop)
      run(step(id, to: rung, at: loop.now), of: id, on: &loop)
      return true
    }
  }

  /// Whether a refusal of the exchange's credential would give it another one. It would not for Basic, nor for a token
  /// that was fetched a moment ago because of a refusal.
  private func canRenew(_ id: SlabHandle, now: Int64) -> Bool {
    guard case .token(let slot) = exchanges[id].plan.credential else { return false }
    return tokens.generation(of: slot) != upstreams[exchanges[id].upstream].fetch.tokenGeneration
      || shared.refusals.mayRenew(slot, operation: exchanges[id].plan.operation, at: now)
  }

  /// Goes on after the token endpoint refused the scope itself: nothing was sent yet, and the next rung may be
  /// accepted.
  ///
  /// - Returns: what follows; ``ExchangeStateMachine/Action/wait`` when there is no rung to try.
  mutating func takeScopePastRefused(
    _ id: SlabHandle, now: Int64
  ) -> ExchangeStateMachine.Action {
    let plan = exchanges[id].plan
    guard plan.isKnownOperation, case .token(let slot) = plan.credential,
      case .refusedScope = tokens.failure(of: slot)?.reason
    else { return .wait }
    let count = generation(of: id).rules.apps[plan.app].ladders.count(of: plan.operation)
    let known = shared.scopes.entry(app: plan.app, operation: plan.operation)
    let rung = max(Int(plan.rung) + 1, Int(known.rung))
    guard rung < count, exchanges[id].state.hasClimbed || now >= known.restsUntil else {
      return .wait
    }
    return step(id, to: rung, at: now)
  }

  /// Notes what the answer to an exchange that was refused before proves.
  mutating func noteProof(_ id: SlabHandle, status: Int) {
    guard ClimbRule.proves(status: status) || status == 403 else { return }
    if exchanges[id].state.wasRefused, case .token(let slot) = exchanges[id].plan.credential {
      shared.refusals.worked(slot, operation: exchanges[id].plan.operation)
    }
    if exchanges[id].state.hasClimbed { noteScope(id, status: status) }
  }

  private mutating func noteScope(_ id: SlabHandle, status: Int) {
    let plan = exchanges[id].plan
    guard ClimbRule.proves(status: status),
      shared.scopes.worked(app: plan.app, operation: plan.operation, rung: plan.rung)
    else { return }
    let app = generation(of: id).rules.apps[plan.app]
    let refused = generation.scopeText(
      of: app.credentials[Int(plan.operation)]
    ).map { "the scope \($0)" }
    let taken = generation(of: id).scopeText(of: plan.credential).map { "the scope \($0)" }
    shared.tell(
      "app \(app.name): SCORM Cloud refused \(OperationTable.operation(at: plan.operation).name) with "
        + "\(refused ?? "its credential") and took it with \(taken ?? "id and secret (Basic)"), "
        + "which it gets from now on")
    refreshScopes()
    // Rare: at most once for each rung of an operation.
    for mailbox in shared.mailboxes { mailbox.waker.wake() }
  }

  private mutating func step(
    _ id: SlabHandle, to rung: Int, at now: Int64
  ) -> ExchangeStateMachine.Action {
    let plan = exchanges[id].plan
    shared.scopes.climbed(app: plan.app, operation: plan.operation)
    exchanges[id].plan.rung = UInt8(rung)
    exchanges[id].plan.credential = generation(of: id).rules.apps[plan.app].ladders.credential(
      of: plan.operation, at: rung)
    exchanges[id].refused.generation = 0
    exchanges[id].tokenFingerprint = 0
    return exchanges[id].state.climbed(at: now)
  }
}
