internal import AccessTokens
internal import Admin
internal import Configuration
internal import EventLoop
internal import Forwarding
internal import GatewayServer
internal import LocalServer
internal import Memory
internal import RateLimiting
internal import Rules
internal import Synchronization
internal import System
internal import TokenFetching
internal import TrafficLog

/// What a gateway gives to a successor, and takes from a predecessor.
extension GatewayProcess {
  // MARK: The old one

  /// Has the event loops begin nothing more. ``areHeld(_:)`` tells when they do.
  func hold(_ round: UInt64) {
    for mailbox in relays.mailboxes { mailbox.post(.hold(round: round)) }
  }

  func areHeld(_ round: UInt64) -> Bool { relays.holds.areHeld(round) }

  /// Serves again, after ``hold(_:)``.
  func resume() { for mailbox in relays.mailboxes { mailbox.post(.resume) } }

  /// The successor is the gateway from now on. What is under way is finished, and callers go over.
  func give(to successor: SuccessorLink) {
    readiness.beginDraining()
    for listener in relays.current.listeners { listener?.disown() }
    for mailbox in relays.mailboxes { mailbox.post(.leave(successor)) }
    admin?.give(within: GatewayProcess.adminPatience)
    adminCopy?.letGo()
  }

  /// Writes what waits for the journal, and gives its file up.
  func giveJournal(to successor: SuccessorLink) { journal?.giveUp(to: successor.lines) }

  /// The listeners of `settings` that are open already, here or by inheritance: they need not be possible anew.
  func openSeats(_ settings: Settings) -> Set<SocketSeats.Seat> {
    let roster = inForce.withLock { $0.roster }
    let open = Set(roster.settings.listeners.map(\.address))
    var seats: Set<SocketSeats.Seat> = []
    for (index, listener) in settings.listeners.enumerated() where open.contains(listener.address) {
      seats.insert(.listener(index))
    }
    if let admin = settings.admin, admin.address == roster.settings.admin?.address {
      seats.insert(.admin)
    }
    return seats
  }

  // MARK: The new one

  /// Whether callers can be served, but for draining.
  package var isReady: Bool { readiness.isReady }

  /// Why they cannot, for the operator.
  package var obstacles: String {
    readiness.checks.filter { $0.isRequired && !$0.isReady }.map { "\($0.name): \($0.detail)" }
      .joined(separator: "; ")
  }

  /// Serves, after a start that waited for its predecessor.
  package func serve() {
    resume()
    admin?.accept()
  }
}
