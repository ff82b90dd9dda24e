internal import Configuration
internal import Gateway
internal import System

/// The main thread of a serving gateway. It waits for signals, runs the periodic checks, and notifies the service
/// manager.
struct ServingLoop: ~Copyable {
  private let gateway: GatewayProcess
  private let signals: ProcessSignals
  private let clock = TimeSource.system
  private var watch: SecretWatch?
  private var upstream: UpstreamWatch
  private let reload: () -> Void
  private var notices = ServiceNotices(address: nil)
  private var watchdog: WatchdogTimer?
  /// Hands over to a successor on request; nil if that is not possible.
  private var handOver: HandOver?
  /// A process that sends its last callers and lines; nil once it has ended, or if there was none.
  private var predecessor: Predecessor?
  /// Signals that came before this process was the gateway. They are handled afterwards.
  private var putOff: [ProcessSignals.Signal] = []
  /// A hand-over was requested, and begins once the predecessor has given everything.
  private var isHandOverPutOff = false
  /// When the next periodic checks are due, in monotonic nanoseconds.
  private var looksAt: Int64
  /// Whether memory pages that only the start needed are still resident.
  private var hasStartPages = true

  /// How long the first tokens and calls may use the pages that the start has read, in nanoseconds.
  private static let startTime: Int64 = 250_000_000
  /// Nanoseconds between two rounds of periodic checks.
  private static let lookInterval = Int64(SecretWatch.interval) * 1_000_000
  /// Nanoseconds between two checks whether the loops have ended.
  private static let endInterval: Int64 = 50_000_000

  /// - Parameters:
  ///   - watch: secret files that are checked periodically.
  ///   - reload: the action on SIGHUP.
  init(
    _ gateway: GatewayProcess, _ signals: consuming ProcessSignals, watch: SecretWatch? = nil,
    reload: @escaping () -> Void = {
      OperatorNotice.warning("SIGHUP: there is no configuration file to reload").write()
    }
  ) {
    self.gateway = gateway
    self.signals = signals
    self.watch = watch
    self.reload = reload
    upstream = gateway.upstreamWatch()
    looksAt = clock.monotonic + ServingLoop.startTime
  }

  /// Notifies the service manager that the variables name, and its watchdog. Enables hand-overs to `program`.
  mutating func attend(_ environment: Environment, _ program: ProgramStart?) {
    notices = ServiceNotices(address: environment.value("NOTIFY_SOCKET"))
    handOver = HandOver(gateway, program: program, notices: notices) { environment.takenSecrets }
    guard notices.isListenedTo else { return }
    watchdog = WatchdogTimer(
      microseconds: environment.value("WATCHDOG_USEC"),
      process: environment.value("WATCHDOG_PID"), ownProcess: ProcessStart.processID,
      at: clock.monotonic)
    notices.tell(ready)
  }

  private var ready: ServiceNotice {
    .ready(process: ProcessStart.processID, status: gateway.servingStatus)
  }

  /// Serves until a signal or another process ends it. A second signal cuts off calls in progress.
  mutating func run() {
    while true {
      let signal = wait(until: looksAt)
      if handOver?.hasGiven == true { return leave(signal) }
      switch signal {
      case nil: look()
      case .reopenLogs: gateway.reopenLogs()
      case .reload: reloadNow()
      case .handOver: askForHandOver()
      case .terminate:
        handOver?.endAsked()
        end()
        return
      }
    }
  }

  private func reloadNow() {
    guard handOver?.isUnderWay != true else {
      OperatorNotice.warning(
        "NOT RELOADED: a hand-over is in progress; the new process reads the current configuration"
      ).write()
      return
    }
    notices.tell(.reloading(at: clock.monotonic))
    reload()
    notices.tell(ready)
  }

  private mutating func askForHandOver() {
    guard let handOver else {
      OperatorNotice.warning("SIGUSR2: NOT HANDED OVER: the demo does not hand over").write()
      return
    }
    // The journal must belong to this process before it can be passed on.
    isHandOverPutOff = predecessor?.holdsJournal == true
    if !isHandOverPutOff { handOver.ask() }
  }

  private mutating func look() {
    guard clock.monotonic >= looksAt else { return }
    looksAt = clock.monotonic + ServingLoop.lookInterval
    guard !hasStartPages else {
      // If they were released at once, the first calls would need them again.
      ProcessLimits.releaseStartPages()
      hasStartPages = false
      return
    }
    watch?.look()
    gateway.lookAtCertificates()
    gateway.look(&upstream)
    gateway.tidyUp()
  }

  /// The next signal, if it comes before `time` and before another process has taken over. Watchdog, successor and
  /// predecessor are served meanwhile.
  private mutating func wait(until time: Int64) -> ProcessSignals.Signal? {
    if !putOff.isEmpty { return putOff.removeFirst() }
    while true {
      feedWatchdog()
      let hadGiven = handOver?.hasGiven == true
      let due = min(time, watchdog?.due ?? .max, handOver?.due ?? .max)
      let now = clock.monotonic
      let channels = [handOver?.channel, predecessor?.number].compactMap { $0 }
      let signal = signals.next(
        within: clock.milliseconds(until: due, from: now), orFrom: channels)
      handOver?.attend()
      attendPredecessor()
      let hasJustGiven = handOver?.hasGiven == true && !hadGiven
      if signal != nil || clock.monotonic >= time || hasJustGiven { return signal }
    }
  }

  private mutating func attendPredecessor() {
    guard let predecessor else { return }
    if predecessor.attend(gateway, passing: handOver) == .gone {
      predecessor.takeWhatIsLeft(gateway)
      OperatorNotice.info("the process before this one has ended").write()
      self.predecessor = nil
    }
    if isHandOverPutOff, !predecessor.holdsJournal {
      isHandOverPutOff = false
      handOver?.ask()
    }
  }

  private mutating func feedWatchdog() {
    let (turns, ended) = gateway.loopTurns
    guard
      let look = watchdog?.look(turns: turns, endedLoops: ended, at: clock.monotonic)
    else { return }
    if look.notifies { notices.tell(.watchdog) }
    if look.wakes { gateway.wakeLoops() }
  }

  // MARK: Taking over

  /// How long this process may take until it can serve, in nanoseconds. Its predecessor waits a little longer.
  private static let readyPatience: Int64 = 30_000_000_000
  private static let readyInterval: Int64 = 20_000_000

  /// Takes over from `predecessor`: reports that it can serve, and serves when the predecessor says so.
  ///
  /// - Returns: false if that fails. The predecessor then serves as before.
  mutating func takeOver(from predecessor: Predecessor) -> Bool {
    let deadline = clock.monotonic + ServingLoop.readyPatience
    while predecessor.wasReady, !gateway.isReady {
      guard clock.monotonic < deadline else {
        OperatorNotice.error("not ready, so this process does not take over: \(gateway.obstacles)")
          .write()
        return false
      }
      let next = clock.monotonic + ServingLoop.readyInterval
      let signal = signals.next(within: clock.milliseconds(until: next, from: clock.monotonic))
      if endsBefore(signal) { return false }
      if isGone(predecessor) { return false }
    }
    predecessor.ready()
    while true {
      switch predecessor.attend(gateway) {
      case .serve:
        gateway.serve()
        self.predecessor = predecessor
        return true
      case .gone: return !sayGone()
      case .settle: continue
      case .nothing: break
      }
      guard let number = predecessor.number else { return !sayGone() }
      if endsBefore(signals.next(within: -1, orFrom: [number])) { return false }
    }
  }

  /// Whether a signal ends this process before it has taken over. Other signals are handled afterwards.
  private mutating func endsBefore(_ signal: ProcessSignals.Signal?) -> Bool {
    switch signal {
    case nil: return false
    case .terminate: return true
    case let signal?:
      putOff.append(signal)
      return false
    }
  }

  private func isGone(_ predecessor: Predecessor) -> Bool {
    guard predecessor.attend(gateway) == .gone else { return false }
    return sayGone()
  }

  private func sayGone() -> Bool {
    OperatorNotice.error("the process that was to hand over is gone; this one has not taken over")
      .write()
    return true
  }

  // MARK: The end

  /// How long a process waits for its predecessor's last callers, in nanoseconds. That is longer than the drain timeout
  /// of calls.
  private static let predecessorPatience: Int64 = 45_000_000_000

  /// Finishes the calls in progress, after another process has taken over.
  private mutating func leave(_ first: ProcessSignals.Signal?) {
    watchdog = nil
    var isAsked = false
    var signal = first
    let deadline = clock.monotonic + ServingLoop.predecessorPatience
    while true {
      switch signal {
      case .terminate:
        if isAsked { gateway.stop() }
        isAsked = true
      case .reopenLogs: gateway.reopenLogs()
      case .reload:
        OperatorNotice.warning("NOT RELOADED: another process has taken over").write()
      case .handOver: handOver?.ask()
      case nil: break
      }
      if gateway.hasEnded, predecessor == nil || clock.monotonic >= deadline { break }
      signal = wait(until: clock.monotonic + HandOver.interval)
    }
    let hasEnded = gateway.end()
    handOver?.finish()
    if !hasEnded { ProcessLimits.endAtOnce() }
  }

  /// Ends as the first SIGTERM asks for. A second signal cuts off calls in progress.
  private mutating func end() {
    notices.tell(.stopping)
    if waitForBalancers() {
      OperatorNotice.info("finishing calls in progress; a second signal exits at once").write()
      gateway.beginDraining()
    } else {
      gateway.stop()
    }
    isHandOverPutOff = false
    let deadline = clock.monotonic + ServingLoop.predecessorPatience
    // Without the journal's file, the lines that wait for it would be lost.
    while !gateway.hasEnded || predecessor?.holdsJournal == true && clock.monotonic < deadline {
      switch wait(until: clock.monotonic + ServingLoop.endInterval) {
      case .terminate: gateway.stop()
      case .reopenLogs: gateway.reopenLogs()
      case .reload: OperatorNotice.warning("NOT RELOADED: the gateway is ending").write()
      case .handOver:
        OperatorNotice.warning("SIGUSR2: NOT HANDED OVER: the gateway is ending").write()
      case nil: break
      }
    }
    if !gateway.end() { ProcessLimits.endAtOnce() }
  }

  /// Continues to serve while readiness is already false. Returns false if a second signal came meanwhile.
  private mutating func waitForBalancers() -> Bool {
    let delay = gateway.drainDelay
    guard delay > 0 else { return true }
    OperatorNotice.info(
      "not ready from now on; callers are served for another \(delay / 1_000_000) ms (drainDelay); "
        + "a second signal exits at once"
    ).write()
    gateway.announceEnd()
    let deadline = clock.monotonic + delay
    while clock.monotonic < deadline {
      switch wait(until: deadline) {
      case .terminate: return false
      case .reopenLogs: gateway.reopenLogs()
      case .reload: OperatorNotice.warning("NOT RELOADED: the gateway is ending").write()
      case .handOver:
        OperatorNotice.warning("SIGUSR2: NOT HANDED OVER: the gateway is ending").write()
      case nil: break
      }
    }
    return true
  }
}
