/// What every request must pass before anything is sent upstream, in this order.
///
/// A request that the gateway refuses is refused at one of these steps. The same word names the step in the
/// traffic log and the metrics (``Termination``), in `explain`, and in the documents.
package enum PlanStep: UInt8, CaseIterable, Comparable, Sendable {
  /// No method that a gateway cannot relay, and no request that was here before.
  case framing
  /// A name of this listener, and not a web page.
  case host
  /// The caller is known and not frozen.
  case caller
  /// The app by path, field, caller or default.
  case app
  /// The operation that method and path mean.
  case operation
  /// What the operator allows this caller.
  case policy
  /// The limits let it pass, at once or after a wait.
  case quota
  /// The token, or the app's id and secret, is at hand.
  case credential

  /// As logs, metrics and `explain` name it.
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

/// Why a request is refused, at which step, and what was known of it by then.
package struct PlanRefusal: Error, Sendable {
  package let step: PlanStep
  package let error: GatewayError
  /// What the steps before decided. Its app counts only if ``knowsApp``; an operation that was not looked for
  /// yet is ``RequestPlan/unknownOperation``.
  package let plan: RequestPlan

  package init(at step: PlanStep, _ error: GatewayError, _ plan: RequestPlan = RequestPlan()) {
    self.step = step
    self.error = error
    self.plan = plan
  }

  /// The request got as far as having an app.
  package var knowsApp: Bool { step > .app }
}
