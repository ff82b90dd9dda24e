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
      OperatorNotice.warning("SIGHUP: there is no configuration to read again").write()
    }
  ) {
    self.gateway = gateway
    self.signals = signals
    self.watch = watch
    self.reload = reload
    upstream = gateway.upstreamWatch()
    looksAt = clock.monotonic + ServingLoop.startTime
  }

  /// Tells the service manager that the variables name, and its watchdog.
  mutating func attend(_ environment: Environment) {
    notices = ServiceNotices(address: environment.value("NOTIFY_SOCKET"))
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

  /// Serves until a signal says to stop; a second one does not wait for what is under way.
  mutating func run() {
    while true {
      switch wait(until: looksAt) {
      case nil: look()
      case .reopenLogs: gateway.reopenLogs()
      case .reload:
        notices.tell(.reloading(at: clock.monotonic))
        reload()
        notices.tell(ready)
      case .handOver: break
      case .terminate:
        end()
        return
      }
    }
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
    gateway.look(&upstream)
    gateway.tidyUp()
  }

  /// The next signal, if it comes before `time`. The watchdog is told meanwhile.
  private mutating func wait(until time: Int64) -> ProcessSignals.Signal? {
    while true {
      feedWatchdog()
      let due = min(time, watchdog?.due ?? .max)
      let now = clock.monotonic
      let signal = signals.next(within: clock.milliseconds(until: due, from: now), orFrom: [])
      if signal != nil || clock.monotonic >= time { return signal }
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

  // MARK: The end

  /// As the first SIGTERM asks for; the second one cuts what is under way.
  private mutating func end() {
    notices.tell(.stopping)
    if waitForBalancers() {
      OperatorNotice.info("finishing what is under way; a second signal ends at once").write()
      gateway.beginDraining()
    } else {
      gateway.stop()
    }
    while !gateway.hasEnded {
      switch wait(until: clock.monotonic + ServingLoop.endInterval) {
      case .terminate: gateway.stop()
      case .reopenLogs: gateway.reopenLogs()
      case .reload: OperatorNotice.warning("NOT RELOADED: the gateway is ending").write()
      case .handOver, nil: break
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
        + "a second signal ends at once"
    ).write()
    gateway.announceEnd()
    let deadline = clock.monotonic + delay
    while clock.monotonic < deadline {
      switch wait(until: deadline) {
      case .terminate: return false
      case .reopenLogs: gateway.reopenLogs()
      case .reload: OperatorNotice.warning("NOT RELOADED: the gateway is ending").write()
      case .handOver, nil: break
      }
    }
    return true
  }
}
