/// A message to a service manager, in the form of sd_notify(3).
package enum ServiceNotice: Sendable, Equatable {
  /// The start, or a reload, is finished; `process` is the main process.
  case ready(process: Int32, status: String)
  /// A reload begins, at this time in nanoseconds of the monotonic clock.
  case reloading(at: Int64)
  case stopping
  /// A line of text for people.
  case status(String)
  /// The process is alive.
  case watchdog
  /// Another process is the main one from now on.
  case successor(process: Int32)

  /// Longer statuses are cut, because they are shown in one line of a listing.
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

  /// A status must be one line: after a line feed, the rest would be read as another assignment.
  private static func line(_ text: String) -> String {
    String(text.map { $0.isNewline ? " " : $0 }.prefix(longestStatus))
  }
}
