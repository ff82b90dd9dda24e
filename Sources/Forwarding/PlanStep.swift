/// The checks that every request must pass before anything is sent upstream, in this order.
///
/// A request that the gateway refuses is refused at one of these steps. The same word names the step in the traffic log
/// and the metrics (``Termination``), in `explain`, and in the documents.
package enum PlanStep: UInt8, CaseIterable, Comparable, Sendable {
  /// The method can be relayed, and the request has not passed this gateway before.
  case framing
  /// The Host names this listener, and the request does not come from a web page.
  case host
  /// The caller is known and not frozen.
  case caller
  /// The app is chosen by path, field, caller or default.
  case app
  /// The operation is found by method and path.
  case operation
  /// The operator allows this caller to do it.
  case policy
  /// The limits let it pass, immediately or after a wait.
  case quota
  /// The token, or the app's id and secret key, is at hand.
  case credential

  /// As named in logs, metrics and `explain`.
  package var name: StaticString {
    switch self {
    case .framing: "framing"
    case .host: "host"
    case .caller: "caller"
    case .app: "app"
    case .operation: "operation"
    case .policy: "policy"
    case .quota: "quota"
    case .credential: "credential"
    }
  }

  package static func < (a: PlanStep, b: PlanStep) -> Bool { a.rawValue < b.rawValue }
}

/// Why a request is refused, at which step, and what was known about it by then.
package struct PlanRefusal: Error, Sendable {
  package let step: PlanStep
  package let error: GatewayError
  /// What the earlier steps decided. Its app counts only if ``knowsApp``; an operation that was not looked up yet is
  /// ``RequestPlan/unknownOperation``.
  package let plan: RequestPlan

  package init(at step: PlanStep, _ error: GatewayError, _ plan: RequestPlan = RequestPlan()) {
    self.step = step
    self.error = error
    self.plan = plan
  }

  /// Whether the app was chosen before the refusal.
  package var knowsApp: Bool { step > .app }
}
