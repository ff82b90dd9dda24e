internal import EventLoop
package import Fleet
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

/// What the service tells its owner; called on its thread, which waits for the return.
package struct FleetEvents: Sendable {
  /// What an operator is to be told.
  package var report: @Sendable (FleetReport) -> Void
  /// These are the modes that hold at all gateways.
  package var modesChanged: @Sendable ([SharedMode]) -> Void
  /// The answer to a look for a token, by its ticket.
  package var tokenAnswer: @Sendable (UInt64, SharedTokenAnswer) -> Void

  package init(
    report: @escaping @Sendable (FleetReport) -> Void = { _ in },
    modesChanged: @escaping @Sendable ([SharedMode]) -> Void = { _ in },
    tokenAnswer: @escaping @Sendable (UInt64, SharedTokenAnswer) -> Void = { _, _ in }
  ) {
    self.report = report
    self.modesChanged = modesChanged
    self.tokenAnswer = tokenAnswer
  }
}

/// Shares limits, pauses, modes and tokens with other gateways through a store, on a thread of its own.
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
    case mode(FleetModeOrder)
    case knows(ModeList)
    case token(SharedTokenQuestion)
    case stop
  }

  private let mailbox: LoopMailbox<Message>
  private let thread: WorkerThread
  private let board = FleetBoard()
  private let limiter: SharedLimiter
  private let modesAreKnown: ThreadSignal

  /// Starts the thread.
  ///
  /// - Parameter modes: those that are known already, of the same fleet.
  package init(
    _ settings: FleetSettings, limiter: SharedLimiter, modes: ModeList = ModeList(),
    clock: TimeSource = .system, events: FleetEvents = FleetEvents()
  ) throws(FleetProblem) {
    self.limiter = limiter
    let tls = try FleetService.client(settings)
    do throws(SystemError) {
      mailbox = try LoopMailbox()
      let signal = try ThreadSignal()
      modesAreKnown = signal
      thread = try WorkerThread()
      let (mailbox, board) = (mailbox, board)
      let resolver = try FleetService.resolver(settings.place, clock: clock) {
        mailbox.post(.news)
      }
      let parts = FleetHandler.Parts(
        settings: settings, limiter: limiter, mailbox: mailbox, board: board, resolver: resolver,
        modes: modes, tls: tls, report: events.report, events: events,
        settled: { signal.notify() })
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

  /// Sets a mode for all gateways, or takes one back. From any thread; waits for nothing.
  package func carryOut(_ order: FleetModeOrder) { mailbox.post(.mode(order)) }

  /// These modes were known to whom this process takes over from. From any thread.
  package func knows(_ modes: ModeList) { mailbox.post(.knows(modes)) }

  /// Asks or tells something about a token. From any thread; waits for nothing.
  package func carryOut(_ question: SharedTokenQuestion) { mailbox.post(.token(question)) }

  /// Waits until the modes of the fleet are known here, or the store was found to be away. Blocks its thread; for one
  /// that starts.
  package func waitForModes(milliseconds: Int32) {
    modesAreKnown.wait(milliseconds: milliseconds)
  }

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
