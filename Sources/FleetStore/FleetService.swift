internal import EventLoop
internal import Fleet
package import RateLimiting
internal import Synchronization
package import System

/// Why there can be no service of these settings.
package enum FleetProblem: Error, Equatable, Sendable {
  /// No descriptors, no thread.
  case system(String)
  /// The authorities to trust cannot be read.
  case trust(String)
}

/// Shares limits and pauses with other gateways through a store, on a thread of its own.
///
/// Nothing waits for it: it sets what of each shared limit is this gateway's, and the limiter goes by that. What it knows
/// of the world it asks of the limiter, a few times a second, or when the limiter has news.
package final class FleetService: Sendable {
  /// Longest ``stop()`` waits for the thread, in milliseconds.
  package static let stopBound: Int32 = 2_000

  enum Message: Sendable {
    case news
    case adopt(FleetSettings)
    case resume(app: Int)
    case stop
  }

  private let mailbox: LoopMailbox<Message>
  private let thread: WorkerThread
  private let board = FleetBoard()
  private let limiter: SharedLimiter

  /// Starts the thread.
  ///
  /// - Parameter report: gets what an operator is to be told, on the thread.
  package init(
    _ settings: FleetSettings, limiter: SharedLimiter, clock: TimeSource = .system,
    report: @escaping @Sendable (FleetReport) -> Void
  ) throws(FleetProblem) {
    self.limiter = limiter
    let tls = try FleetService.client(settings)
    do throws(SystemError) {
      mailbox = try LoopMailbox()
      thread = try WorkerThread()
      let (mailbox, board) = (mailbox, board)
      let resolver = try FleetService.resolver(settings.place, clock: clock) {
        mailbox.post(.news)
      }
      let parts = FleetHandler.Parts(
        settings: settings, limiter: limiter, mailbox: mailbox, board: board, resolver: resolver,
        tls: tls, report: report)
      try thread.start("fleet") {
        guard var loop = try? EventLoop(waker: mailbox.waker, clock: clock) else { return }
        var handler = FleetHandler(parts, at: loop.now)
        loop.run(&handler)
        resolver.stop()
      }
    } catch {
      throw .system("\(error)")
    }
    let box = mailbox
    limiter.onNews { box.post(.news) }
  }

  private static func client(_ settings: FleetSettings) throws(FleetProblem) -> TLSClient? {
    guard case .tcp(let host, _, true) = settings.place else { return nil }
    do { return try TLSClient(host: host, caFile: settings.caFile) } catch {
      throw .trust(error.description)
    }
  }

  /// Whether there could be a service of these settings, as far as that can be known.
  package static func check(_ settings: FleetSettings) throws(FleetProblem) {
    _ = try client(settings)
  }

  private static func resolver(
    _ place: FleetSettings.Place, clock: TimeSource, _ resolved: @escaping @Sendable () -> Void
  ) throws(SystemError) -> NameResolver {
    switch place {
    case .tcp(let host, let port, _):
      return try NameResolver(host: host, port: port, clock: clock, resolved: resolved)
    case .unix(let path):
      return try NameResolver(addresses: SocketAddress(unixPath: path).map { [$0] } ?? [])
    }
  }

  /// How it fares.
  package var status: FleetStatus { board.status }

  /// Goes by other limits from now on; the store is the same. From any thread.
  package func adopt(_ settings: FleetSettings) { mailbox.post(.adopt(settings)) }

  /// An operator has ended the pauses of an app: for all gateways.
  package func resume(app: Int) { mailbox.post(.resume(app: app)) }

  /// Gives the leases back and ends the thread.
  ///
  /// - Returns: false when it did not end within ``stopBound``.
  @discardableResult
  package func stop() -> Bool {
    limiter.onNews(nil)
    mailbox.post(.stop)
    return thread.join(within: Self.stopBound)
  }
}
