internal import JSONText
package import System
internal import TextCoding

extension LimitsSimulation {
  /// The results as tables, for people.
  package func table(in room: TextTable.Room) -> String {
    guard let first else { return "No call was replayed.\n" + skippedText }
    var callers = TextTable([
      .init("CALLER", least: 8), .init("CALLS", isRight: true),
      .init("AT ONCE", isRight: true, rank: 2), .init("WAITED", isRight: true),
      .init("REFUSED", isRight: true), .init("MEAN WAIT", isRight: true, rank: 1),
      .init("95 %", isRight: true), .init("LONGEST", isRight: true),
    ])
    for row in rows {
      callers.append([
        row.caller, "\(row.calls)", "\(row.startedAtOnce)", "\(row.waited)", "\(row.refused)",
        DurationText.text(nanoseconds: row.meanWait), DurationText.text(nanoseconds: row.wait95),
        DurationText.text(nanoseconds: row.longestWait),
      ])
    }
    let text =
      "\(calls) calls of \(DurationText.text(nanoseconds: last - first)), "
      + "from \(LimitsSimulation.instant(first)).\n\(skippedText)\n\(callers.text(in: room))\n"
    guard !limitRows.isEmpty else { return text + "No limits are configured.\n" }
    var limits = TextTable([
      .init("LIMIT", least: 12), .init("ADMITTED", isRight: true), .init("QUEUED", isRight: true),
      .init("REFUSED", isRight: true), .init("WOULD QUEUE", isRight: true),
    ])
    for row in limitRows {
      limits.append([
        row.limit, "\(row.admitted)", "\(row.queued)", "\(row.refused)", "\(row.wouldQueue)",
      ])
    }
    return text + limits.text(in: room)
  }

  private var skippedText: String {
    let reasons = [
      (skipped.malformed, "malformed"), (skipped.refusedBefore, "refused before limits"),
      (skipped.unknown, "of apps or callers that are not configured"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    var text = ""
    if !reasons.isEmpty { text += "Lines left out: \(reasons.joined(separator: ", ")).\n" }
    if skipped.late > 0 { text += "Lines far out of order, replayed late: \(skipped.late).\n" }
    return text
  }

  /// The results as JSON, for scripts. Times are in seconds.
  package var json: String {
    let callers = rows.map { row in
      "{\"caller\":\(row.caller.quotedAsJSON),\"calls\":\(row.calls),"
        + "\"startedAtOnce\":\(row.startedAtOnce),\"waited\":\(row.waited),"
        + "\"refused\":\(row.refused),\"meanWait\":\(Seconds.text(row.meanWait)),"
        + "\"wait95\":\(Seconds.text(row.wait95)),"
        + "\"longestWait\":\(Seconds.text(row.longestWait))}"
    }
    let limits = limitRows.map { row in
      "{\"limit\":\(row.limit.quotedAsJSON),\"admitted\":\(row.admitted),"
        + "\"queued\":\(row.queued),\"refused\":\(row.refused),"
        + "\"wouldQueue\":\(row.wouldQueue)}"
    }
    let range = first.map { first in
      "\"from\":\"\(LimitsSimulation.instant(first))\",\"to\":\"\(LimitsSimulation.instant(last))\","
    }
    return "{\"calls\":\(calls),\(range ?? "")"
      + "\"skipped\":{\"malformed\":\(skipped.malformed),"
      + "\"refusedBefore\":\(skipped.refusedBefore),\"unknown\":\(skipped.unknown)},"
      + "\"late\":\(skipped.late),\"callers\":[\(callers.joined(separator: ","))],"
      + "\"limits\":[\(limits.joined(separator: ","))]}\n"
  }

  /// The time as `2026-11-24T07:01:33Z`.
  private static func instant(_ nanoseconds: Int64) -> String {
    CalendarTime(secondsSince1970: Int(max(0, nanoseconds) / 1_000_000_000)).stamp + "Z"
  }
}
