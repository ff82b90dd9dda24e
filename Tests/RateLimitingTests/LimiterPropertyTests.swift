import Testing

@testable import RateLimiting

@Suite("The limiter, whatever happens")
struct LimiterPropertyTests {
  /// Three kinds of limit for the same calls, so that many calls need several at once.
  static let rules = [
    LimitRule(
      name: "app", per: .app, operations: .only(0, 1, 2), rate: .perSecond(20), burst: 5,
      concurrency: 4, maxWait: 3 * second, maxQueue: 50),
    LimitRule(
      name: "caller", per: .appAndCaller, operations: .only(1, 2, 3), rate: .perSecond(7), burst: 2,
      maxWait: 4 * second, maxQueue: 20),
    LimitRule(
      name: "slots", per: .gateway, operations: .only(2, 3), concurrency: 3, maxWait: 2 * second),
    LimitRule(name: "trial", per: .caller, rate: .perSecond(3), concurrency: 2, onExceed: .shadow),
    LimitRule(
      name: "hard", per: .caller, operations: .only(3), rate: .perSecond(5), onExceed: .refuse),
  ]

  @Test(
    "no order of events leaks a permit, forgets a caller, keeps one too long or lets too many start",
    arguments: 0..<60 as Range<UInt64>, [false, true])
  func invariants(seed: UInt64, reloads: Bool) throws {
    var random = SplitMix64(state: seed)
    let settings = LimiterSettings(
      rules: Self.rules, appCount: 2, callerCount: 3, callerWeights: [1, 2, 3])
    let rig = try LimiterRig(settings)
    var calls: [(app: Int, caller: Int, operation: UInt8, at: Int64)] = []
    var pauses: [(app: Int, from: Int64, until: Int64)] = []
    for step in 0..<1500 {
      if reloads, step % 10 == 0 { try rig.adopt(settings) }
      rig.run(until: rig.now + Int64.random(in: 0...(20 * millisecond), using: &random))
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<60:
        let call = (
          app: Int.random(in: 0..<2, using: &random), caller: Int.random(in: 0..<3, using: &random),
          operation: UInt8.random(in: 0..<5, using: &random), at: rig.now
        )
        calls.append(call)
        rig.offer(
          UInt64(calls.count - 1), app: call.app, caller: call.caller, operation: call.operation,
          CallPriority.allCases.randomElement(using: &random)!)
      case 60..<88:
        if let tag = rig.underWay.randomElement(using: &random) { rig.finish(tag) }
      case 88..<98:
        if let tag = rig.tickets.keys.sorted().randomElement(using: &random) { rig.cancel(tag) }
      default:
        let app = Int.random(in: 0..<2, using: &random)
        let delay = Int64.random(in: 0...second, using: &random)
        rig.limiter.upstreamAnswered(
          LimitedRequest(app: app, caller: 0, operation: 0), status: 429, retryAfter: delay,
          startedAt: rig.now, at: rig.now)
        pauses.append((app, rig.now, rig.now + delay))
      }
      for app in 0..<2 {
        #expect(
          rig.underWay.filter { calls[Int($0)].app == app && calls[Int($0)].operation < 3 }.count
            <= 4)
      }
      #expect(rig.underWay.filter { [2, 3].contains(calls[Int($0)].operation) }.count <= 3)
    }
    // No call is forgotten: once calls end and time passes, every call has been answered.
    for _ in 0..<400 where rig.limiter.waiting > 0 {
      rig.finishAll()
      rig.run(until: rig.now + second / 4)
    }
    #expect(rig.limiter.waiting == 0)
    #expect(rig.tickets.isEmpty)
    rig.finishAll()
    for bucket in rig.limiter.buckets {
      #expect(bucket.inUse == 0)
      #expect(bucket.claim == Waiter.none)
    }
    #expect(rig.limiter.nextDue == .max)
    check(rig.starts.map { (calls[Int($0.tag)], $0.at) }, pauses)
  }

  private func check(
    _ starts: [((app: Int, caller: Int, operation: UInt8, at: Int64), Int64)],
    _ pauses: [(app: Int, from: Int64, until: Int64)]
  ) {
    for app in 0..<2 {
      expectRate(starts.filter { $0.0.app == app && $0.0.operation < 3 }.map(\.1), 20, burst: 5)
      for caller in 0..<3 {
        let own = starts.filter {
          $0.0.app == app && $0.0.caller == caller && (1...3).contains($0.0.operation)
        }
        expectRate(own.map(\.1), 7, burst: 2)
      }
    }
    for pause in pauses {
      let during = starts.filter {
        $0.0.app == pause.app && $0.1 > pause.from && $0.1 < pause.until
      }
      #expect(during.isEmpty, "a pause stops every call of its app")
    }
  }

  private func expectRate(_ times: [Int64], _ perSecond: Int64, burst: Int64) {
    var slack = Int64.max
    for (index, time) in times.enumerated() {
      let used = Int64(index) * second - time * perSecond
      slack = min(slack, used)
      #expect(used - slack <= (burst - 1) * second + perSecond)
    }
  }
}
