internal import Histograms
internal import JSONText
internal import Memory

/// A summary for people and for scripts.
extension TrafficSummary {
  /// Columns, and a chart of calls over time under them.
  package var table: String {
    guard all.figures.calls > 0 else { return "There are no such calls.\n" }
    var rows = [
      [
        "CALLER", "OPERATION", "CALLS", "REFUSED", "FAILED", "P50", "P95", "P99", "SENT",
        "RECEIVED",
        "WAITED",
      ]
    ]
    for group in groups { rows.append(TrafficSummary.row(group)) }
    if groups.count > 1 {
      var total = TrafficSummary.row(all)
      total[0] = "all"
      total[1] = "all"
      rows.append(total)
    }
    var text = TrafficTable.text(rows, right: [2, 3, 4, 5, 6, 7, 8, 9, 10])
    text += "\n" + chart("calls ", calls) + (all.figures.failed > 0 ? chart("failed", failed) : "")
    let seconds = Double(end - start) / 1_000_000 / Double(TrafficSummary.bars)
    text += "       \(TrafficTable.day(start)) to \(TrafficTable.day(end)) UTC, "
    text += "\(TrafficTable.seconds(Int64(seconds * 1_000_000))) a column\n"
    if !isComplete { text += "The time was up: only the newest calls are counted.\n" }
    return text
  }

  private static func row(_ group: Group) -> [String] {
    [
      group.caller ?? "-", group.operation ?? "-", String(group.figures.calls),
      String(group.figures.refused),
      String(group.figures.failed),
      TrafficTable.seconds(group.figures.durations.percentile(0.5)),
      TrafficTable.seconds(group.figures.durations.percentile(0.95)),
      TrafficTable.seconds(group.figures.durations.percentile(0.99)),
      TrafficTable.bytes(group.figures.sent),
      TrafficTable.bytes(group.figures.received), TrafficTable.seconds(group.figures.waited),
    ]
  }

  /// One line of eight heights; the tallest stands for the most in a column.
  private func chart(_ name: String, _ counts: [Int]) -> String {
    let most = max(1, counts.max() ?? 0)
    let heights: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    let line = counts.map { count -> Character in
      count == 0 ? " " : heights[min(7, (count * 8 - 1) / most)]
    }
    return "\(name) \(String(line)) \(most)\n"
  }

  /// For scripts. Times in seconds.
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
