import Testing

@testable import RateLimiting

@Suite("Shares of a limit") struct LimitShareTests {
  private static let key = ShareKey(limit: 0, app: 0, caller: 0)

  private static func rig(concurrency: Int? = nil) throws -> LimiterRig {
    var rule = LimitRule(
      name: "l", per: .app, rate: .perSecond(10), burst: 10, concurrency: concurrency)
    rule.isShared = true
    return try LimiterRig(LimiterSettings(rule))
  }

  private static func share(_ count: Int64, burst: Int64, places: Int32? = nil) -> LimitShare {
    .part(quota: Quota(count: count, period: second, burst: burst), places: places)
  }

  @Test("Without a share calls wait, and start as soon as one has come")
  func waitsForTheShare() throws {
    let rig = try Self.rig()
    #expect(rig.offer(1) == .queued(LimitShare.notYetWait))
    _ = rig.limiter.setShare(Self.key, Self.share(5, burst: 2), moves: false, at: rig.now)
    rig.takeDue()
    #expect(rig.starts.map(\.tag) == [1])
    #expect(rig.offer(2) == .admitted)
    #expect(rig.offer(3) != .admitted)
  }

  @Test(
    "A share whose time is over lets nothing start, though nobody has come to take it away")
  func ends() throws {
    let rig = try Self.rig()
    _ = rig.limiter.setShare(
      Self.key, Self.share(10, burst: 10), moves: false, until: 2 * second, at: rig.now)
    rig.now = 2 * second - 1
    #expect(rig.offer(1) == .admitted)
    rig.now += 1
    #expect(rig.offer(2) != .admitted)
    let isTold = rig.limiter.hasNews
    #expect(isTold)
    // It was renewed at the last moment, and what it had used stays used.
    _ = rig.limiter.setShare(
      Self.key, Self.share(10, burst: 10), moves: true, until: 4 * second, at: rig.now)
    rig.takeDue()
    var isExtended = rig.limiter.extendShare(Self.key, until: 6 * second, at: rig.now)
    #expect(isExtended)
    rig.now = 5 * second
    #expect(rig.offer(3) == .admitted)
    rig.now = 6 * second
    #expect(rig.offer(4) != .admitted)
    isExtended = rig.limiter.extendShare(Self.key, until: 8 * second, at: rig.now)
    #expect(!isExtended)
    // Without an end it stays in force.
    _ = rig.limiter.setShare(Self.key, Self.share(10, burst: 10), moves: false, at: rig.now)
    rig.takeDue()
    rig.now = 3_600 * second
    #expect(rig.offer(5) == .admitted)
  }

  @Test("Calls that are refused are counted for each quota, at once and after a wait")
  func countsRefused() throws {
    var rule = LimitRule(
      name: "l", per: .app, rate: .perSecond(1), burst: 1, onExceed: .refuse)
    rule.isShared = true
    let rig = try LimiterRig(LimiterSettings(rule))
    _ = rig.limiter.setShare(Self.key, Self.share(1, burst: 1), moves: false, at: rig.now)
    for tag in 0..<4 as Range<UInt64> { rig.offer(tag) }
    let uses = rig.limiter.shareUses(at: rig.now, most: 9)
    #expect(uses.map(\.admitted) == [1] && uses.map(\.refused) == [3])
  }

  @Test("A closed limit refuses a call at once")
  func closed() throws {
    let rig = try Self.rig()
    _ = rig.limiter.setShare(Self.key, .closed, moves: false, at: rig.now)
    #expect(rig.offer(1) == .refused(.waitTooLong, retryAfter: 60))
  }

  @Test(
    "Burst that is given back comes without what was used of it, and the rest stays with the cell")
  func givesBack() throws {
    let rig = try Self.rig()
    _ = rig.limiter.setShare(Self.key, Self.share(10, burst: 10), moves: false, at: rig.now)
    for tag in 0..<6 as Range<UInt64> { #expect(rig.offer(tag) == .admitted) }
    let owed = rig.limiter.setShare(Self.key, Self.share(10, burst: 6), moves: true, at: rig.now)
    #expect(owed == 4000)
    // Two of six are used.
    let taken = (10..<20 as Range<UInt64>).count { rig.offer($0) == .admitted }
    #expect(taken == 4)
  }

  @Test("Burst that comes is there but for what is missing of it")
  func takesOver() throws {
    let rig = try Self.rig()
    _ = rig.limiter.setShare(Self.key, Self.share(10, burst: 2), moves: false, at: rig.now)
    _ = rig.limiter.setShare(
      Self.key, Self.share(10, burst: 8), moves: true, missing: 3000, at: rig.now)
    let taken = (0..<20 as Range<UInt64>).count { rig.offer($0) == .admitted }
    #expect(taken == 5)
  }

  @Test("What is used stays used when a share changes its rate")
  func staysUsed() throws {
    let rig = try Self.rig()
    _ = rig.limiter.setShare(Self.key, Self.share(10, burst: 4), moves: false, at: rig.now)
    for tag in 0..<4 as Range<UInt64> { #expect(rig.offer(tag) == .admitted) }
    _ = rig.limiter.setShare(Self.key, Self.share(1, burst: 4), moves: true, at: rig.now)
    #expect(rig.offer(9) == .queued(second))
  }

  @Test(
    "A gateway that had no calls lets them wait for the share that they bring, instead of refusing them"
  )
  func predicts() throws {
    let rig = try Self.rig()
    _ = rig.limiter.setShare(
      Self.key, .part(quota: Quota(count: 1, period: 60 * second, burst: 1), places: nil), of: 2,
      moves: false, at: rig.now)
    #expect(rig.offer(0) == .admitted)
    // Half of ten per second, half a second later.
    for tag in 1..<20 as Range<UInt64> {
      guard case .queued(let wait) = rig.offer(tag) else {
        Issue.record("call \(tag) is refused")
        return
      }
      #expect(wait < 5 * second)
    }
  }

  @Test("Places of calls under way beyond a smaller share are kept until those calls end")
  func places() throws {
    let rig = try Self.rig(concurrency: 8)
    _ = rig.limiter.setShare(
      Self.key, Self.share(10, burst: 10, places: 3), moves: false, at: rig.now)
    for tag in 0..<3 as Range<UInt64> { #expect(rig.offer(tag) == .admitted) }
    #expect(rig.offer(3) != .admitted)
    let uses = rig.limiter.shareUses(at: rig.now, most: 10)
    #expect(uses.map(\.inUse) == [3])
    _ = rig.limiter.setShare(
      Self.key, Self.share(10, burst: 10, places: 2), moves: true, at: rig.now)
    // One call ends. Two are still in progress, which is the maximum.
    rig.finish(0)
    #expect(rig.underWay == [1, 2])
    rig.finish(1)
    #expect(rig.underWay == [2, 3])
    rig.finishAll()
  }

  @Test(
    "Another configuration of the same limit leaves the share as it is; another limit begins without one"
  )
  func adopts() throws {
    let rig = try Self.rig()
    _ = rig.limiter.setShare(Self.key, Self.share(5, burst: 2), moves: false, at: rig.now)
    var rule = LimitRule(name: "l", per: .app, rate: .perSecond(10), burst: 10)
    rule.isShared = true
    try rig.limiter.adopt(LimiterSettings(rule), LimiterChange(), at: rig.now)
    #expect(rig.offer(1) == .admitted)
    rule.burst = 9
    try rig.limiter.adopt(LimiterSettings(rule), LimiterChange(), at: rig.now)
    #expect(rig.offer(2) == .queued(LimitShare.notYetWait))
  }

  @Test("A pause that another gateway was told to make stops calls here, once")
  func joinsPauses() throws {
    let rig = try LimiterRig(LimiterSettings(apps: 2))
    let pause = PauseView(app: 0, service: nil, remaining: 3 * second, level: 8)
    let isNews = [
      rig.limiter.joinPause(pause, at: rig.now), rig.limiter.joinPause(pause, at: rig.now),
    ]
    #expect(isNews == [true, false])
    #expect(rig.offer(1) == .queued(3 * second))
    #expect(rig.offer(2, app: 1) == .admitted)
    let pauses = rig.limiter.activePauses(at: rig.now)
    #expect(pauses == [pause])
  }
}
