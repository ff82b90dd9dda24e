import Synchronization
import Testing

@testable import RateLimiting

@Suite("The limiter that all loops share")
struct SharedLimiterTests {
  /// The loops that were woken, in order.
  final class Wakes: Sendable {
    private let loops = Mutex<[Int]>([])
    func add(_ loop: Int) { loops.withLock { $0.append(loop) } }
    func take() -> [Int] {
      loops.withLock { loops in
        defer { loops = [] }
        return loops
      }
    }
  }

  private let request = LimitedRequest(app: 0, caller: 0, operation: 0)

  private func shared(_ wakes: Wakes, _ rules: LimitRule...) throws -> SharedLimiter {
    try SharedLimiter(
      LimiterSettings(rules: rules, appCount: 1, callerCount: 1, loopCount: 3)
    ) { wakes.add($0) }
  }

  /// Admits a call and drops values that cannot be copied. For limits that do not count calls in progress.
  private func offer(_ limiter: SharedLimiter, loop: Int, tag: UInt64, at now: Int64) -> Verdict {
    switch limiter.admit(request, for: WaitingParty(loop: loop, tag: tag), at: now) {
    case .admitted(let permit, _):
      limiter.release(permit, at: now, loop: loop)
      return .admitted
    case .queued(_, let wait): return .queued(wait)
    case .refused(let refusal): return .refused(refusal.reason, retryAfter: refusal.retryAfter)
    }
  }

  /// Checks whether `loop` has a due call, and takes it.
  private func expectDue(_ limiter: SharedLimiter, _ loop: Int, _ expected: Bool) {
    let isDue = !limiter.takeDue(loop: loop).isNone
    #expect(isDue == expected)
  }

  @Test("is idle without limits, and again after a pause has passed")
  func idle() throws {
    let limiter = try shared(Wakes())
    #expect(limiter.isIdle)
    #expect(offer(limiter, loop: 0, tag: 0, at: 0) == .admitted)
    limiter.upstreamAnswered(
      LimitedRequest(app: 0, caller: 0, operation: 0), status: 429, retryAfter: second,
      startedAt: 0, at: 0, loop: 0)
    #expect(!limiter.isIdle)
    #expect(offer(limiter, loop: 0, tag: 1, at: 1) == .queued(second - 1))
    limiter.advance(to: second, loop: 0)
    expectDue(limiter, 0, true)
    #expect(offer(limiter, loop: 0, tag: 2, at: 100 * second) == .admitted)
    #expect(limiter.isIdle)
  }

  @Test("gives the alarm to one loop only, and wakes the loops whose calls are due")
  func oneAlarm() throws {
    let wakes = Wakes()
    let limiter = try shared(wakes, LimitRule(name: "app", per: .app, rate: .perSecond(1)))
    #expect(offer(limiter, loop: 0, tag: 0, at: 0) == .admitted)
    #expect((0..<3).allSatisfy { limiter.alarm(of: $0) == .max })
    #expect(offer(limiter, loop: 1, tag: 1, at: 0) == .queued(second))
    #expect(offer(limiter, loop: 2, tag: 2, at: 0) == .queued(2 * second))
    #expect((0..<3).map { limiter.alarm(of: $0) } == [.max, second, .max])
    #expect(wakes.take() == [])
    limiter.advance(to: second, loop: 1)
    #expect(wakes.take() == [1])
    expectDue(limiter, 2, false)
    expectDue(limiter, 1, true)
    #expect((0..<3).map { limiter.alarm(of: $0) } == [.max, 2 * second, .max])
    // Another loop arrives late and does the work. From then on the alarm is its own.
    #expect(offer(limiter, loop: 2, tag: 3, at: second) == .queued(2 * second))
    limiter.advance(to: 2 * second, loop: 0)
    #expect(wakes.take() == [2])
    #expect((0..<3).map { limiter.alarm(of: $0) } == [3 * second, .max, .max])
    limiter.leave(loop: 0)
    #expect(wakes.take() == [1])
    #expect((0..<3).map { limiter.alarm(of: $0) } == [.max, 3 * second, .max])
    limiter.advance(to: 3 * second, loop: 1)
    expectDue(limiter, 2, true)
    expectDue(limiter, 2, true)
    expectDue(limiter, 2, false)
    #expect(limiter.waiting == 0)
  }

  @Test("hands a place that one loop frees to the call of another")
  func acrossLoops() throws {
    let wakes = Wakes()
    let limiter = try shared(wakes, LimitRule(name: "slots", per: .app, concurrency: 1))
    guard
      case .admitted(let permit, _) = limiter.admit(
        request, for: WaitingParty(loop: 0, tag: 0), at: 0)
    else {
      Issue.record("the first call starts")
      return
    }
    #expect(offer(limiter, loop: 1, tag: 7, at: 0) == .queued(0))
    limiter.release(permit, at: 1, loop: 0)
    #expect(wakes.take() == [1])
    guard let call = limiter.takeDue(loop: 1) else {
      Issue.record("the call is due")
      return
    }
    #expect(call.tag == 7)
    if case .start(let next, _) = call.take() { limiter.release(next, at: 2, loop: 1) }
    #expect(limiter.views(at: 2)[0].inUse == 0)
  }

  @Test("admits no more than the rate over all threads together")
  func oneTruth() async throws {
    let limiter = try shared(
      Wakes(),
      LimitRule(name: "app", per: .app, rate: .perSecond(1000), burst: 10, onExceed: .refuse))
    let clock = Clock()
    let admitted = await withTaskGroup(of: Int.self) { group in
      for loop in 0..<3 {
        group.addTask {
          var admitted = 0
          for _ in 0..<20_000
          where offer(limiter, loop: loop, tag: 0, at: clock.tick()) == .admitted {
            admitted += 1
          }
          return admitted
        }
      }
      return await group.reduce(0, +)
    }
    // 60,000 ticks of 100 µs: six seconds.
    #expect((6000...6010).contains(admitted))
    #expect(limiter.counters[0].admitted == UInt64(admitted))
    #expect(limiter.counters[0].refused == UInt64(60_000 - admitted))
  }

  /// A clock that advances by 100 µs each time it is read.
  final class Clock: Sendable {
    private let time = Atomic<Int64>(0)
    func tick() -> Int64 { time.add(millisecond / 10, ordering: .relaxed).newValue }
  }
}
