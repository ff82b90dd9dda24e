/// Decides when to notify the operator about an export: when a collector rejects data, when it accepts data again, and
/// when calls end faster than it accepts them. The time is passed as an argument.
struct ExportReport {
  /// The shortest time between two warnings, in nanoseconds.
  static let interval: Int64 = 60_000_000_000

  /// What is exported, for messages, such as `log records`.
  private let things: String
  /// The collector, for messages.
  private let place: String
  private var saidTotal = 0
  private var lastComplaint: Int64?
  /// A warning was reported, and no recovery since.
  private var isComplaining = false

  init(_ things: String, to place: String) {
    self.things = things
    self.place = place
  }

  /// - Parameters:
  ///   - lost: calls whose telemetry was lost so far.
  ///   - failure: why the collector did not accept the last request; nil if it did.
  ///   - now: monotonic nanoseconds.
  /// - Returns: the message to report now, if any.
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
