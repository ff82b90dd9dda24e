internal import Histograms
internal import JSONText
internal import Memory
package import System

/// A summary as text for people, and as JSON for scripts.
extension TrafficSummary {
  private static let columns: [TextTable.Column] = [
    .init("CALLER", least: 8), .init("OPERATION", least: 12), .init("CALLS", isRight: true),
    .init("REFUSED", isRight: true), .init("FAILED", isRight: true),
    .init("P50", isRight: true, rank: 2), .init("P95", isRight: true),
    .init("P99", isRight: true, rank: 1), .init("SENT", isRight: true, rank: 5),
    .init("RECEIVED", isRight: true, rank: 4), .init("WAITED", isRight: true, rank: 3),
  ]

  /// Explains two of the columns in the words that pages, metrics and documents use too.
  package static let meaning =
    "Refused: answered with 400 to 499. Failed: answered with 500 or above, or not at all."

  /// The columns, with a chart of calls over time below.
  package func table(in room: TextTable.Room) -> String {
    guard all.figures.calls > 0 else { return "No calls match.\n" }
    var table = TextTable(TrafficSummary.columns)
    for group in groups { table.append(TrafficSummary.row(group)) }
    if groups.count > 1 {
      var total = TrafficSummary.row(all)
      total[0] = "all"
      total[1] = "all"
      table.append(total)
    }
    let isNarrow = if case .columns(let width) = room { width < 80 } else { false }
    let bars = isNarrow ? TrafficSummary.bars / 2 : TrafficSummary.bars
    var text = table.text(in: room) + "\n" + chart("calls ", calls, bars)
    if all.figures.failed > 0 { text += chart("failed", failed, bars) }
    let times =
      "\(TrafficTable.day(start)) to \(TrafficTable.day(end)) UTC, "
      + "\(DurationText.text(microseconds: (end - start) / Int64(bars))) a column"
    text += "       " + TextTable.wrapped(times, in: room, indent: 7) + "\n"
    if all.figures.refused + all.figures.failed > 0 {
      text += TextTable.wrapped(TrafficSummary.meaning, in: room) + "\n"
    }
    if !isComplete { text += "The search timed out: only the newest calls are counted.\n" }
    return text
  }

  private static func row(_ group: Group) -> [String] {
    [
      group.caller ?? "-", group.operation ?? "-", String(group.figures.calls),
      String(group.figures.refused),
      String(group.figures.failed),
      DurationText.text(microseconds: group.figures.durations.percentile(0.5)),
      DurationText.text(microseconds: group.figures.durations.percentile(0.95)),
      DurationText.text(microseconds: group.figures.durations.percentile(0.99)),
      TrafficTable.bytes(group.figures.sent),
      TrafficTable.bytes(group.figures.received),
      DurationText.text(microseconds: group.figures.waited),
    ]
  }

  /// A chart of one line with eight heights. The tallest bar is the largest count.
  ///
  /// - Parameter bars: number of columns; each covers the same number of counts.
  private func chart(_ name: String, _ parts: [Int], _ bars: Int) -> String {
    let size = parts.count / bars
    let counts = stride(from: 0, to: parts.count, by: size).map {
      parts[$0..<$0 + size].reduce(0, +)
    }
    let most = max(1, counts.max() ?? 0)
    let heights: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    let line = counts.map { count -> Character in
      count == 0 ? " " : heights[min(7, (count * 8 - 1) / most)]
    }
    return "\(name) \(String(line)) \(most)\n"
  }

  /// The summary for scripts. Times are in seconds.
  package var json: String {
    let rows = groups.map { group -> String in
      "{" + TrafficSummary.names(group) + TrafficSummary.figures(group) + "}"
    }
    return "{\"since\":\(TrafficSummary.decimal(start)),\"until\":\(TrafficSummary.decimal(end)),"
      + "\"complete\":\(isComplete),\"all\":{\(TrafficSummary.figures(all))},\n\"groups\":[\n"
      + rows.joined(separator: ",\n") + "\n],\n\"calls\":[\(TrafficSummary.list(calls))],"
      + "\"failed\":[\(TrafficSummary.list(failed))]\(durationsOverTime)}\n"
  }

  private var durationsOverTime: String {
    guard !durations.isEmpty else { return "" }
    return [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)].map { name, part in
      let values = durations.map {
        $0.total == 0 ? "null" : TrafficSummary.decimal($0.percentile(part))
      }
      return ",\"\(name)\":[\(values.joined(separator: ","))]"
    }.joined()
  }

  private static func names(_ group: Group) -> String {
    (group.caller.map { "\"caller\":\($0.quotedAsJSON)," } ?? "")
      + (group.operation.map { "\"operation\":\($0.quotedAsJSON)," } ?? "")
  }

  private static func figures(_ group: Group) -> String {
    "\"calls\":\(group.figures.calls),\"refused\":\(group.figures.refused),\"failed\":\(group.figures.failed),"
      + "\"p50\":\(decimal(group.figures.durations.percentile(0.5))),"
      + "\"p95\":\(decimal(group.figures.durations.percentile(0.95))),"
      + "\"p99\":\(decimal(group.figures.durations.percentile(0.99))),"
      + "\"sent\":\(group.figures.sent),\"received\":\(group.figures.received),\"waited\":\(decimal(group.figures.waited))"
  }

  private static func list(_ counts: [Int]) -> String {
    counts.map(String.init).joined(separator: ",")
  }

  /// Microseconds as seconds.
  private static func decimal(_ microseconds: Int64) -> String {
    let digits = String(microseconds % 1_000_000)
    return "\(microseconds / 1_000_000).\(String(repeating: "0", count: 6 - digits.count))\(digits)"
  }
}
