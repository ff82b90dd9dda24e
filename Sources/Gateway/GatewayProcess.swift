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

/// A gateway that runs: its parts, started in the order of their dependence and stopped in reverse.
package final class GatewayProcess: Sendable {
  /// Where callers are served, in the order of the configuration.
  package let addresses: [SocketAddress]
  /// Where the admin pages are; nil without them.
  package let adminAddress: SocketAddress?
  let relays: RelayShared
  let tokens: TokenService
  /// What is in force, for a reload to compare with.
  let current: Mutex<Settings>
  let tell: @Sendable (OperatorNotice) -> Void
  let facts: ProcessFacts
  private let resolver: NameResolver
  private let log: LogWriter?
  private let spans: SpanExporter?
  let journal: OpenJournal?
  /// Where calls are on record, or why they are not: a line for the operator.
  package let journalNews: OperatorNotice
  let admin: LocalService?
  /// The admin address's socket once more, for a successor.
  let adminCopy: HeldDescriptor?
  /// The admin address's file, when it is a Unix socket.
  let adminFile: UnixSocketFile?
  let readiness: Readiness
  /// In the order of the configuration.
  let listeners: [HeldListener]
  private let threads: [SystemThread]

  /// Starts everything. Either all parts run when it returns, or none does.
  ///
  /// - Parameters:
  ///   - threadCount: event loops, at least 1.
  ///   - tracing: where spans are exported to; nil exports none.
  ///   - journalPlace: where the journal is when the configuration names no file.
  ///   - inherited: sockets that the process was started with, for listeners that are not to be bound.
  ///   - predecessor: the process that this one takes over from: everything is made ready, and nothing is served before
  ///     ``serve()``.
  ///   - clock: what all parts read the time from.
  ///   - times: changes times and bounds that the configuration has no key for.
  ///   - tell: gets a line for the operator now and then, from any thread.
  package init(
    _ settings: Settings, threadCount: Int, tracing: SpanExport? = nil,
    journalPlace: JournalPlace = .none("no place was given"),
    inherited: InheritedSockets = .none, predecessor: Predecessor? = nil,
    clock: TimeSource = .system,
    times: (inout RelaySettings) -> Void = { _ in },
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(StartError) {
    current = Mutex(settings)
    self.tell = tell
    let warn: @Sendable (String) -> Void = { tell(.warning($0)) }
    facts = ProcessFacts(settings, loadedAt: clock.wall)
    // 1. What can be refused by the system comes first: ports and files.
    let listeners = try GatewayProcess.openListeners(settings, inherited)
    self.listeners = listeners
    addresses = listeners.map { $0.socket.address }
    let adminSocket = try GatewayProcess.openAdmin(settings, inherited)
    var socketFiles = listeners.compactMap { $0.socket.file }
    switch adminSocket {
    case .some(let socket):
      adminFile = socket.file
      adminCopy = HeldDescriptor(socket)
    case .none:
      adminFile = nil
      adminCopy = nil
    }
    if let adminFile { socketFiles.append(adminFile) }
    var started = StartedParts()
    let log = try GatewayProcess.openLog(settings.traffic, clock: clock, tell: warn)
    self.log = log
    started.add { log?.stop() }
    let spans = try tracing.map { (export) throws(StartError) in
      try SpanExporter(export, clock: clock)
    }
    self.spans = spans
    started.add { spans?.stop() }
    let (journal, journalNews) = try GatewayProcess.openJournal(
      settings.traffic, at: journalPlace, isSuccessor: predecessor != nil, clock: clock, tell: tell)
    self.journal = journal
    self.journalNews = journalNews
    started.add { journal?.stop() }

    // 2. Rules and tokens.
    let compiler = RulesCompiler(settings)
    let compiled: RulesCompiler.Compiled
    do { compiled = try compiler.compile() } catch {
      throw StartError("too many combinations of apps and scopes: \(error)")
    }
    let tokens: TokenService
    do {
      tokens = try TokenService(
        settings: settings.tokenService, slots: compiled.slots, clock: clock)
    } catch {
      if case .badTrust(let reason) = error { throw StartError("upstream: \(reason)") }
      throw StartError("tokens: \(error)")
    }
    if settings.upstream.scheme == .https, settings.upstream.caFile == nil,
      let problem = TLSTrust.environmentProblem
    {
      warn(problem)
    }
    self.tokens = tokens

    // 3. The loops' mailboxes exist before anything that wakes them.
    let mailboxes: [LoopMailbox<RelayMessage>]
    let resolver: NameResolver
    do throws(SystemError) {
      var made: [LoopMailbox<RelayMessage>] = []
      for _ in 0..<threadCount { made.append(try LoopMailbox()) }
      let mailboxesMade = made
      mailboxes = mailboxesMade
      resolver = try NameResolver(
        host: settings.upstream.proxy?.host ?? settings.upstream.host,
        port: settings.upstream.proxy?.port ?? settings.upstream.port, clock: clock,
        resolved: { for mailbox in mailboxesMade { mailbox.waker.wake() } })
    } catch { throw StartError("out of descriptors: \(error)") }
    self.resolver = resolver
    started.add { resolver.stop() }
    let limits = compiler.limits(
      callerCount: compiled.rules.callers.count, loopCount: threadCount)
    let limiter: SharedLimiter
    do {
      limiter = try SharedLimiter(limits, wake: { mailboxes[$0].waker.wake() })
    } catch {
      throw StartError("limits: \(error)")
    }
    readiness = Readiness(
      sockets: socketFiles, probes: compiled.probes, store: tokens.store, resolver: resolver,
      log: log, journal: journal?.writer, clock: clock)
    var relaySettings = try RelaySettings(settings, threadCount: threadCount)
    relaySettings.sampler = tracing?.settings.sampler
    relaySettings.memory = MemoryWatch(ProcessMemory.bounds())
    times(&relaySettings)
    let relays = RelayShared(
      rules: compiled.rules, settings: relaySettings,
      identities: CallerIdentities(settings), tokenStore: tokens.store, tokenService: tokens,
      resolver: resolver, log: log, mailboxes: mailboxes, scopeTexts: compiled.scopeTexts,
      limiter: limiter, limits: limits, journal: journal?.sink, spans: spans, clock: clock,
      // Standard error may be a pipe that nobody reads: a loop does not wait for it.
      tell: { if StandardError.isWritable { warn($0) } })
    self.relays = relays
    readiness.watch(relays.figures, relays.settings.memory)

    // 4. Threads: tokens, loops, admin.
    let readiness = readiness
    predecessor?.handTokens(to: tokens, settings)
    let fetches = tokens.start(
      wake: mailboxes.map { mailbox in { mailbox.waker.wake() } },
      report: { report in
        readiness.note(report)
        if let line = report.line { warn(line) }
      })
    guard fetches else { throw StartError("the system refuses another thread") }
    started.add { tokens.stop() }
    tokens.prefetch(compiled.probes.map(\.slot))
    tokens.prefetch(WarmScopes(settings).slots(of: compiled.slots))
    let isHeld = predecessor != nil
    var running: [SystemThread] = []
    for number in 0..<threadCount {
      let held = number == 0 ? listeners : []
      do throws(SystemError) {
        let thread = try SystemThread("loop-\(number)") {
          GatewayProcess.runLoop(number, held, relays, isHeld: isHeld, tell: tell)
        }
        running.append(thread)
        started.add {
          mailboxes[number].post(.stop)
          thread.join()
        }
      } catch { throw StartError("the system refuses another thread: \(error)") }
    }
    admin = try GatewayProcess.startAdmin(
      settings, on: adminSocket, accepts: !isHeld, readiness, relays, tokens, journal, spans, facts,
      callersAt: addresses)
    started.stay()
    threads = running
    adminAddress = admin?.address
  }

  static func runLoop(
    _ number: Int, _ listeners: [HeldListener], _ relays: RelayShared, isHeld: Bool, tell: @escaping @Sendable (OperatorNotice) -> Void
  ) {
    do throws(SystemError) {
      var loop = try EventLoop(
        waker: relays.mailboxes[number].waker, clock: relays.clock)
      loop.descriptorMark = DescriptorReserve.mark(
        limit: ProcessLimits.descriptorLimit,
        upstreamConnections: relays.settings.maxConnections * relays.mailboxes.count)
      for listener in listeners { _ = try loop.listen(on: listener.socket) }
      if isHeld {
        // Not one caller is accepted before the predecessor has given them up.
        loop.pauseListening()
        relays.mailboxes[number].post(.hold(round: 0))
      }
      var relay = Relay(shared: relays, loopNumber: number)
      loop.run(&relay)
      relay.end()
    } catch {
      tell(.error("event loop \(number) cannot run: \(error)"))
    }
    relays.limiter.leave(loop: number)
    relays.loopsEnded.wrappingAdd(1, ordering: .sequentiallyConsistent)
  }

  // MARK: Stopping


  /// Ends at once; what is under way is cut.
  package func stop() {
    for mailbox in relays.mailboxes { mailbox.post(.stop) }
  }

  /// Whether every loop has ended.
  package var hasEnded: Bool {
    relays.loopsEnded.load(ordering: .sequentiallyConsistent) == threads.count
  }

  /// Waits for the loops and stops what they stood on. To be called once, after ``beginDraining()`` or
  /// ``stop()``.
  ///
  /// - Returns: false when a thread is held up and still runs, in a C library perhaps: then the process is to
  ///   end with ``ProcessLimits/endAtOnce()``.
  @discardableResult
  package func end() -> Bool {
    for thread in threads { thread.join() }
    var ended = [resolver.stop()]
    let settings = current.withLock { $0 }
    if let problem = WarmScopes(settings).save(tokens.listing()) { tell(.warning(problem)) }
    ended.append(tokens.stop())
    admin?.stop(within: 2)
    ended.append(spans?.stop() ?? true)
    ended.append(log?.stop() ?? true)
    ended.append(journal?.stop() ?? true)
    return !ended.contains(false)
  }

  /// How the journal fares; nil without one.
  package var journalStatistics: JournalStatistics? { journal?.writer.statistics }

  /// After a rotation: the traffic log is opened anew.
  package func reopenLogs() { log?.reopen() }
}

/// What was started so far. Stops it in reverse order as it goes, unless all parts could be started.
private struct StartedParts: ~Copyable {
  private var stops: [() -> Void] = []

  mutating func add(_ stop: @escaping () -> Void) { stops.append(stop) }

  /// Everything has started.
  mutating func stay() { stops = [] }

  deinit { for stop in stops.reversed() { stop() } }
}
