internal import Configuration
internal import EventLoop
internal import GatewayServer
internal import LocalServer
internal import Synchronization

/// The shutdown of a gateway, step by step.
extension GatewayProcess {
  /// Seconds that admin requests in progress may take when the admin address is closed.
  static let adminPatience = 2.0

  /// Nanoseconds between ``announceEnd()`` and ``beginDraining()``, as configured.
  package var drainDelay: Int64 { settings.drainDelay.nanoseconds }

  /// Turns readiness false. Callers are still served. A successor may take over the names of Unix sockets.
  package func announceEnd() {
    readiness.beginDraining()
    for listener in relays.current.listeners { listener?.markLeaving() }
    adminFile?.markLeaving()
  }

  /// Turns readiness false, stops accepting connections, and finishes the calls in progress within the drain timeout.
  /// ``hasEnded`` says when that is done. A successor can bind the admin address from now on.
  package func beginDraining() {
    readiness.beginDraining()
    for mailbox in relays.mailboxes { mailbox.post(.drain) }
    adminCopy?.letGo()
    admin?.leave(within: GatewayProcess.adminPatience)
  }
}
