/// Says when the operator is told how an export does: when a collector does not take what it is sent, when it does
/// again, and when more comes than it takes. Time comes as an argument.
struct ExportReport {
  /// Between two complaints, in nanoseconds.
  static let interval: Int64 = 60_000_000_000

  /// `log records`.
  private let things: String
  /// Where they go.
  private let place: String
  private var saidTotal = 0
  private var lastComplaint: Int64?
  /// The last complaint has not been followed by the news that they are taken.
  private var isComplaining = false

  init(_ things: String, to place: String) {
    self.things = things
    self.place = place
  }

  /// - Parameters:
  ///   - lost: calls whose telemetry was lost so far.
  ///   - failure: why the last request was not taken; nil when it was.
  ///   - now: monotonic nanoseconds.
  /// - Returns: what to say now, if anything.
  mutating func notice(lost: Int, failure: String?, at now: Int64) -> OperatorNotice? {
    if failure == nil, isComplaining {
      isComplaining = false
      saidTotal = lost
      return .info("\(things) are exported again; those of \(lost) calls are lost so far")
    }
    guard lost > saidTotal, !isComplaining else { return nil }
    if let lastComplaint, now - lastComplaint < ExportReport.interval { return nil }
    lastComplaint = now
    saidTotal = lost
    guard let failure else {
      return .warning(
        "\(things) of \(lost) calls are lost so far: calls end faster than \(place) takes them")
    }
    isComplaining = true
    return .warning(
      "\(things) are not exported: \(place): \(failure); those of \(lost) calls are lost so far")
  }
}
