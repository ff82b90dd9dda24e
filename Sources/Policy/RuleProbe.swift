internal import Configuration
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import Rules
internal import SCORMCloudAPI

/// Asks the planner, which decides on real calls, how it would decide on a kind of call under the rules of a
/// configuration.
struct RuleProbe: ~Copyable {
  private let planner: RequestPlanner
  private let callers: [String: Int]
  /// Without `callers[]` there is only one caller.
  private let hasOneForAll: Bool

  /// Creates a probe with the rules of `settings`.
  init(_ settings: Settings) throws(PolicyProblem) {
    let rules = try RuleProbe.rules(of: settings)
    hasOneForAll = settings.callers.isEmpty
    var callers: [String: Int] = [:]
    for (index, caller) in settings.callers.enumerated() { callers[caller.name] = index }
    self.callers = callers
    planner = RequestPlanner(rules: rules)
  }

  /// Creates a probe with the rules of `settings` for a caller that may use everything. If a call is refused then, no
  /// grant would allow it.
  init(unlimited settings: Settings) throws(PolicyProblem) {
    var rules = try RuleProbe.rules(of: settings)
    rules.callers = [
      ForwardingRules.Caller(
        name: "", apps: Array(rules.apps.indices), defaultApp: nil, operations: .all,
        mayUseUnknownOperations: true, mode: .normal)
    ]
    hasOneForAll = true
    callers = [:]
    planner = RequestPlanner(rules: rules)
  }

  private static func rules(of settings: Settings) throws(PolicyProblem) -> ForwardingRules {
    do { return try RulesCompiler(settings).compile().rules } catch {
      throw PolicyProblem(description: "the configuration cannot be compiled: \(error)")
    }
  }

  /// Why a call of this kind is refused or not sent; nil if it passes.
  func refusal(_ kind: CallTally.Kind) -> String? {
    let caller: Int
    if hasOneForAll {
      caller = 0
    } else if let name = kind.caller, let index = callers[name] {
      caller = index
    } else {
      return kind.caller == nil
        ? "The caller was not known then." : "callers[] has no such caller."
    }
    let bytes = Array(RuleProbe.head(of: kind).utf8)
    var parser = RequestHeadParser()
    do throws(RequestFault) {
      guard let head = try parser.parse(bytes.span.bytesOfElements) else { return "malformed" }
      return refusal(head, parser.fields, bytes.span.bytesOfElements, caller)
    } catch {
      return GatewayError(error).detail
    }
  }

  private func refusal(
    _ head: RequestHead, _ fields: borrowing FieldList, _ bytes: RawSpan, _ caller: Int
  ) -> String? {
    do throws(PlanRefusal) {
      let answer = try planner.plan(
        head, fields: fields, in: bytes, from: CallerContext(listener: 0, caller: caller))
      if case .rehearse = answer { return "The mode is dry-run, and this call writes." }
      return nil
    } catch {
      return error.error.detail
    }
  }

  /// A request of this kind, with a letter for each parameter. Every listener accepts the host `localhost`.
  private static func head(of kind: CallTally.Kind) -> String {
    let start: String
    let path: String
    if kind.operation == RequestPlan.unknownOperation {
      start = kind.isRead ? "GET" : "POST"
      path = unknownPath
    } else {
      let operation = OperationTable.operation(at: kind.operation)
      start = operation.method.name.description
      path = filled(operation.template.description)
    }
    return "\(start) /apps/\(kind.app)/api/v2\(path) HTTP/1.1\r\nHost: localhost\r\n\r\n"
  }

  /// A path that is not an operation, and cannot be taken for one.
  private static let unknownPath = "/not-in-the-catalogue"

  /// Turns `/courses/{courseId}` into `/courses/x`.
  private static func filled(_ template: String) -> String {
    template.split(separator: "/", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("{") ? "x" : String($0) }.joined(separator: "/")
  }
}

/// Why nothing can be said about calls. The text says what to do.
package struct PolicyProblem: Error, Sendable, CustomStringConvertible {
  package let description: String
}
