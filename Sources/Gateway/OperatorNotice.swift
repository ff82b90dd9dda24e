internal import System
internal import TextCoding

/// What a gateway that serves tells its operator, on standard error.
package struct OperatorNotice: Sendable, Equatable {
  /// How much it matters.
  package enum Level: String, Sendable {
    /// It goes as it should.
    case info
    /// The gateway goes on; somebody should look.
    case warning
    /// What was asked for was not done: a start, a reload.
    case error
  }

  package let level: Level
  /// One line or more; never a secret.
  package let text: String

  package static func info(_ text: String) -> OperatorNotice {
    OperatorNotice(level: .info, text: text)
  }

  package static func warning(_ text: String) -> OperatorNotice {
    OperatorNotice(level: .warning, text: text)
  }

  package static func error(_ text: String) -> OperatorNotice {
    OperatorNotice(level: .error, text: text)
  }

  /// As it is written, without the last line feed: each line begins with the time in UTC (RFC 3339, milliseconds)
  /// and the level, so that each can be understood alone.
  ///
  /// - Parameter time: nanoseconds since 1970.
  package func lines(at time: Int64) -> String {
    let prefix = "\(OperatorNotice.stamp(time)) \(level.rawValue) "
    return text.split(separator: "\n", omittingEmptySubsequences: true)
      .map { prefix + $0 }.joined(separator: "\n")
  }

  /// Writes it to standard error, in one call.
  package func write() { StandardError.write(line: lines(at: TimeSource.system.wall)) }

  private static func stamp(_ nanoseconds: Int64) -> String {
    let milliseconds = max(0, nanoseconds) / 1_000_000
    let fraction = String(1_000 + milliseconds % 1_000).dropFirst()
    return CalendarTime(secondsSince1970: Int(milliseconds / 1_000)).stamp + ".\(fraction)Z"
  }
}
