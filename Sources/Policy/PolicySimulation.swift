package import Configuration
internal import JSONText
internal import SCORMCloudAPI
package import System

/// The recorded calls under the rules of a configuration: which ones it would refuse, and why.
///
/// Callers are identified by the names in the record. Limits and tokens are not considered.
package struct PolicySimulation: Sendable {
  /// Calls of a kind that passed and would be refused.
  struct Row: Sendable {
    let caller: String
    let operation: String
    let app: String
    let calls: CallTally.Count
    /// Those among them that SCORM Cloud answered with 2xx or 3xx.
    let succeeded: Int
    let reason: String
  }

  /// Sorted by the number of calls, the highest first.
  private(set) var rows: [Row] = []
  /// Number of calls that passed and would pass.
  private(set) var passing = 0
  /// Number of calls that passed and would be refused.
  private(set) var refused = 0
  /// Number of calls that were refused and would pass.
  private(set) var allowed = 0
  /// Number of calls that were refused and would be refused again.
  private(set) var refusedStill = 0
  private let tally: CallTally

  /// Whether calls would be refused that were not.
  package var refusesSomebody: Bool { !rows.isEmpty }

  package init(_ tally: CallTally, under settings: Settings) throws(PolicyProblem) {
    self.tally = tally
    let probe = try RuleProbe(settings)
    for (kind, outcomes) in tally.kinds {
      var passed = outcomes.succeeded
      passed.add(outcomes.failed)
      let refusedThen = outcomes.refused.calls + outcomes.sensitive.calls
      guard let reason = probe.refusal(kind) else {
        passing += passed.calls
        allowed += refusedThen
        continue
      }
      refused += passed.calls
      refusedStill += refusedThen
      guard passed.calls > 0 else { continue }
      rows.append(
        Row(
          caller: kind.caller ?? "-", operation: kind.operationName, app: kind.app, calls: passed,
          succeeded: outcomes.succeeded.calls, reason: reason))
    }
    rows.sort {
      ($1.calls.calls, $0.caller, $0.operation, $0.app)
        < ($0.calls.calls, $1.caller, $1.operation, $1.app)
    }
  }

  /// The text for people.
  package func table(in room: TextTable.Room) -> String {
    guard tally.first != nil else { return "No calls are recorded.\n" }
    var text =
      TextTable.wrapped(
        "\(tally.calls) calls, \(PolicySuggestion.instant(max(tally.since, tally.first ?? 0))) to "
          + "\(PolicySuggestion.instant(tally.last)): \(refused) that passed would be refused, "
          + "\(passing) would pass again.", in: room) + "\n"
    if allowed + refusedStill > 0 {
      text +=
        TextTable.wrapped(
          "Of those refused then, \(allowed) would pass and \(refusedStill) would not.", in: room)
        + "\n"
    }
    guard !rows.isEmpty else { return text }
    var table = TextTable([
      .init("CALLER", least: 8), .init("OPERATION", least: 12), .init("APP", least: 4, rank: 2),
      .init("CALLS", isRight: true), .init("SUCCEEDED", isRight: true, rank: 1),
      .init("LAST", rank: 3), .init("WHY", least: 24, wraps: true),
    ])
    for row in rows {
      table.append([
        row.caller, row.operation, row.app, "\(row.calls.calls)", "\(row.succeeded)",
        PolicySuggestion.instant(row.calls.last), row.reason,
      ])
    }
    return text + "\n" + table.text(in: room)
  }

  /// The text for scripts.
  package var json: String {
    JSONWriter.line { json in
      json.member("since", PolicySuggestion.instant(max(tally.since, tally.first ?? 0)))
      json.member("until", PolicySuggestion.instant(tally.last))
      json.member("calls", tally.calls)
      json.member("passing", passing)
      json.member("refused", refused)
      json.member("allowed", allowed)
      json.member("refusedStill", refusedStill)
      json.array("rows") { json in
        for row in rows {
          json.object { json in
            json.member("caller", row.caller)
            json.member("operation", row.operation)
            json.member("app", row.app)
            json.member("calls", row.calls.calls)
            json.member("succeeded", row.succeeded)
            json.member("last", PolicySuggestion.instant(row.calls.last))
            json.member("reason", row.reason)
          }
        }
      }
    }
  }
}
