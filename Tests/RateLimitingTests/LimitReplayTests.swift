import Histograms
import Testing

@testable import RateLimiting

@Suite("Calls of the past under new limits")
struct LimitReplayTests {
  private func call(caller: Int = 0, hold: Int64? = 0) -> LimitReplay.Call {
    LimitReplay.Call(
      request: LimitedRequest(app: 0, caller: caller, operation: 0), hold: hold)
  }

  @Test("Every call starts or is refused, whatever comes, and nobody waits in the end")
  func complete() throws {
    var random = SplitMix64(state: 7)
    var settings = LimiterSettings(
      LimitRule(
        name: "rate", per: .app, rate: .perSecond(50), burst: 5, maxWait: 2 * second, maxQueue: 40),
      LimitRule(name: "slots", per: .caller, concurrency: 3, maxWait: second, maxQueue: 20),
      callers: 4)
    settings.maximumWaiters = 100
    var replay = try LimitReplay(settings)
    var now: Int64 = 0
    for _ in 0..<20_000 {
      now += Int64.random(in: 0..<30, using: &random) * millisecond
      replay.offer(
        call(
          caller: Int.random(in: 0..<4, using: &random),
          hold: Int64.random(in: 0..<300, using: &random) * millisecond),
        // Some calls arrive late.
        at: now - Int64.random(in: 0..<5, using: &random) * 10 * millisecond)
    }
    replay.finish()
    #expect(replay.waitingCount == 0)
    var calls = 0
    for outcome in replay.outcomes {
      #expect(outcome.calls == outcome.startedAtOnce + outcome.waited + outcome.refused)
      #expect(outcome.waited > 0 && outcome.refused > 0)
      #expect(outcome.waits.longest <= 2 * second)
      calls += outcome.calls
    }
    #expect(calls == 20_000)
  }

  @Test("A call that was refused in the past holds its place for as long as others do in the mean")
  func mean() throws {
    var replay = try LimitReplay(
      LimiterSettings(LimitRule(name: "slots", per: .app, concurrency: 1, maxWait: 60 * second)))
    replay.offer(call(hold: 2 * second), at: 0)
    replay.offer(call(hold: nil), at: 10 * second)
    replay.offer(call(hold: 2 * second), at: 11 * second)
    replay.finish()
    let outcome = replay.outcomes[0]
    #expect(outcome.startedAtOnce == 2 && outcome.waited == 1)
    #expect(outcome.waits.longest == second)
  }

  @Test(
    "Quantiles are exact to an eighth", arguments: [1, 7, 8, 9, 1000, 1_234_567, 86_400_000_000])
  func quantiles(microseconds: Int64) {
    var waits = WaitQuantiles()
    for _ in 0..<99 { waits.add(microseconds * 1000) }
    waits.add(.max / 2)
    let quantile = waits.quantile(percent: 95)
    #expect(quantile >= microseconds * 1000)
    #expect(quantile <= microseconds * 1000 + microseconds * 1000 / 8)
    #expect(waits.quantile(percent: 100) == .max / 2)
  }

  @Test("What comes first is taken first")
  func heap() {
    var random = SplitMix64(state: 3)
    var heap = EarliestFirst<Int>()
    var times = (0..<500).map { _ in Int64.random(in: 0..<200, using: &random) }
    for (index, time) in times.enumerated() { heap.insert(index, at: time) }
    times.sort()
    for time in times {
      #expect(heap.earliest == time)
      #expect(heap.popFirst()?.time == time)
    }
    #expect(heap.earliest == .max && heap.popFirst() == nil)
  }
}

@Suite("Figures of the limiter")
struct LimiterFiguresTests {
  @Test("A wait is counted in the class whose upper end it does not exceed")
  func classes() {
    var histogram = BucketCounts(.limitWaits)
    for wait in [0, 10 * millisecond, 10 * millisecond + 1, 60 * second, 60 * second + 1] {
      histogram.add(wait)
    }
    #expect(histogram.counts == [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
    #expect(histogram.sum == UInt64(120 * second + 20 * millisecond + 2))
  }

  @Test("They tell who waits for what, and what the upstream asked for")
  func figures() throws {
    let rig = try LimiterRig(
      LimiterSettings(LimitRule(name: "rate", per: .app, rate: .perSecond(1)), apps: 2))
    rig.offer(0)
    rig.offer(1)
    rig.offer(2)
    #expect(rig.limiter.figures(at: 0).waiting == [2, 0])
    #expect(rig.limiter.figures(at: 0).pauses.map(\.remaining) == [0, 0])
    rig.run(until: second)
    rig.limiter.upstreamAnswered(
      LimitedRequest(app: 1, caller: 0, operation: 0), status: 429, retryAfter: 3 * second,
      startedAt: 0, at: second)
    let figures = rig.limiter.figures(at: 2 * second)
    #expect(
      figures.pauses == [
        PauseView(app: 0, remaining: 0, level: 16),
        PauseView(app: 1, remaining: 2 * second, level: 8),
      ])
    rig.offer(3, app: 1)
    #expect(rig.limiter.figures(at: 2 * second).waiting == [1, 1])
    #expect(figures.waits[0].counts.reduce(0, +) == 1)
    rig.cancel(2)
    rig.cancel(3)
    #expect(rig.limiter.figures(at: 2 * second).waiting == [0, 0])
  }

  @Test("Settings that make no limiter say so without making one")
  func problem() {
    var settings = LimiterSettings(LimitRule(name: "a", per: .appAndCaller), apps: 64, callers: 256)
    #expect(settings.problem == nil)
    settings.rules = Array(repeating: settings.rules[0], count: 64)
    #expect(settings.problem == .tooManyKeys(65 * 64 * 256 * 2))
    settings.rules += settings.rules
    #expect(settings.problem == .tooManyRules(128))
    #expect(throws: LimiterProblem.tooManyRules(128)) { _ = try Limiter(settings) }
  }
}
