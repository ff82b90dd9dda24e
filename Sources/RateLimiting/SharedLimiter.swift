internal import Synchronization

/// One ``Limiter`` for all event loops, so that limits apply whichever loop a call arrives on.
///
/// A loop first reads ``isIdle``, which is one load. With limits, a call costs one uncontended lock when it starts, and
/// another when it ends if calls in progress are limited.
///
/// **Waking up.** One loop at a time keeps the alarm: the one that last changed the next due time. It was awake when it
/// did, and reads ``alarm(of:)`` before it sleeps, so no other loop must be notified, and none wakes up in vain. When
/// the alarm is due, the loop calls ``advance(to:loop:)``. Loops whose calls became due are woken through `wake`, and
/// call ``takeDue(loop:)`` until it returns nil. A loop that ends calls ``leave(loop:)``.
package final class SharedLimiter: Sendable {
  private struct State: ~Copyable {
    var limiter: Limiter
    /// Loops that have not left.
    var isPresent: [Bool]
  }

  private let state: Mutex<State>
  private let nextDue = Atomic<Int64>(.max)
  /// The loop that last changed `nextDue`.
  private let keeper = Atomic<Int>(0)
  private let idle: Atomic<Bool>
  private let loopCount: Int
  private let news = Mutex<(@Sendable () -> Void)?>(nil)
  /// Wakes the loop with this number. Called without the lock, from any loop, also for the loop itself.
  private let wake: @Sendable (Int) -> Void

  /// - Parameter wake: Makes a loop call ``alarm(of:)`` and ``takeDue(loop:)`` soon. Called from any thread.
  package init(
    _ settings: LimiterSettings, wake: @escaping @Sendable (Int) -> Void
  ) throws(LimiterProblem) {
    let limiter = try Limiter(settings)
    idle = Atomic(limiter.isIdle)
    loopCount = max(1, settings.loopCount)
    state = Mutex(
      State(limiter: limiter, isPresent: Array(repeating: true, count: loopCount)))
    self.wake = wake
  }

  /// Whether every call would be admitted. Reading this is the whole cost if there are no limits.
  package var isIdle: Bool { idle.load(ordering: .relaxed) }

  /// When `loop` must call ``advance(to:loop:)`` at the latest, in monotonic nanoseconds; `Int64.max` if never, or if
  /// another loop will do it. Read it before each sleep.
  package func alarm(of loop: Int) -> Int64 {
    keeper.load(ordering: .acquiring) == loop ? nextDue.load(ordering: .acquiring) : .max
  }

  /// Like ``Limiter/admit(_:for:at:)``, called on the party's loop.
  package func admit(
    _ request: LimitedRequest, for party: WaitingParty, at now: Int64
  ) -> Admission {
    if isIdle {
      return .admitted(
        LimitPermit(
          counted: LimitSet(), app: Int32(request.app), caller: Int32(request.caller), takenAt: now),
        LimitReport())
    }
    return change(by: party.loop) { $0.admit(request, for: party, at: now) }
  }

  /// Like ``Limiter/release(_:at:)``. Costs nothing for a permit that holds nothing.
  package func release(_ permit: consuming LimitPermit, at now: Int64, loop: Int) {
    // A closure may not consume what it captures, because it may run more than once. So this is an optional.
    var held: LimitPermit? = permit
    if held?.isEmpty ?? true { return }
    change(by: loop) { limiter in
      if let permit = held.take() { limiter.release(permit, at: now) }
    }
  }

  /// Like ``Limiter/cancel(_:at:)``.
  @discardableResult
  package func cancel(_ ticket: WaitTicket, at now: Int64, loop: Int) -> Bool {
    change(by: loop) { $0.cancel(ticket, at: now) }
  }

  /// Like ``Limiter/advance(to:)``, if there is anything to do.
  package func advance(to now: Int64, loop: Int) {
    guard nextDue.load(ordering: .acquiring) <= now else { return }
    change(by: loop) { $0.advance(to: now) }
  }

  /// Like ``Limiter/upstreamAnswered(_:status:retryAfter:startedAt:at:)``. Only needed for 429 and 503.
  package func upstreamAnswered(
    _ request: LimitedRequest, status: Int, retryAfter: Int64?, startedAt: Int64, at now: Int64,
    loop: Int
  ) {
    change(by: loop) {
      $0.upstreamAnswered(
        request, status: status, retryAfter: retryAfter, startedAt: startedAt, at: now)
    }
  }

  /// Ends the use by `loop`. If it keeps the alarm, another loop takes it over.
  package func leave(loop: Int) {
    let next: Int? = state.withLock { state in
      state.isPresent[loop] = false
      guard keeper.load(ordering: .relaxed) == loop else { return nil }
      let next = state.isPresent.firstIndex(of: true)
      if let next { keeper.store(next, ordering: .releasing) }
      return next
    }
    if let next { wake(next) }
  }

  /// Like ``Limiter/takeDue(loop:)``.
  package func takeDue(loop: Int) -> DueCall? {
    state.withLock { $0.limiter.takeDue(loop: loop) }
  }

  /// Like ``Limiter/forecast(_:at:)``.
  package func forecast(_ request: LimitedRequest, at now: Int64) -> LimitForecast {
    state.withLock { $0.limiter.forecast(request, at: now) }
  }

  /// Like ``Limiter/views(at:most:)``.
  package func views(at now: Int64, most: Int = 1000) -> [LimitView] {
    state.withLock { $0.limiter.views(at: now, most: most) }
  }

  /// Like ``Limiter/figures(at:)``.
  package func figures(at now: Int64) -> LimiterFigures {
    state.withLock { $0.limiter.figures(at: now) }
  }

  /// Like ``Limiter/counters``: one for each limit, then the upstream's pause.
  package var counters: [LimitCounters] { state.withLock { $0.limiter.counters } }

  /// Number of calls that wait, or whose wait has ended but which their loops have not taken yet.
  package var waiting: Int { state.withLock { $0.limiter.waiting } }

  /// Reads the limiter under its lock.
  func inspect<Result>(_ body: (inout Limiter) -> Result) -> sending Result {
    state.withLock { body(&$0.limiter) }
  }

  /// Like ``Limiter/adopt(_:_:at:)``. May be called on any thread.
  package func adopt(
    _ settings: LimiterSettings, _ news: LimiterChange, at now: Int64
  ) throws(LimiterProblem) {
    // Loops wait for the lock meanwhile, so what takes longest is done without it.
    let next = OtherLimiter(try Limiter(settings))
    change(by: keeper.load(ordering: .acquiring)) { $0.adopt(&next.limiter, news, at: now) }
    wake(keeper.load(ordering: .acquiring))
  }

  /// Like ``Limiter/resume(app:at:)``. May be called on any thread.
  package func resume(app: Int, at now: Int64) -> Bool {
    let isNews = change(by: keeper.load(ordering: .acquiring)) { $0.resume(app: app, at: now) }
    wake(keeper.load(ordering: .acquiring))
    return isNews
  }

  /// Like ``change(by:_:)``, from any thread. The loop that keeps the alarm is woken to set it again.
  func changeFromOutside<Result: Sendable>(_ body: (inout Limiter) -> Result) -> Result {
    let before = nextDue.load(ordering: .acquiring)
    let result = change(by: keeper.load(ordering: .acquiring), body)
    if nextDue.load(ordering: .acquiring) != before { wake(keeper.load(ordering: .acquiring)) }
    return result
  }

  /// Changes the limiter under its lock, publishes what loops read, and then wakes the loops with due calls.
  func change<Result: ~Copyable & Sendable>(
    by loop: Int, _ body: (inout Limiter) -> Result
  ) -> Result {
    var loops: UInt64 = 0
    var hasNews = false
    let result = state.withLock { state in
      let result = body(&state.limiter)
      loops = state.limiter.takeLoopsToWake()
      hasNews = state.limiter.takeNews()
      // Stored only if changed, so that the cache lines stay in every core's cache.
      let due = state.limiter.nextDue
      if due != nextDue.load(ordering: .relaxed) {
        nextDue.store(due, ordering: .releasing)
        keeper.store(loop, ordering: .releasing)
      }
      let isIdle = state.limiter.isIdle
      if isIdle != idle.load(ordering: .relaxed) { idle.store(isIdle, ordering: .relaxed) }
      return result
    }
    if loops != 0 { wakeLoops(loops) }
    if hasNews { tellNews() }
    return result
  }

  @inline(never)
  private func tellNews() { news.withLock { $0 }?() }

  /// Sets the function to call whenever something is new for other gateways: a pause, or a call that waits for a share.
  /// It is called on the thread that caused it, and must return immediately.
  package func onNews(_ body: (@Sendable () -> Void)?) { news.withLock { $0 = body } }

  @inline(never)
  private func wakeLoops(_ loops: UInt64) {
    for loop in 0..<loopCount where loops >> UInt64(loop & 63) & 1 == 1 { wake(loop) }
  }
}

/// Holds a limiter outside the lock.
private final class OtherLimiter {
  var limiter: Limiter
  init(_ limiter: consuming Limiter) { self.limiter = limiter }
}
