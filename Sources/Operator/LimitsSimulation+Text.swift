internal import JSONText
internal import TextCoding

extension LimitsSimulation {
  /// For people.
  package var table: String {
    guard let first else { return "No call was replayed.\n" + skippedText }
    let seconds = (last - first) / 1_000_000_000
    var text =
      "\(calls) calls of \(seconds) s, from \(LimitsSimulation.instant(first)).\n\(skippedText)\n"
    text += Columns.text(
      [["CALLER", "CALLS", "AT ONCE", "WAITED", "REFUSED", "MEAN WAIT", "95 %", "LONGEST"]]
        + rows.map { row in
          [
            row.caller, "\(row.calls)", "\(row.startedAtOnce)", "\(row.waited)", "\(row.refused)",
            "\(Seconds.text(row.meanWait)) s", "\(Seconds.text(row.wait95)) s",
            "\(Seconds.text(row.longestWait)) s",
          ]
        })
    guard !limitRows.isEmpty else { return text + "\nThere are no limits.\n" }
    return text + "\n"
      + Columns.text(
        [["LIMIT", "ADMITTED", "QUEUED", "REFUSED", "WOULD QUEUE"]]
          + limitRows.map { row in
            [
              row.limit, "\(row.admitted)", "\(row.queued)", "\(row.refused)", "\(row.wouldQueue)",
            ]
          })
  }

  private var skippedText: String {
    let reasons = [
      (skipped.malformed, "malformed"), (skipped.refusedBefore, "refused before limits"),
      (skipped.unknown, "of apps or callers that are not configured"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    var text = ""
    if !reasons.isEmpty { text += "Lines left out: \(reasons.joined(separator: ", ")).\n" }
    if skipped.late > 0 { text += "Lines far out of order, taken late: \(skipped.late).\n" }
    return text
  }

  /// For scripts. Times in seconds.
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

  /// `2026-11-24T07:01:33Z`.
  private static func instant(_ nanoseconds: Int64) -> String {
    CalendarTime(secondsSince1970: Int(max(0, nanoseconds) / 1_000_000_000)).stamp + "Z"
  }
}
