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

/// What a gateway gives to a successor and takes from a predecessor.
extension GatewayProcess {
  // MARK: The old process

  /// Asks the event loops to start nothing new. ``areHeld(_:)`` says when they comply.
  func hold(_ round: UInt64) {
    for mailbox in relays.mailboxes { mailbox.post(.hold(round: round)) }
  }

  func areHeld(_ round: UInt64) -> Bool { relays.holds.areHeld(round) }

  /// Serves again, after ``hold(_:)``.
  func resume() { for mailbox in relays.mailboxes { mailbox.post(.resume) } }

  /// Makes the successor the gateway. Calls in progress are finished, and callers' connections are passed on.
  func give(to successor: SuccessorLink) {
    readiness.beginDraining()
    for listener in relays.current.listeners { listener?.disown() }
    for mailbox in relays.mailboxes { mailbox.post(.leave(successor)) }
    admin?.give(within: GatewayProcess.adminPatience)
    adminCopy?.letGo()
  }

  /// Writes the lines that wait for the journal, then releases its file.
  func giveJournal(to successor: SuccessorLink) { journal?.giveUp(to: successor.lines) }

  /// The listeners of `settings` that are already open, in this process or by inheritance. They need not be bound
  /// again.
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

  // MARK: The new process

  /// Whether the gateway can serve callers. Draining makes it false.
  package var isReady: Bool { readiness.isReady }

  /// Why callers cannot be served, worded for the operator.
  package var obstacles: String {
    readiness.checks.filter { $0.isRequired && !$0.isReady }.map { "\($0.name): \($0.detail)" }
      .joined(separator: "; ")
  }

  /// Starts to serve, in a process that has waited for its predecessor.
  package func serve() {
    resume()
    admin?.accept()
  }
}
