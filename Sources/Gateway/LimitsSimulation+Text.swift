internal import Histograms
internal import JSONText
internal import LocalServer
internal import Memory
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

/// Nanoseconds as seconds with three digits behind the point.
enum Seconds {
  static func text(_ nanoseconds: Int64) -> String {
    let milliseconds = (max(0, nanoseconds) + 500_000) / 1_000_000
    let digits = String(milliseconds % 1000)
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }

  /// A histogram of nanoseconds, each line begun by a line feed. `label` is one, as it stands between braces.
  static func histogram(_ name: String, _ label: String, _ waits: BucketCounts) -> String {
    var lines = ""
    var sum: UInt64 = 0
    for (place, count) in waits.counts.enumerated() {
      sum += count
      let bounds = waits.buckets.bounds
      let bound = place < bounds.count ? text(bounds[place]) : "+Inf"
      lines += "\n\(name)_bucket{\(label),le=\"\(bound)\"} \(sum)"
    }
    let total = text(Int64(clamping: waits.sum))
    return lines + "\n\(name)_sum{\(label)} \(total)\n\(name)_count{\(label)} \(sum)"
  }
}

/// Rows for people.
enum Columns {
  /// Each column as wide as its widest cell; every row ends with a line feed.
  static func text(_ rows: [[String]]) -> String {
    guard let columns = rows.first?.indices else { return "" }
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      row.indices.map { column in
        column == row.count - 1
          ? row[column]
          : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }.joined(separator: "  ")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
