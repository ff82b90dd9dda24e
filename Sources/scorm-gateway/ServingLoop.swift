internal import Configuration
internal import Gateway
internal import System

/// The main thread of a gateway that serves: waits for signals, looks after what changes by itself, tells the service
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
  /// Hands over to a successor when it is asked to; nil where that is not possible.
  private var handOver: HandOver?
  /// Sends the last of its callers and lines; nil once it is gone, or when there was none.
  private var predecessor: Predecessor?
  /// Signals that came before this process was the gateway, and are heard then.
  private var putOff: [ProcessSignals.Signal] = []
  /// A hand-over is asked for, and begins once the predecessor has given everything.
  private var isHandOverPutOff = false
  /// When to look after what changes by itself, in monotonic nanoseconds.
  private var looksAt: Int64
  /// The pages that only the start needed are still there.
  private var hasStartPages = true

  /// How long the first tokens and calls may use the pages that the start has read.
  private static let startTime: Int64 = 250_000_000
  /// Between two looks at what changes by itself.
  private static let lookInterval = Int64(SecretWatch.interval) * 1_000_000
  /// Between two looks at whether the loops have ended.
  private static let endInterval: Int64 = 50_000_000

  /// - Parameters:
  ///   - watch: looked after while waiting.
  ///   - reload: what SIGHUP does.
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

  /// Tells the service manager that the variables name, and its watchdog, and can hand over to `program`.
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

  /// Serves until a signal says to stop, or another process has taken over; a second signal does not wait for what is
  /// under way.
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
    // The journal has to be this process' own before it can be given on.
    isHandOverPutOff = predecessor?.holdsJournal == true
    if !isHandOverPutOff { handOver.ask() }
  }

  private mutating func look() {
    guard clock.monotonic >= looksAt else { return }
    looksAt = clock.monotonic + ServingLoop.lookInterval
    guard !hasStartPages else {
      // Given back at once they would be missed by the first calls.
      ProcessLimits.releaseStartPages()
      hasStartPages = false
      return
    }
    watch?.look()
    gateway.lookAtCertificates()
    gateway.look(&upstream)
    gateway.tidyUp()
  }

  /// The next signal, if it comes before `time`, or before another process has taken over. Watchdog, successor and
  /// predecessor are attended to meanwhile.
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

  /// How long this process may take until it can serve. Its predecessor waits a little longer.
  private static let readyPatience: Int64 = 30_000_000_000
  private static let readyInterval: Int64 = 20_000_000

  /// Takes over from `predecessor`: says that it can serve, and serves when the other says so.
  ///
  /// - Returns: false when it does not come to that; everything is as it was then.
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

  /// Whether a signal ends this process before it has taken over. Others are heard when it has.
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

  /// How long a process waits for its predecessor's last callers, in nanoseconds: longer than calls under way have.
  private static let predecessorPatience: Int64 = 45_000_000_000

  /// Another process has taken over: what is under way is finished.
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

  /// As the first SIGTERM asks for; the second one cuts what is under way.
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
    // Without the journal's file what waits for it would be lost.
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

  /// Serves on while readiness says that the gateway ends. Returns false when a second signal came meanwhile.
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
