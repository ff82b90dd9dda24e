internal import Forwarding
internal import SCORMCloudAPI
package import TrafficLog

/// The calls of a record, counted by what rules decide about: caller, app and operation. Memory grows with the
/// kinds of calls, not with the record.
package struct CallTally: Sendable {
  /// What rules see of a call.
  struct Kind: Hashable, Sendable {
    /// Nil: the line has none.
    let caller: String?
    let app: String
    /// Index into the catalogue; ``RequestPlan/unknownOperation`` for a path that is not in it.
    let operation: UInt8
    /// GET or HEAD; decides only about what the catalogue does not know.
    let isRead: Bool
  }

  /// Some calls and when the last one came.
  struct Count: Sendable {
    var calls = 0
    /// Nanoseconds since 1970; 0 without a call.
    var last: Int64 = 0

    mutating func add(_ time: Int64) {
      calls += 1
      last = max(last, time)
    }

    mutating func add(_ other: Count) {
      calls += other.calls
      last = max(last, other.last)
    }
  }

  /// The calls of a kind, by what became of them.
  struct Outcomes: Sendable {
    /// SCORM Cloud answered with 2xx or 3xx.
    var succeeded = Count()
    /// Those of them that only a permissive mode let pass.
    var denied = Count()
    /// The gateway let them pass, and they came to nothing: 404, 500, no answer.
    var failed = Count()
    /// `callers[]` refused them: `allow`, `apps` or `mode`; or they were not sent, for the mode is `dry-run`.
    var refused = Count()
    /// Refused because the answer is a secret, whoever asks.
    var sensitive = Count()
    /// Those that succeeded before the window.
    var before = Count()
  }

  /// Nanoseconds since 1970: earlier calls tell only when something was used last.
  package let since: Int64
  /// Nanoseconds since 1970 of the first call on record, whether in the window or before it; nil without a call.
  package private(set) var first: Int64?
  /// The last one.
  package private(set) var last: Int64 = 0
  /// Calls in the window.
  package private(set) var calls = 0
  /// Lines that are not of the traffic log.
  package private(set) var malformed = 0

  private(set) var kinds: [Kind: Outcomes] = [:]

  private let operations: [String: UInt8]

  package init(since: Int64) {
    self.since = since
    var operations: [String: UInt8] = [:]
    for operation in OperationTable.all {
      operations[operation.name.description] = operation.index
    }
    self.operations = operations
  }

  /// Counts the call of a line of the traffic log, its line feed left out.
  package mutating func add(line: RawSpan) {
    guard let record = TrafficRecord(line: line) else {
      malformed += 1
      return
    }
    add(record)
  }

  /// Counts a call.
  package mutating func add(_ record: TrafficRecord) {
    let time = record.timestamp
    first = min(first ?? time, time)
    last = max(last, time)
    let isBefore = time < since
    if !isBefore { calls += 1 }
    guard let kind = kind(of: record), let outcome = CallTally.outcome(of: record) else { return }
    if isBefore {
      if outcome == \.succeeded { kinds[kind, default: Outcomes()].before.add(time) }
    } else {
      kinds[kind, default: Outcomes()][keyPath: outcome].add(time)
      if record.wouldDeny, outcome == \.succeeded {
        kinds[kind, default: Outcomes()].denied.add(time)
      }
    }
  }

  /// Nil: no rule for callers was asked about the call.
  private func kind(of record: TrafficRecord) -> Kind? {
    guard let app = record.app, !(record.operation == nil && record.isOptions) else { return nil }
    guard let name = record.operation else {
      return Kind(
        caller: record.caller, app: app, operation: RequestPlan.unknownOperation,
        isRead: record.isRead)
    }
    // Of a later version's catalogue.
    guard let operation = operations[name] else { return nil }
    return Kind(caller: record.caller, app: app, operation: operation, isRead: true)
  }

  /// Nil: the gateway refused the call at a step before ``PlanStep/quota``, for a reason that is no matter of
  /// `callers[]`.
  private static func outcome(
    of record: TrafficRecord
  ) -> WritableKeyPath<Outcomes, Count>? {
    if record.error == policyRefused || record.isDryRun { return \.refused }
    if record.error == sensitiveRefused { return \.sensitive }
    if refusedBefore.contains(record.termination) { return nil }
    return 200...399 ~= record.status ? \.succeeded : \.failed
  }

  private static let policyRefused = GatewayErrorKind.policyRefused.name.description
  private static let sensitiveRefused = GatewayErrorKind.sensitiveRefused.name.description
  private static let refusedBefore = Set(
    PlanStep.allCases.filter { $0 < .quota }.map { Termination(refusedAt: $0).text.description })
}
