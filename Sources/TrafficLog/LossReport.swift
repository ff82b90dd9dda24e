/// Says when an operator is told of lost lines: at once, then once a minute while more are lost, and when
/// writing works again. Time comes as an argument.
struct LossReport {
  /// Between two complaints, in nanoseconds.
  static let interval: Int64 = 60_000_000_000

  private var saidTotal = 0
  private var lastComplaint: Int64?
  /// The last complaint has not been followed by the news that writing works.
  private var isComplaining = false

  /// - Parameters:
  ///   - lost: lines lost so far.
  ///   - failure: why writing does not work at the moment; nil when it does.
  ///   - now: monotonic nanoseconds.
  /// - Returns: what to say now, if anything.
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
    // What was lost to a full queue is over as soon as it is told.
    isComplaining = failure != nil
    let reason =
      failure.map { "cannot be written: \($0)" } ?? "is written more slowly than calls end"
    return "\(lost) lines of the traffic log are lost so far: \(log) \(reason)"
  }

  /// Whether there is something that the interval keeps from being said.
  func isBehind(lost: Int) -> Bool { lost > saidTotal }
}
