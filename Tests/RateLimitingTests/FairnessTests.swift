import Testing

@testable import RateLimiting

@Suite("The fair queue")
struct FairnessTests {
  @Test(
    "gives nine callers their share within 5 %, and a wait below one round, beside one that sends 100 times as much"
  )
  func greedyCaller() throws {
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "app", per: .app, rate: .perSecond(100), burst: 1, maxWait: 1000 * second,
          maxQueue: 10_000), callers: 10))
    // Each of nine callers makes 9 calls per second, slightly less than its share of 10. The tenth makes 900.
    var tag: UInt64 = 0
    var owner: [Int] = []
    for tick in 0..<(10 * 900) {
      rig.run(until: Int64(tick) * second / 900)
      rig.offer(tag, caller: 9)
      owner.append(9)
      tag += 1
      if tick % 100 < 9 {
        rig.offer(tag, caller: tick % 100)
        owner.append(tick % 100)
        tag += 1
      }
    }
    rig.run(until: 10 * second)
    var served = Array(repeating: 0, count: 10)
    var longest: Int64 = 0
    for start in rig.starts {
      let caller = owner[Int(start.tag)]
      served[caller] += 1
      if caller < 9 { longest = max(longest, start.waited) }
    }
    for caller in 0..<9 { #expect(abs(served[caller] - 90) <= 90 / 20) }
    #expect(served.reduce(0, +) >= 999, "nothing of the rate is wasted")
    // A round of ten callers takes 100 ms.
    #expect(longest <= 100 * millisecond)
  }

  @Test("serves callers that always wait in proportion to their weights")
  func weights() throws {
    let rule = LimitRule(
      name: "app", per: .app, rate: .perSecond(100), maxWait: 1000 * second, maxQueue: 10_000)
    let weights = [1, 2, 5]
    let rig = try LimiterRig(
      LimiterSettings(rules: [rule], appCount: 1, callerCount: 3, callerWeights: weights))
    for tag in 0..<3000 as Range<UInt64> { rig.offer(tag, caller: Int(tag % 3)) }
    rig.run(until: 8 * second)
    var served = [0, 0, 0]
    for start in rig.starts { served[Int(start.tag % 3)] += 1 }
    for caller in 0..<3 { #expect(abs(served[caller] - 100 * weights[caller]) <= 8) }
    // First come, first served within each caller.
    for caller in 0..<3 as Range<UInt64> {
      let tags = rig.starts.map(\.tag).filter { $0 % 3 == caller }
      #expect(tags == tags.sorted())
    }
  }

  @Test("lets interactive calls go first and yet gives batch calls one turn in five")
  func priorities() throws {
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "app", per: .app, rate: .perSecond(100), maxWait: 1000 * second, maxQueue: 10_000)))
    for tag in 0..<2000 as Range<UInt64> { rig.offer(tag, tag % 2 == 0 ? .batch : .interactive) }
    rig.run(until: 5 * second)
    let batch = rig.starts.filter { $0.tag % 2 == 0 }.count
    #expect(rig.starts.count == 501)
    #expect(abs(batch - 100) <= 1)
    // Without interactive calls, batch calls get the whole rate.
    rig.run(until: 20 * second)
    #expect(rig.starts.count == 2000)
  }

  @Test("starves no call that needs two scarce quotas, while others keep each of them busy")
  func twoScarceQuotas() throws {
    let rig = try LimiterRig(
      LimiterSettings(
        LimitRule(
          name: "a", per: .app, operations: .only(0, 2), rate: .perSecond(10),
          maxWait: 1000 * second,
          maxQueue: 10_000),
        LimitRule(
          name: "b", per: .app, operations: .only(1, 2), rate: .perSecond(10),
          maxWait: 1000 * second,
          maxQueue: 10_000), callers: 3))
    // The two limits admit calls at different instants, and each has a queue that never empties.
    rig.offer(0, caller: 0, operation: 0)
    rig.run(until: second / 20)
    rig.offer(1, caller: 1, operation: 1)
    for tag in 2..<1000 as Range<UInt64> {
      rig.offer(tag, caller: Int(tag % 2), operation: UInt8(tag % 2))
    }
    for tag in 1000..<1010 as Range<UInt64> { rig.offer(tag, caller: 2, operation: 2) }
    rig.run(until: 10 * second)
    let both = rig.starts.filter { $0.tag >= 1000 }
    #expect(both.map(\.tag) == Array(1000..<1010))
    // Their share of each limit is five per second. Waiting for both at worst halves it.
    #expect(both.allSatisfy { $0.at <= 5 * second })
    #expect(rig.starts.count >= 150, "the others go on meanwhile")
  }

  @Test("frees everything when 10,000 waiting calls are cancelled, with one alarm for all of them")
  func tenThousand() throws {
    let rule = LimitRule(
      name: "app", per: .app, rate: .perMinute(1), concurrency: 5, maxWait: 1_000_000 * second,
      maxQueue: 10_000)
    let rig = try LimiterRig(LimiterSettings(rules: [rule], appCount: 1, callerCount: 100))
    for tag in 0...10_000 as ClosedRange<UInt64> { rig.offer(tag, caller: Int(tag % 100)) }
    #expect(rig.limiter.waiting == 10_000)
    #expect(rig.limiter.alarms.count == 1)
    #expect(WaiterPool.bytesPerRecord == 120, "as the documentation says")
    var tags = Array(1...10_000 as ClosedRange<UInt64>)
    var random = SplitMix64(state: 7)
    tags.shuffle(using: &random)
    for tag in tags { rig.cancel(tag) }
    rig.finishAll()
    #expect(rig.limiter.waiting == 0)
    #expect(rig.limiter.nextDue == .max)
    #expect(rig.limiter.queues.count(0) == 0)
    // Records are reused: the next 10,000 use no more memory.
    let records = rig.limiter.queues.waiters.records.count
    for tag in 20_000..<30_000 as Range<UInt64> { rig.offer(tag) }
    #expect(rig.limiter.queues.waiters.records.count == records)
    for tag in 20_000..<30_000 as Range<UInt64> { rig.cancel(tag) }
  }
}
