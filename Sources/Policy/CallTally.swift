internal import Forwarding
internal import SCORMCloudAPI
package import TrafficLog

/// The calls of a record, counted by what rules decide on: caller, app and operation. Memory grows with the number of
/// kinds of calls, not with the record.
package struct CallTally: Sendable {
  /// What rules see of a call.
  struct Kind: Hashable, Sendable {
    /// Nil if the record has no caller.
    let caller: String?
    let app: String
    /// Index into the catalogue; ``RequestPlan/unknownOperation`` for a path that is not in it.
    let operation: UInt8
    /// GET or HEAD. It only matters for paths that are not in the catalogue.
    let isRead: Bool
  }

  /// A number of calls, and when the last one arrived.
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

  /// The calls of a kind, by their outcome.
  struct Outcomes: Sendable {
    /// SCORM Cloud answered with 2xx or 3xx.
    var succeeded = Count()
    /// Those among them that passed only because of mode `permissive`.
    var denied = Count()
    /// The gateway let them pass, and they failed: 404, 500, no answer.
    var failed = Count()
    /// `callers[]` refused them (`allow`, `apps` or `mode`), or they were not sent because the mode is `dry-run`.
    var refused = Count()
    /// Refused because the answer is a secret, whichever caller asks.
    var sensitive = Count()
    /// Those that succeeded before the window.
    var before = Count()
  }

  /// Nanoseconds since 1970. Earlier calls only show when something was last used.
  package let since: Int64
  /// When the first recorded call arrived, in the window or before it, in nanoseconds since 1970; nil without a call.
  package private(set) var first: Int64?
  /// When the last one arrived.
  package private(set) var last: Int64 = 0
  /// Number of calls in the window.
  package private(set) var calls = 0
  /// Number of lines that are not from the traffic log.
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

  /// Counts the call in a line of the traffic log, given without its line feed.
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

  /// The kind of the call; nil if no rule for callers was checked.
  private func kind(of record: TrafficRecord) -> Kind? {
    guard let app = record.app, !(record.operation == nil && record.isOptions) else { return nil }
    guard let name = record.operation else {
      return Kind(
        caller: record.caller, app: app, operation: RequestPlan.unknownOperation,
        isRead: record.isRead)
    }
    // The operation is from a later version's catalogue.
    guard let operation = operations[name] else { return nil }
    return Kind(caller: record.caller, app: app, operation: operation, isRead: true)
  }

  /// The call's outcome; nil if the gateway refused the call at a step before ``PlanStep/quota``, for a reason that has
  /// nothing to do with `callers[]`.
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
