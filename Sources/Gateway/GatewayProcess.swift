package import AccessTokens
package import Configuration
internal import EventLoop
internal import Forwarding
package import GatewayServer
internal import LocalServer
internal import RateLimiting
internal import Rules
internal import Synchronization
package import System
internal import Telemetry
internal import TokenFetching
package import TrafficJournal
internal import TrafficLog

/// Why a gateway does not start.
package struct StartError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// A running gateway. Its parts start in the order of their dependencies and stop in reverse.
package final class GatewayProcess: Sendable {
  /// The address of the admin pages; nil without them.
  package let adminAddress: SocketAddress?
  let relays: RelayShared
  let tokens: TokenService
  /// What the configuration in force was made from.
  let inForce: Mutex<InForce>
  let tell: @Sendable (OperatorNotice) -> Void
  let facts: ProcessFacts
  let readiness: Readiness
  let journal: OpenJournal?
  let fleet: FleetPart
  let adminRules: AdminRules
  let tlsFiles: TLSFiles
  /// Changes times and limits for which the configuration has no key.
  let times: @Sendable (inout RelaySettings) -> Void
  private let exporters: TelemetryExporters
  /// Where calls are recorded, or why they are not: a line for the operator.
  package let journalNews: OperatorNotice
  let admin: LocalService?
  /// A second descriptor of the admin address's socket, for a successor.
  let adminCopy: HeldDescriptor?
  /// The file of the admin address if it is a Unix socket.
  let adminFile: UnixSocketFile?
  /// Another process is taking over. Nothing else changes meanwhile.
  let isHandingOver = Atomic<Bool>(false)
  private let threads: [SystemThread]

  /// Starts all parts. If one cannot be started, none keeps running.
  ///
  /// - Parameters:
  ///   - threadCount: the number of event loops, at least 1.
  ///   - export: where spans and log records are exported to.
  ///   - journalPlace: where the journal is if the configuration names no file.
  ///   - inherited: sockets that the process was started with, for listeners that are not bound here.
  ///   - predecessor: the process that this one takes over from. Everything is prepared, and nothing is served before
  ///     ``serve()``.
  ///   - clock: the time source of all parts.
  ///   - times: changes times and limits for which the configuration has no key.
  ///   - reread: reads the configuration again for a reload at the admin address; nil if there is no file to read.
  ///   - tell: gets lines for the operator, on any thread.
  package init(
    _ settings: Settings, threadCount: Int, export: TelemetryExport = TelemetryExport(),
    journalPlace: JournalPlace = .none("no place was given"),
    inherited: InheritedSockets = .none, predecessor: Predecessor? = nil,
    clock: TimeSource = .system,
    times: @escaping @Sendable (inout RelaySettings) -> Void = { _ in },
    reread: Reread? = nil,
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(StartError) {
    self.tell = tell
    self.times = times
    let warn: @Sendable (String) -> Void = { tell(.warning($0)) }
    facts = ProcessFacts(settings, loadedAt: clock.wall)
    // 1. First what the system can refuse: ports and files.
    let tls = try TLSFiles.read(settings)
    let tlsFiles = TLSFiles(tls)
    self.tlsFiles = tlsFiles
    let listeners = try GatewayProcess.openListeners(settings, inherited)
    let adminSocket = try GatewayProcess.openAdmin(settings, inherited)
    switch adminSocket {
    case .some(let socket):
      adminFile = socket.file
      adminCopy = HeldDescriptor(socket)
    case .none:
      adminFile = nil
      adminCopy = nil
    }
    var started = StartedParts()
    let log = try GatewayProcess.openLog(settings.traffic, clock: clock, tell: warn)
    started.add { log?.stop() }
    let exporters = try TelemetryExporters(
      export, gateway: settings.traffic.gatewayName, clock: clock, tell: tell)
    self.exporters = exporters
    started.add { exporters.stop() }
    let (journal, journalNews) = try GatewayProcess.openJournal(
      settings.traffic, at: journalPlace, isSuccessor: predecessor != nil, clock: clock, tell: tell)
    self.journal = journal
    self.journalNews = journalNews
    started.add { journal?.stop() }

    // 2. Rules and tokens.
    let roster = Roster(settings)
    let compiled = try CompiledConfiguration(roster, loopCount: threadCount)
    let tokens: TokenService
    do {
      tokens = try TokenService(
        settings: compiled.tokens, slots: compiled.rules.slots, clock: clock)
    } catch { throw StartError(error.text) }
    if settings.upstream.scheme == .https, settings.upstream.caFile == nil,
      let problem = TLSTrust.environmentProblem
    {
      warn(problem)
    }
    self.tokens = tokens

    // 3. The loops' mailboxes exist before anything that wakes them.
    let mailboxes: [LoopMailbox<RelayMessage>]
    do throws(SystemError) {
      var made: [LoopMailbox<RelayMessage>] = []
      for _ in 0..<threadCount { made.append(try LoopMailbox()) }
      mailboxes = made
    } catch { throw StartError("out of descriptors: \(error)") }
    let resolver = try settings.resolver(mailboxes, clock: clock)
    started.add { resolver.stop() }
    let limiter: SharedLimiter
    do {
      limiter = try SharedLimiter(compiled.limits, wake: { mailboxes[$0].waker.wake() })
    } catch {
      throw StartError("limits: \(error)")
    }
    var relaySettings = try RelaySettings(roster, threadCount: threadCount)
    if export.traces != nil { relaySettings.sampler = export.sampler }
    relaySettings.memory = MemoryWatch(ProcessMemory.bounds())
    times(&relaySettings)
    let relays = RelayShared(
      compiled.generation(
        relaySettings, resolver: resolver, log: log, listeners: listeners, tls: tls, instead: nil),
      tokenStore: tokens.store, tokenService: tokens, mailboxes: mailboxes, limiter: limiter,
      journal: journal?.sink, spans: exporters.spans, logRecords: exporters.logs, clock: clock,
      // Standard error may be a pipe that nobody reads. A loop does not wait for it.
      tell: { if StandardError.isWritable { warn($0) } })
    self.relays = relays
    inForce = Mutex(InForce(roster: roster, slots: compiled.rules.slots))
    adminRules = AdminRules(settings.admin)
    let readiness = Readiness(relays, adminFile: adminFile, journal: journal?.writer)
    readiness.expect(compiled.rules.probes)
    self.readiness = readiness

    // 4. Threads: tokens, what is shared with other gateways, loops, admin.
    let fleet = FleetPart(relays, tokens, tell: tell)
    self.fleet = fleet
    fleet.modes.use(roster)
    fleet.use(roster)
    started.add { _ = fleet.stop() }
    predecessor?.handTokens(to: tokens, settings)
    let fetches = tokens.start(
      wake: mailboxes.map { mailbox in { mailbox.waker.wake() } },
      report: { report in
        readiness.note(report)
        if let line = report.line { warn(line) }
      }, ask: { fleet.ask($0) })
    guard fetches else { throw StartError("the system cannot start another thread") }
    started.add { tokens.stop() }
    tokens.prefetch(compiled.rules.probes.map(\.slot))
    tokens.prefetch(WarmScopes(roster).slots(of: compiled.rules.slots))
    // Tokens are fetched during this wait.
    fleet.waitForModes()
    let isHeld = predecessor != nil
    var running: [SystemThread] = []
    for number in 0..<threadCount {
      do throws(SystemError) {
        let thread = try SystemThread("loop-\(number)") {
          GatewayProcess.runLoop(number, relays, isHeld: isHeld, tell: tell)
        }
        running.append(thread)
        started.add {
          mailboxes[number].post(.stop)
          thread.join()
        }
      } catch { throw StartError("the system cannot start another thread: \(error)") }
    }
    threads = running
    let reloads = AdminReload()
    admin = try GatewayProcess.startAdmin(
      settings, on: adminSocket, accepts: !isHeld,
      AdminParts(
        readiness: readiness, relays: relays, tokens: tokens, journal: journal,
        exporters: exporters, facts: facts, rules: adminRules, tls: tlsFiles, reload: reloads,
        fleet: fleet))
    adminAddress = admin?.address
    started.stay()
    reloads.connect(self, reread)
  }

  private static func runLoop(
    _ number: Int, _ relays: RelayShared, isHeld: Bool,
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) {
    do throws(SystemError) {
      var loop = try EventLoop(
        waker: relays.mailboxes[number].waker, clock: relays.clock)
      // Accepts no caller before the predecessor has stopped accepting.
      if isHeld { relays.mailboxes[number].post(.hold(round: 0)) }
      var relay = Relay(shared: relays, loopNumber: number)
      try relay.begin(on: &loop, isHeld: isHeld)
      loop.run(&relay)
      relay.end()
    } catch {
      tell(.error("event loop \(number) cannot run: \(error)"))
    }
    relays.generations.noteEnd(of: number)
    relays.limiter.leave(loop: number)
    relays.loopsEnded.wrappingAdd(1, ordering: .sequentiallyConsistent)
  }

  /// The addresses where callers are served, in the order of the configuration.
  package var addresses: [SocketAddress] {
    let order = inForce.withLock { $0.roster.listeners.order }
    let listeners = relays.current.listeners
    return order.compactMap { $0 < listeners.count ? listeners[$0]?.address : nil }
  }

  /// The number of configurations that have been in force, from 1.
  package var generation: UInt32 { relays.current.number }

  /// The configuration in force.
  package var settings: Settings { inForce.withLock { $0.roster.settings } }

  /// The current tokens.
  package var tokenListing: TokenListing { tokens.listing() }

  // MARK: Stopping

  /// Ends at once and cuts off calls in progress.
  package func stop() {
    for mailbox in relays.mailboxes { mailbox.post(.stop) }
  }

  /// Whether every loop has ended.
  package var hasEnded: Bool {
    relays.loopsEnded.load(ordering: .sequentiallyConsistent) == threads.count
  }

  /// Waits for the loops, then stops the parts that they used. Call it once, after ``beginDraining()`` or ``stop()``.
  ///
  /// - Returns: false if a thread is blocked, perhaps in a C library, and still runs. The process must then end with
  ///   ``ProcessLimits/endAtOnce()``.
  @discardableResult
  package func end() -> Bool {
    for thread in threads { thread.join() }
    for listener in relays.current.listeners { listener?.close() }
    var ended = inForce.withLock { $0.endLeaving() }
    ended.append(relays.current.resolver.stop())
    ended.append(fleet.stop())
    let roster = inForce.withLock { $0.roster }
    if let problem = WarmScopes(roster).save(tokens.listing()) { tell(.warning(problem)) }
    ended.append(tokens.stop())
    admin?.stop(within: 2)
    ended.append(exporters.stop())
    ended.append(relays.current.log?.stop() ?? true)
    ended.append(journal?.stop() ?? true)
    return !ended.contains(false)
  }

  /// Statistics of the journal; nil without one.
  package var journalStatistics: JournalStatistics? { journal?.writer.statistics }

  /// Opens the traffic log again, after a rotation.
  package func reopenLogs() { relays.current.log?.reopen() }
}

/// The parts that were started so far. Stops them in reverse order when it is destroyed, unless all parts have started.
private struct StartedParts: ~Copyable {
  private var stops: [() -> Void] = []

  mutating func add(_ stop: @escaping () -> Void) { stops.append(stop) }

  /// Keeps all parts running, because everything has started.
  mutating func stay() { stops = [] }

  deinit { for stop in stops.reversed() { stop() } }
}
