/// Decides when lost lines are reported to the operator: at once, then once a minute while more are lost, and when
/// writing works again. Time comes as an argument.
struct LossReport {
  /// Least time between two reports of losses, in nanoseconds.
  static let interval: Int64 = 60_000_000_000

  private var saidTotal = 0
  private var lastComplaint: Int64?
  /// Whether the last report was of a failure, and no report that writing works again has followed.
  private var isComplaining = false

  /// - Parameters:
  ///   - lost: lines lost so far.
  ///   - failure: why writing fails at the moment; nil if it works.
  ///   - now: monotonic nanoseconds.
  /// - Returns: the report to make now, or nil.
  mutating func line(
    lost: Int, failure: String?, log: String, at now: Int64
  ) -> String? {
    if failure == nil, isComplaining {
      isComplaining = false
      saidTotal = lost
      return "the traffic log \(log) is written again; \(lost) lines of it are lost so far"
    }
    guard lost > saidTotal else { return nil }
    if let lastComplaint, now - lastComplaint < LossReport.interval { return nil }
    lastComplaint = now
    saidTotal = lost
    // A loss to a full queue needs no second report that it is over.
    isComplaining = failure != nil
    let reason =
      failure.map { "cannot be written: \($0)" } ?? "is written more slowly than calls end"
    return "\(lost) lines of the traffic log are lost so far: \(log) \(reason)"
  }

  /// Whether losses are not reported yet because of the interval.
  func isBehind(lost: Int) -> Bool { lost > saidTotal }
}
