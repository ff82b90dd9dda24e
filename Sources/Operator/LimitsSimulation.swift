package import Configuration
internal import Forwarding
internal import RateLimiting
internal import Rules
internal import SCORMCloudAPI
internal import System
internal import TrafficJournal
internal import TrafficLog

/// A replay of a traffic log or a journal against the limits of a configuration: which calls would have waited, and how
/// long.
///
/// Memory use does not depend on the length of the record. Its lines are in the order in which exchanges ended. A
/// window of calls is kept to restore the order in which they arrived.
package struct LimitsSimulation {
  /// Why a record cannot be replayed.
  package struct Problem: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  /// The number of calls kept for sorting.
  package static let window = 131_072

  /// Lines that are not calls of this configuration, by reason.
  package struct Skipped: Equatable, Sendable {
    /// Lines that are not lines of a traffic log.
    package var malformed = 0
    /// Calls that were refused before limits applied.
    package var refusedBefore = 0
    /// Calls whose app or caller is not configured.
    package var unknown = 0
    /// Calls so far out of order that they were replayed later than they arrived. They are replayed anyway.
    package var late = 0
  }

  package struct Row: Sendable {
    package let caller: String
    package let calls, startedAtOnce, waited, refused: Int
    /// Nanoseconds, for the calls that waited.
    package let meanWait, wait95, longestWait: Int64
  }

  package struct LimitRow: Sendable {
    package let limit: String
    package let admitted, queued, refused, wouldQueue: UInt64
  }

  package private(set) var skipped = Skipped()
  /// The callers that made calls.
  package private(set) var rows: [Row] = []
  package private(set) var limitRows: [LimitRow] = []
  /// The number of calls replayed.
  package private(set) var calls = 0
  /// Nanoseconds since 1970 of the first and last call.
  package private(set) var first: Int64?
  package private(set) var last: Int64 = 0

  /// Where past calls are recorded.
  package enum Record: Sendable {
    /// A traffic log; `-` for standard input.
    case log(String)
    /// A journal's file.
    case journal(String)
  }

  /// Seconds that reading a whole journal may take.
  private static let patience = 3_600.0

  /// Replays the recorded calls against the limits of `settings`.
  package init(_ settings: Settings, _ record: Record) throws(Problem) {
    let limits = RulesCompiler(settings).limits(loopCount: 1)
    var replay: LimitReplay
    do { replay = try LimitReplay(limits) } catch { throw Problem(description: "limits: \(error)") }
    var pending = EarliestFirst<LimitReplay.Call>()
    let names = CallNames(settings)
    switch record {
    case .log(let path):
      do {
        var reader = try LineReader(path: path)
        try reader.readLines { line, isCut in take(line, isCut, names, &pending, &replay) }
      } catch { throw Problem(description: "\(path): \(error)") }
    case .journal(let path):
      do {
        let reader = try JournalReader(path: path, seconds: LimitsSimulation.patience)
        try reader.readLines { take($0, false, names, &pending, &replay) }
      } catch { throw Problem(description: error.description) }
    }
    while pending.count > 0 { offerFirst(&pending, &replay) }
    replay.finish()
    makeRows(replay, settings, limits)
  }

  /// Replays a line of the record.
  private mutating func take(
    _ line: RawSpan, _ isCut: Bool, _ names: CallNames,
    _ pending: inout EarliestFirst<LimitReplay.Call>, _ replay: inout LimitReplay
  ) {
    guard line.byteCount > 0 else { return }
    guard !isCut, let record = TrafficRecord(line: line) else {
      skipped.malformed += 1
      return
    }
    guard let app = record.app, !record.isDryRun,
      !LimitsSimulation.refusedBefore.contains(record.termination)
    else {
      skipped.refusedBefore += 1
      return
    }
    guard let request = names.request(record, app: app) else {
      skipped.unknown += 1
      return
    }
    if pending.count >= LimitsSimulation.window { offerFirst(&pending, &replay) }
    pending.insert(
      LimitReplay.Call(request: request, hold: LimitsSimulation.hold(record)),
      at: record.timestamp)
  }

  private mutating func offerFirst(
    _ pending: inout EarliestFirst<LimitReplay.Call>, _ replay: inout LimitReplay
  ) {
    guard let (time, call) = pending.popFirst() else { return }
    if first == nil { first = time }
    if time < last { skipped.late += 1 }
    last = max(last, time)
    calls += 1
    replay.offer(call, at: time)
  }

  /// Terminations of calls that the gateway refused at a step before ``PlanStep/quota``, so that no limit counted them.
  private static let refusedBefore = Set(
    PlanStep.allCases.filter { $0 < .quota }.map { Termination(refusedAt: $0).text.description })

  /// Terminations of calls that ended while they waited for a limit, or that a limit refused. Earlier versions wrote
  /// `limit/queue` for a refusal.
  private static let neverStarted: Set = [
    Termination(refusedAt: .quota).text.description,
    Termination(.caller, .queue).text.description, "limit/queue",
  ]

  /// How long the call was in progress; nil if it never was.
  private static func hold(_ record: TrafficRecord) -> Int64? {
    neverStarted.contains(record.termination) ? nil : record.duration - record.queueWait
  }

  private mutating func makeRows(
    _ replay: borrowing LimitReplay, _ settings: Settings, _ limits: LimiterSettings
  ) {
    for (index, outcome) in replay.outcomes.enumerated() where outcome.calls > 0 {
      rows.append(
        Row(
          caller: settings.callers.isEmpty ? "anonymous" : settings.callers[index].name,
          calls: outcome.calls, startedAtOnce: outcome.startedAtOnce, waited: outcome.waited,
          refused: outcome.refused, meanWait: outcome.waits.mean,
          wait95: outcome.waits.quantile(percent: 95), longestWait: outcome.waits.longest))
    }
    for (rule, counters) in zip(limits.rules, replay.counters) {
      limitRows.append(
        LimitRow(
          limit: rule.name, admitted: counters.admitted, queued: counters.queued,
          refused: counters.refused, wouldQueue: counters.shadowed))
    }
  }

  /// Maps the names in the record to the configuration's numbers.
  private struct CallNames {
    private var apps: [String: Int] = [:]
    private var callers: [String: Int] = [:]
    private var operations: [String: UInt8] = [:]
    private let isBatch: [Bool]

    init(_ settings: Settings) {
      for (index, app) in settings.apps.enumerated() { apps[app.name] = index }
      for (index, caller) in settings.callers.enumerated() { callers[caller.name] = index }
      for operation in OperationTable.all {
        operations[operation.name.description] = operation.index
      }
      isBatch = settings.callers.map { $0.priority == .batch }
    }

    func request(_ record: TrafficRecord, app name: String) -> LimitedRequest? {
      guard let app = apps[name] else { return nil }
      let caller: Int
      if callers.isEmpty {
        caller = 0
      } else {
        guard let index = record.caller.flatMap({ callers[$0] }) else { return nil }
        caller = index
      }
      let operation =
        record.operation.flatMap { operations[$0] } ?? LimitedOperations.firstUnknown
      return LimitedRequest(
        app: app, caller: caller, operation: operation, isWrite: !record.isRead,
        priority: !isBatch.isEmpty && isBatch[caller] ? .batch : .interactive)
    }
  }
}
