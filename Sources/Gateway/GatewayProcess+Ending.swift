internal import Configuration
internal import EventLoop
internal import GatewayServer
internal import LocalServer
internal import Synchronization

/// The end of a gateway, step by step.
extension GatewayProcess {
  /// Seconds for requests at the admin address that are under way when it is given up.
  static let adminPatience = 2.0

  /// Nanoseconds between ``announceEnd()`` and ``beginDraining()``, as configured.
  package var drainDelay: Int64 { settings.drainDelay.nanoseconds }

  /// Readiness turns false; callers are served as before. A successor may take the names of Unix sockets over.
  package func announceEnd() {
    readiness.beginDraining()
    for listener in relays.current.listeners { listener?.markLeaving() }
    adminFile?.markLeaving()
  }

  /// Readiness turns false, then nothing more is accepted, and what is under way is finished, within the
  /// drain timeout. ``hasEnded`` tells when. The admin address is free for a successor from now on.
  package func beginDraining() {
    readiness.beginDraining()
    for mailbox in relays.mailboxes { mailbox.post(.drain) }
    adminCopy?.letGo()
    admin?.leave(within: GatewayProcess.adminPatience)
  }
}
