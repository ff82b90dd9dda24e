internal import EventLoop
package import Fleet
package import RateLimiting
internal import Synchronization
package import System

/// Why there can be no service with these settings.
package enum FleetProblem: Error, Equatable, Sendable {
  /// The system refused descriptors or a thread.
  case system(String)
  /// The authorities to trust cannot be read.
  case trust(String)
}

/// Callbacks to the service's owner. Called on the service's thread, which waits until they return.
package struct FleetEvents: Sendable {
  /// Called with what must be reported to the operator.
  package var report: @Sendable (FleetReport) -> Void
  /// Called with the modes that apply at all gateways.
  package var modesChanged: @Sendable ([SharedMode]) -> Void
  /// Called with the answer to a lookup of a token, by its ticket.
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

/// Shares limits, pauses, modes and tokens with other gateways through a store, on a separate thread.
///
/// Nothing waits for it: it sets this gateway's part of each shared limit, and the limiter applies that. It gets
/// everything that it must know from the limiter, a few times per second, or when the limiter has news.
package final class FleetService: Sendable {
  /// The longest time for which ``stop()`` waits for the thread, in milliseconds.
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
  /// - Parameter modes: The modes of the same fleet that are already known.
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

  /// Checks whether there can be a service with these settings, as far as that is known beforehand.
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

  /// The current status.
  package var status: FleetStatus { board.status }

  /// Uses other limits from now on, with the same store. May be called on any thread.
  package func adopt(_ settings: FleetSettings) { mailbox.post(.adopt(settings)) }

  /// Ends the pauses of an app for all gateways, because an operator has ended them.
  package func resume(app: Int) { mailbox.post(.resume(app: app)) }

  /// Sets a mode for all gateways, or removes one. May be called on any thread; does not wait.
  package func carryOut(_ order: FleetModeOrder) { mailbox.post(.mode(order)) }

  /// Takes over the modes known to the process from which this one takes over. May be called on any thread.
  package func knows(_ modes: ModeList) { mailbox.post(.knows(modes)) }

  /// Sends a request about a token. May be called on any thread; does not wait.
  package func carryOut(_ question: SharedTokenQuestion) { mailbox.post(.token(question)) }

  /// Waits until the modes of the fleet are known here, or the store was found to be unreachable. Blocks its thread;
  /// for a process that starts.
  package func waitForModes(milliseconds: Int32) {
    modesAreKnown.wait(milliseconds: milliseconds)
  }

  /// Gives the leases back and ends the thread.
  ///
  /// - Returns: False if the thread did not end within ``stopBound``.
  @discardableResult
  package func stop() -> Bool {
    limiter.onNews(nil)
    mailbox.post(.stop)
    return thread.join(within: Self.stopBound)
  }
}
