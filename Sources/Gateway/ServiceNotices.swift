internal import EventLoop
internal import GatewayServer
internal import Synchronization
internal import System
internal import Telemetry

/// Reports the state of this process to the service manager that started it, if there is one.
package struct ServiceNotices: Sendable {
  private let manager: ServiceManager?

  /// - Parameter address: `NOTIFY_SOCKET`. If it is nil or cannot be used, nothing is reported.
  package init(address: String?) { manager = address.flatMap { ServiceManager(address: $0) } }

  package var isListenedTo: Bool { manager != nil }

  package func tell(_ notice: ServiceNotice) { manager?.notify(notice.text) }
}

extension GatewayProcess {
  /// What the gateway serves, as one line.
  package var servingStatus: String {
    let callers = addresses.map { "\($0)" }.joined(separator: ", ")
    return "serving callers on \(callers)" + (adminAddress.map { "; admin pages on \($0)" } ?? "")
  }

  /// How often each event loop has waited for events, and how many loops have ended.
  package var loopTurns: (turns: [UInt64], ended: Int) {
    (relays.figures.map(\.turns), relays.loopsEnded.load(ordering: .relaxed))
  }

  /// Makes each event loop wait for events once more.
  package func wakeLoops() { for mailbox in relays.mailboxes { mailbox.waker.wake() } }
}
