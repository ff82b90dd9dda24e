internal import HTTPMessages
internal import System

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
    let time = CalendarTime(secondsSince1970: Int(max(0, nanoseconds) / 1_000_000_000))
    func digits(_ number: Int, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(digits(time.year, 4))-\(digits(time.month, 2))-\(digits(time.day, 2))"
      + "T\(digits(time.hour, 2)):\(digits(time.minute, 2)):\(digits(time.second, 2))"
      + ".\(digits(Int(max(0, nanoseconds) / 1_000_000 % 1_000), 3))Z"
  }
}
