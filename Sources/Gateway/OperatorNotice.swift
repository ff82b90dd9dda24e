internal import System
internal import TextCoding

/// A message of a serving gateway to its operator, on standard error.
package struct OperatorNotice: Sendable, Equatable {
  /// How much it matters.
  package enum Level: String, Sendable {
    /// Everything is as expected.
    case info
    /// The gateway continues, but an operator should look.
    case warning
    /// A request such as a start or a reload was not carried out.
    case error
  }

  package let level: Level
  /// One or more lines, never with a secret.
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

  /// The text as it is written, without the last line feed. Each line begins with the time in UTC (RFC 3339,
  /// milliseconds) and the level, so that it can be understood alone.
  ///
  /// - Parameter time: nanoseconds since 1970.
  package func lines(at time: Int64) -> String {
    let prefix = "\(OperatorNotice.stamp(time)) \(level.rawValue) "
    return text.split(separator: "\n", omittingEmptySubsequences: true)
      .map { prefix + $0 }.joined(separator: "\n")
  }

  /// Writes the message to standard error, in one call.
  package func write() { StandardError.write(line: lines(at: TimeSource.system.wall)) }

  private static func stamp(_ nanoseconds: Int64) -> String {
    let milliseconds = max(0, nanoseconds) / 1_000_000
    let fraction = String(1_000 + milliseconds % 1_000).dropFirst()
    return CalendarTime(secondsSince1970: Int(milliseconds / 1_000)).stamp + ".\(fraction)Z"
  }
}
