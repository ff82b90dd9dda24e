import Testing

@testable import RateLimiting

@Suite("Other limits while calls are under way")
struct LimiterAdoptTests {
  private static func rate(
    _ count: Int, burst: Int, name: String = "a", excess: LimitRule.Excess = .refuse
  ) -> LimitRule {
    LimitRule(
      name: name, per: .app, rate: .perMinute(count), burst: burst, onExceed: excess,
      maxWait: 60 * second)
  }

  private static func admitted(_ rig: LimiterRig, of count: Int, from first: UInt64 = 0) -> Int {
    (0..<UInt64(count)).count { rig.offer(first + $0) == .admitted }
  }

  @Test(
    "What was used stays used under another rate: a reload gives no burst away",
    arguments: [(5, 0), (10, 0), (20, 10), (40, 30)])
  func used(burst: Int, left: Int) throws {
    let rig = try LimiterRig(LimiterSettings(Self.rate(60, burst: 10)))
    #expect(Self.admitted(rig, of: 20) == 10)
    try rig.adopt(LimiterSettings(Self.rate(120, burst: burst)))
    #expect(Self.admitted(rig, of: 50, from: 100) == left)
  }

  @Test("A call comes back at the new pace, from the moment of the change on")
  func pace() throws {
    let rig = try LimiterRig(LimiterSettings(Self.rate(60, burst: 10)))
    #expect(Self.admitted(rig, of: 20) == 10)
    rig.run(until: 2 * second)
    try rig.adopt(LimiterSettings(Self.rate(600, burst: 10)))
    // Two at sixty per minute, then ten per second.
    rig.run(until: 2 * second + 300 * millisecond)
    #expect(Self.admitted(rig, of: 20, from: 100) == 5)
  }

  @Test("Twenty reloads in ten seconds admit no more than the rate and one burst")
  func often() throws {
    let rule = LimitRule(
      name: "a", per: .app, rate: .perSecond(100), burst: 20, onExceed: .refuse)
    let rig = try LimiterRig(LimiterSettings(rule))
    var count = 0
    for step in 0..<10_000 as Range<Int64> {
      rig.run(until: step * millisecond)
      if step % 500 == 250 { try rig.adopt(LimiterSettings(rule)) }
      if rig.offer(UInt64(step)) == .admitted { count += 1 }
    }
    #expect(count <= 1020 && count >= 1018)
  }

  @Test("Calls that wait keep their order, and start at the pace of the new rate")
  func waiting() throws {
    let rig = try LimiterRig(LimiterSettings(Self.rate(60, burst: 1, excess: .queue)))
    for tag in 0..<4 as Range<UInt64> { rig.offer(tag) }
    try rig.adopt(LimiterSettings(Self.rate(600, burst: 1, excess: .queue)))
    rig.run(until: second)
    #expect(rig.starts.map(\.tag) == [0, 1, 2, 3])
    #expect(rig.starts.map(\.at) == [0, 100, 200, 300].map { $0 * millisecond })
  }

  @Test("A limit that is gone keeps nobody waiting, and a call under way gives its place back")
  func gone() throws {
    let limit = LimitRule(name: "a", per: .app, concurrency: 1, maxWait: 60 * second)
    let rig = try LimiterRig(LimiterSettings(limit))
    for tag in 0..<3 as Range<UInt64> { rig.offer(tag) }
    try rig.adopt(LimiterSettings(limit.leaving()))
    #expect(rig.underWay == [0, 1, 2])
    #expect(rig.limiter.buckets.map(\.inUse).max() == 3)
    rig.finishAll()
    #expect(rig.limiter.buckets.allSatisfy { $0.inUse == 0 })
    let isIdle = rig.limiter.isIdle
    #expect(isIdle)
  }

  @Test("Calls under way count for a limit on them that is changed, lifted, and set again")
  func concurrency() throws {
    func settings(_ places: Int?) -> LimiterSettings {
      LimiterSettings(
        LimitRule(
          name: "a", per: .app, rate: .perSecond(1000), burst: 1000, concurrency: places,
          onExceed: .refuse))
    }
    let rig = try LimiterRig(settings(3))
    for tag in 0..<3 as Range<UInt64> { #expect(rig.offer(tag) == .admitted) }
    try rig.adopt(settings(2))
    rig.finish(0)
    #expect(rig.offer(10) != .admitted)
    try rig.adopt(settings(nil))
    #expect(rig.offer(11) == .admitted)
    try rig.adopt(settings(3))
    // Two of the first limit, and the call that arrived while the number was unlimited.
    #expect(rig.offer(12) != .admitted)
    rig.finishAll()
    #expect(rig.limiter.buckets.allSatisfy { $0.inUse == 0 })
  }

  @Test("A limit that begins to count calls under way does not miss those it never counted")
  func countedAnew() throws {
    let before = LimitRule(name: "a", per: .app, rate: .perSecond(10), burst: 1, maxWait: second)
    var after = before
    after.concurrency = 5
    let rig = try LimiterRig(LimiterSettings(before))
    rig.offer(0)
    rig.offer(1)
    // The second call may start, but its loop does not know yet.
    rig.now = 100 * millisecond
    rig.limiter.advance(to: rig.now)
    try rig.adopt(LimiterSettings(after))
    #expect(rig.underWay == [0, 1])
    rig.finishAll()
    #expect(rig.limiter.buckets.allSatisfy { $0.inUse == 0 })
  }

  @Test("A number that stands for something else has used nothing, and everything else has")
  func renewed() throws {
    let rules = [Self.rate(60, burst: 5), Self.rate(60, burst: 5, name: "b")]
    let settings = LimiterSettings(rules: rules, appCount: 2, callerCount: 1)
    let rig = try LimiterRig(settings)
    for app in 0..<2 {
      for tag in 0..<5 as Range<UInt64> {
        #expect(rig.offer(UInt64(app * 10) + tag, app: app) == .admitted)
      }
    }
    try rig.adopt(settings, LimiterChange(apps: [0]))
    #expect(rig.offer(100, app: 0) == .admitted)
    #expect(rig.offer(101, app: 1) != .admitted)
    try rig.adopt(settings, LimiterChange(limits: [0]))
    // The other limit still applies.
    #expect(rig.offer(102, app: 1) != .admitted)
    try rig.adopt(settings, LimiterChange(limits: [0, 1]))
    #expect(rig.offer(103, app: 1) == .admitted)
  }

  @Test("What all share is not forgotten with an app or a caller")
  func shared() throws {
    var rule = Self.rate(60, burst: 5)
    rule.per = .gateway
    let settings = LimiterSettings(rules: [rule], appCount: 1, callerCount: 1)
    let rig = try LimiterRig(settings)
    #expect(Self.admitted(rig, of: 5) == 5)
    try rig.adopt(settings, LimiterChange(apps: [0], callers: [0]))
    #expect(rig.offer(100) != .admitted)
  }

  @Test("A pause that the upstream asked for goes on, whatever limits come and go before it")
  func pause() throws {
    let rig = try LimiterRig(LimiterSettings(apps: 2))
    rig.limiter.upstreamAnswered(
      LimitedRequest(app: 1, caller: 0, operation: 0), status: 429, retryAfter: 2 * second,
      startedAt: 0, at: 0)
    rig.offer(0, app: 1)
    try rig.adopt(LimiterSettings(Self.rate(60, burst: 5), apps: 3))
    #expect(rig.offer(1, app: 0) == .admitted)
    rig.offer(2, app: 1)
    #expect(rig.starts.map(\.tag) == [1])
    rig.run(until: 30 * second)
    #expect(rig.starts.map(\.tag) == [1, 0, 2])
    #expect(rig.starts[1].at == 2 * second)
  }

  @Test("An operator ends a pause: what waits for it starts, and nothing slows the app any more")
  func resume() throws {
    let rig = try LimiterRig(LimiterSettings(apps: 2))
    for app in 0..<2 {
      rig.limiter.upstreamAnswered(
        LimitedRequest(app: app, caller: 0, operation: 0), status: 429, retryAfter: 3 * second,
        startedAt: 0, at: 0)
      rig.offer(UInt64(app), app: app)
    }
    #expect(rig.starts.isEmpty)
    let hasPaused = rig.limiter.resume(app: 1, at: rig.now)
    #expect(hasPaused)
    rig.takeDue()
    #expect(rig.starts.map(\.tag) == [1])
    for tag in 10..<40 as Range<UInt64> { #expect(rig.offer(tag, app: 1) == .admitted) }
    let isStillPaused = rig.limiter.resume(app: 1, at: rig.now)
    #expect(!isStillPaused)
    #expect(rig.offer(99, app: 0) != .admitted)
  }
}
