internal import Forwarding
internal import RateLimiting
internal import SCORMCloudAPI

/// The steps of a call, each with what happens to the call there.
extension RequestPlan {
  /// The operation that counts the affected records before the call is sent (`policy.confirmBulk`).
  var countedBy: String? {
    guard obstacle == .count, let selection = BulkSelection.of(operation) else { return nil }
    return OperationTable.operation(at: selection.list).name.description
  }
}

extension Explanation {
  struct Step: Sendable {
    enum Result: String, Sendable {
      case passes, refuses
      case notReached = "not-reached"
    }

    let step: PlanStep
    let result: Result
    /// What the step found or decided, for people.
    let text: String
  }

  /// All steps in order; empty for bytes that are not a request.
  var steps: [Step] {
    switch outcome {
    case .malformed: []
    case .refused(let refusal): steps(refusal)
    case .options:
      PlanStep.allCases.map { step in
        step > .operation ? notReached(step) : Step(step: step, result: .passes, text: "passes")
      }
    case .forwarded(let forwarded): steps(forwarded)
    }
  }

  private func notReached(_ step: PlanStep) -> Step {
    Step(step: step, result: .notReached, text: "-")
  }

  private func refuses(_ step: PlanStep, _ error: GatewayError) -> Step {
    Step(step: step, result: .refuses, text: "refused: \(error.status) \(error.kind.name)")
  }

  private func steps(_ refusal: PlanRefusal) -> [Step] {
    PlanStep.allCases.map { step in
      if step == refusal.step { return refuses(step, refusal.error) }
      if step > refusal.step { return notReached(step) }
      return Step(step: step, result: .passes, text: text(of: step, refusal.plan))
    }
  }

  private func steps(_ forwarded: Forwarded) -> [Step] {
    let refusal = refusal(forwarded)
    return PlanStep.allCases.map { step in
      if let refusal {
        if step == refusal.step { return refuses(step, refusal.error) }
        if step > refusal.step { return notReached(step) }
      }
      let text =
        switch step {
        case .quota: limits(forwarded.forecast)
        case .credential: credential(forwarded)
        default: text(of: step, forwarded.plan)
        }
      return Step(step: step, result: .passes, text: text)
    }
  }

  /// What a step of the planner has decided.
  private func text(of step: PlanStep, _ plan: RequestPlan) -> String {
    switch step {
    case .caller: return caller
    case .app: return sources.rules.apps[plan.app].name
    case .operation:
      guard plan.isKnownOperation else { return "not in the catalogue; forwarded unchanged" }
      let operation = OperationTable.operation(at: plan.operation)
      return "\(operation.name) (\(operation.access.name), service \(operation.service.name))"
    case .policy where plan.obstacle == .count:
      let field = BulkConfirmation.field
      return "passes if \(field) has the number that \(plan.countedBy ?? "its list") counts"
    case .policy where plan.isRehearsed:
      return "passes; the mode is dry-run, so nothing is sent"
    case .policy where plan.wouldDeny:
      return "passes because its caller is permissive: callers[].allow does not grant it"
    case .framing, .host, .policy, .quota, .credential: return "passes"
    }
  }

  /// The step that would refuse the call now although the planner lets it pass; nil if the call would be sent.
  func refusal(_ forwarded: Forwarded) -> PlanRefusal? {
    if forwarded.forecast.refusal != nil {
      return PlanRefusal(
        at: .quota, GatewayError(.quotaExceeded, "A limit refuses it now."), forwarded.plan)
    }
    return (forwarded.token?.refusal).map { PlanRefusal(at: .credential, $0, forwarded.plan) }
  }
}
