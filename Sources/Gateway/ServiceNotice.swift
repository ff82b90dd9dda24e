/// What a service manager is told, in the form of sd_notify(3).
package enum ServiceNotice: Sendable, Equatable {
  /// The start, or a reload, is over; `process` is the main one.
  case ready(process: Int32, status: String)
  /// A reload begins, at so many nanoseconds of the monotonic clock.
  case reloading(at: Int64)
  case stopping
  /// One line for people.
  case status(String)
  /// The process lives.
  case watchdog
  /// Another process is the main one from now on.
  case successor(process: Int32)

  /// Longer ones are cut: it is a line in a listing.
  static let longestStatus = 300

  package var text: String {
    switch self {
    case .ready(let process, let status):
      "READY=1\nMAINPID=\(process)\nSTATUS=\(ServiceNotice.line(status))\n"
    case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time / 1000)\n"
    case .stopping: "STOPPING=1\nSTATUS=finishing calls in progress\n"
    case .status(let status): "STATUS=\(ServiceNotice.line(status))\n"
    case .watchdog: "WATCHDOG=1\n"
    case .successor(let process): "MAINPID=\(process)\n"
    }
  }

  /// A status is one line: a line feed in it would begin another assignment.
  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 }.prefix(longestStatus))
  }
}
