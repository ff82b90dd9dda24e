internal import Synchronization

/// One ``Limiter`` for all event loops: the limits are one truth, whichever loop a call comes in on.
///
/// A loop asks ``isIdle`` first, which is one load; with limits, a call costs one uncontended lock at its
/// start, and another at its end if calls under way are limited.
///
/// **Waking up.** One loop at a time keeps the alarm: the one that last changed when the next thing is due. It
/// was awake then, and asks ``alarm(of:)`` before it sleeps, so no other loop needs to be told, and none wakes
/// up in vain. When the alarm rings it calls ``advance(to:loop:)``; loops whose calls became due are woken
/// through `wake` and call ``takeDue(loop:)`` until that gives nil. A loop that ends calls ``leave(loop:)``.
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
  /// Wakes the loop with this number. Called without the lock, from any loop, for its own too.
  private let wake: @Sendable (Int) -> Void

  /// - Parameter wake: makes a loop look at ``alarm(of:)`` and ``takeDue(loop:)`` soon, from any thread.
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

  /// Whether everything would be admitted: the whole cost of having no limits.
  package var isIdle: Bool { idle.load(ordering: .relaxed) }

  /// When `loop` must call ``advance(to:loop:)`` at the latest, monotonic nanoseconds; `Int64.max` when never,
  /// or when another loop will. To be asked before each sleep.
  package func alarm(of loop: Int) -> Int64 {
    keeper.load(ordering: .acquiring) == loop ? nextDue.load(ordering: .acquiring) : .max
  }

  /// As ``Limiter/admit(_:for:at:)``, asked by the party's loop.
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

  /// As ``Limiter/release(_:at:)``; costs nothing for a permit that holds nothing.
  package func release(_ permit: consuming LimitPermit, at now: Int64, loop: Int) {
    // A closure may not consume what it captures, for it may run more than once: hence the optional.
    var held: LimitPermit? = permit
    if held?.isEmpty ?? true { return }
    change(by: loop) { limiter in
      if let permit = held.take() { limiter.release(permit, at: now) }
    }
  }

  /// As ``Limiter/cancel(_:at:)``.
  @discardableResult
  package func cancel(_ ticket: WaitTicket, at now: Int64, loop: Int) -> Bool {
    change(by: loop) { $0.cancel(ticket, at: now) }
  }

  /// As ``Limiter/advance(to:)``, if there is anything to do.
  package func advance(to now: Int64, loop: Int) {
    guard nextDue.load(ordering: .acquiring) <= now else { return }
    change(by: loop) { $0.advance(to: now) }
  }

  /// As ``Limiter/upstreamAnswered(_:status:retryAfter:startedAt:at:)``; only needed for 429 and 503.
  package func upstreamAnswered(
    _ request: LimitedRequest, status: Int, retryAfter: Int64?, startedAt: Int64, at now: Int64,
    loop: Int
  ) {
    change(by: loop) {
      $0.upstreamAnswered(
        request, status: status, retryAfter: retryAfter, startedAt: startedAt, at: now)
    }
  }

  /// `loop` ends. The alarm, if it keeps it, goes to another one.
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

  /// As ``Limiter/takeDue(loop:)``.
  package func takeDue(loop: Int) -> DueCall? {
    state.withLock { $0.limiter.takeDue(loop: loop) }
  }

  /// As ``Limiter/forecast(_:at:)``.
  package func forecast(_ request: LimitedRequest, at now: Int64) -> LimitForecast {
    state.withLock { $0.limiter.forecast(request, at: now) }
  }

  /// As ``Limiter/views(at:most:)``.
  package func views(at now: Int64, most: Int = 1000) -> [LimitView] {
    state.withLock { $0.limiter.views(at: now, most: most) }
  }

  /// As ``Limiter/figures(at:)``.
  package func figures(at now: Int64) -> LimiterFigures {
    state.withLock { $0.limiter.figures(at: now) }
  }

  /// As ``Limiter/counters``: one a limit, then the upstream's pause.
  package var counters: [LimitCounters] { state.withLock { $0.limiter.counters } }

  /// Calls that wait, or whose end of waiting their loops have not taken yet.
  package var waiting: Int { state.withLock { $0.limiter.waiting } }

  /// Looks at the limiter under its lock.
  func inspect<Result>(_ body: (inout Limiter) -> Result) -> sending Result {
    state.withLock { body(&$0.limiter) }
  }

  /// As ``Limiter/adopt(_:_:at:)``; from any thread.
  package func adopt(
    _ settings: LimiterSettings, _ news: LimiterChange, at now: Int64
  ) throws(LimiterProblem) {
    // Loops wait for the lock meanwhile: what takes longest is done without it.
    let next = OtherLimiter(try Limiter(settings))
    change(by: keeper.load(ordering: .acquiring)) { $0.adopt(&next.limiter, news, at: now) }
    wake(keeper.load(ordering: .acquiring))
  }

  /// As ``Limiter/resume(app:at:)``; from any thread.
  package func resume(app: Int, at now: Int64) -> Bool {
    let isNews = change(by: keeper.load(ordering: .acquiring)) { $0.resume(app: app, at: now) }
    wake(keeper.load(ordering: .acquiring))
    return isNews
  }

  /// As ``change(by:_:)``, from any thread: the loop that keeps the alarm sets it anew.
  func changeFromOutside<Result: Sendable>(_ body: (inout Limiter) -> Result) -> Result {
    let before = nextDue.load(ordering: .acquiring)
    let result = change(by: keeper.load(ordering: .acquiring), body)
    if nextDue.load(ordering: .acquiring) != before { wake(keeper.load(ordering: .acquiring)) }
    return result
  }

  /// Changes the limiter under its lock, publishes what the loops look at, then wakes those with news.
  func change<Result: ~Copyable & Sendable>(
    by loop: Int, _ body: (inout Limiter) -> Result
  ) -> Result {
    var loops: UInt64 = 0
    var hasNews = false
    let result = state.withLock { state in
      let result = body(&state.limiter)
      loops = state.limiter.takeLoopsToWake()
      hasNews = state.limiter.takeNews()
      // Stored only when changed: the lines stay in every core's cache.
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

  /// Calls `body` from now on, on the thread of whoever brings it, whenever something has come up for other gateways: a
  /// pause, or a call that waits for a share. It must return at once.
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
