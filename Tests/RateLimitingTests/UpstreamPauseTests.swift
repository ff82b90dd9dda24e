import Testing

@testable import RateLimiting

@Suite("The upstream's pause")
struct UpstreamPauseTests {
  private func rig() throws -> LimiterRig {
    try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "app", per: .app, rate: .perSecond(16), burst: 16, maxWait: 5 * second,
          maxQueue: 1000),
        apps: 2))
  }

  @Test(
    "holds every call of the app for as long as it says, loses none, and then the rate grows step by step"
  )
  func holdsAndRamps() throws {
    let rig = try rig()
    for tag in 0..<16 as Range<UInt64> { rig.offer(tag) }
    var waiting = 0
    for tag in 100..<140 as Range<UInt64> {
      if case .queued = rig.offer(tag) { waiting += 1 }
    }
    rig.limiter.upstreamAnswered(
      LimitedRequest(app: 0, caller: 0, operation: 0), status: 429, retryAfter: 3 * second,
      startedAt: 0, at: rig.now)
    #expect(rig.offer(500, app: 1) == .admitted, "another app goes on")
    rig.run(until: 3 * second - 1)
    #expect(rig.starts.count == 17)
    #expect(rig.limiter.views(at: rig.now).compactMap(\.pausedUntil) == [3 * second, 3 * second])
    rig.run(until: 20 * second)
    #expect(rig.refusals.isEmpty)
    #expect(rig.starts.count == 17 + waiting)
    let after = rig.starts.suffix(waiting).map(\.at)
    // Half the rate in the first second, and a sixteenth more in each following one.
    #expect(after.filter { $0 < 4 * second }.count == 8)
    #expect(after.filter { (4 * second..<5 * second).contains($0) }.count == 9)
    #expect(after.filter { (5 * second..<6 * second).contains($0) }.count == 10)
    rig.finishAll()
    #expect(rig.limiter.activeUpstreams == 1, "until somebody looks")
    rig.offer(600)
    #expect(rig.limiter.activeUpstreams == 0)
    rig.finishAll()
  }

  /// Three services: operations 0 and 1, operation 2, and all others.
  private func services() throws -> LimiterRig {
    var settings = LimiterSettings(
      LimitRule(
        name: "app", per: .app, rate: .perSecond(16), burst: 16, maxWait: 5 * second,
        maxQueue: 1000),
      apps: 2)
    settings.services = (0..<256).map { $0 < 2 ? 0 : $0 == 2 ? 1 : 2 }
    return try LimiterRig(settings)
  }

  private func refuse(
    _ rig: LimiterRig, _ operation: UInt8, app: Int = 0, for seconds: Int64
  ) {
    rig.limiter.upstreamAnswered(
      LimitedRequest(app: app, caller: 0, operation: operation), status: 429,
      retryAfter: seconds * second, startedAt: rig.now, at: rig.now)
  }

  @Test("stops the service that was refused, and no other")
  func ofOneService() throws {
    let rig = try services()
    refuse(rig, 0, for: 3600)
    #expect(rig.offer(0, operation: 1) == .refused(.waitTooLong, retryAfter: 3600))
    #expect(rig.offer(1, operation: 2) == .admitted)
    #expect(rig.offer(2, operation: 9) == .admitted)
    #expect(rig.offer(3, operation: 255, isWrite: true) == .admitted)
    #expect(rig.offer(4, app: 1, operation: 0) == .admitted)
    let pauses = rig.limiter.figures(at: rig.now).pauses.filter { $0.level < 16 }
    #expect(
      pauses == [PauseView(app: 0, service: 0, remaining: 3600 * second, level: 8)])
    #expect(rig.limiter.views(at: rig.now).contains { $0.limit == nil && $0.service == 0 })
    rig.finishAll()
  }

  @Test("becomes the app's when a second service is refused meanwhile, for as long as both pause")
  func ofTheApp() throws {
    let rig = try services()
    refuse(rig, 0, for: 3600)
    refuse(rig, 0, for: 3600)
    #expect(rig.offer(0, operation: 9) == .admitted, "the same service again")
    refuse(rig, 2, for: 4)
    #expect(rig.offer(1, operation: 9) == .queued(4 * second))
    #expect(rig.offer(2, operation: 0) == .refused(.waitTooLong, retryAfter: 3600))
    #expect(rig.offer(3, app: 1, operation: 2) == .admitted)
    rig.run(until: 30 * second)
    #expect(rig.starts.contains { $0.tag == 1 && $0.at == 4 * second })
    #expect(rig.offer(4, operation: 9) == .admitted)
    #expect(rig.offer(5, operation: 2) == .admitted)
    #expect(rig.offer(6, operation: 0) == .refused(.waitTooLong, retryAfter: 3570))
    rig.finishAll()
  }

  @Test("of a service that nobody calls any more ends all the same")
  func ends() throws {
    let rig = try services()
    refuse(rig, 0, for: 2)
    #expect(rig.limiter.activeUpstreams == 1)
    rig.run(until: 60 * second)
    #expect(rig.offer(0, operation: 9) == .admitted)
    #expect(rig.limiter.activeUpstreams == 0)
    rig.finishAll()
  }

  @Test("is the app's where services would be too many keys")
  func tooManyKeys() throws {
    var settings = LimiterSettings(apps: 64, callers: 4096)
    settings.services = (0..<256).map { UInt8($0 % 13) }
    #expect(settings.problem == nil)
    let rig = try LimiterRig(settings)
    refuse(rig, 0, for: 3600)
    #expect(rig.offer(0, operation: 1) == .refused(.waitTooLong, retryAfter: 3600))
  }

  @Test("tells a call that comes during a long pause when to come again")
  func refusesDuringLongPause() throws {
    let rig = try rig()
    rig.limiter.upstreamAnswered(
      LimitedRequest(app: 0, caller: 0, operation: 0), status: 503, retryAfter: 60 * second,
      startedAt: 0, at: 0)
    #expect(rig.offer(0) == .refused(.waitTooLong, retryAfter: 60))
    #expect(rig.offer(1, app: 1) == .admitted)
    rig.finishAll()
  }

  @Test(
    "comes from a 429, or a 503 that says when to come back, and from nothing else",
    arguments: [
      (429, 3 * second as Int64?, 3 * second), (429, nil, second), (503, 2 * second, 2 * second),
      (503, nil, 0), (500, 3 * second, 0), (200, 3 * second, 0),
    ])
  func causes(status: Int, retryAfter: Int64?, expected: Int64) {
    var pause = UpstreamPause()
    let changed = pause.answered(
      status: status, retryAfter: retryAfter, startedAt: 0, RecoveryPolicy(), at: 0)
    #expect(changed == (expected > 0))
    #expect(max(0, pause.until) == expected)
    #expect(pause.level == (expected > 0 ? 8 : 16))
  }

  @Test("halves the rate once for all calls that were under way, and again for one sent later")
  func echoes() {
    let policy = RecoveryPolicy()
    var pause = UpstreamPause()
    for startedAt in 0..<10 as Range<Int64> {
      _ = pause.answered(status: 429, retryAfter: second, startedAt: startedAt, policy, at: 100)
    }
    #expect(pause.level == 8)
    _ = pause.answered(status: 429, retryAfter: nil, startedAt: 2 * second, policy, at: 2 * second)
    #expect(pause.level == 4)
    for _ in 0..<20 {
      _ = pause.answered(
        status: 429, retryAfter: nil, startedAt: pause.until + 1, policy, at: pause.until + 2)
    }
    #expect(pause.level == 1, "never nothing")
  }

  @Test("doubles a pause of our own making up to a minute, and forgets that after a recovery")
  func unsaidPauses() {
    let policy = RecoveryPolicy()
    var pause = UpstreamPause()
    var lengths: [Int64] = []
    var now: Int64 = 0
    for _ in 0..<8 {
      _ = pause.answered(status: 429, retryAfter: nil, startedAt: now, policy, at: now)
      lengths.append((pause.until - now) / second)
      now = pause.until + 1
    }
    #expect(lengths == [1, 2, 4, 8, 16, 32, 60, 60])
    now += 100 * second
    let recovered = pause.advance(policy, at: now)
    #expect(recovered)
    #expect(!pause.isActive)
    _ = pause.answered(status: 429, retryAfter: nil, startedAt: now, policy, at: now)
    #expect(pause.until == now + second)
  }

  @Test("is at most an hour, whatever the upstream asks")
  func bounded() {
    var pause = UpstreamPause()
    _ = pause.answered(status: 429, retryAfter: .max / 2, startedAt: 0, RecoveryPolicy(), at: 0)
    #expect(pause.until == 3600 * second)
  }
}
