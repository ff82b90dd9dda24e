import Testing

@testable import RateLimiting

@Suite("Limits that one process hands over to another")
struct LimiterSnapshotTests {
  private static func key(_ limit: Int?, app: Int = 0, caller: Int = 0) -> LimiterSnapshot.Key {
    LimiterSnapshot.Key(limit: limit, app: app, caller: caller)
  }

  /// Ends all calls, including those that start in the freed places.
  private static func end(_ rigs: LimiterRig...) {
    for rig in rigs {
      repeat {
        rig.finishAll()
        rig.run(until: rig.now + 600 * second)
      } while !rig.underWay.isEmpty
    }
  }

  @Test("What was used is used for the other process too, to the call")
  func rate() throws {
    let settings = LimiterSettings(
      LimitRule(name: "a", per: .app, rate: .perSecond(10), burst: 5, onExceed: .refuse))
    let old = try LimiterRig(settings)
    for tag in 0..<3 { #expect(old.offer(UInt64(tag)) == .admitted) }
    let new = try LimiterRig(settings)
    new.limiter.adopt(old.limiter.snapshot(at: old.now), at: 0)
    for tag in 0..<2 { #expect(new.offer(UInt64(tag)) == .admitted) }
    guard case .refused = new.offer(2) else {
      Issue.record("two of five were left")
      return
    }
  }

  @Test(
    "Calls that wait in the old process have the next calls of the quota, the new one's come after")
  func waiting() throws {
    let settings = LimiterSettings(
      LimitRule(name: "a", per: .app, rate: .perSecond(10), burst: 1, maxWait: 10 * second))
    let old = try LimiterRig(settings)
    for tag in 0..<4 { old.offer(UInt64(tag)) }
    let new = try LimiterRig(settings)
    new.limiter.adopt(old.limiter.snapshot(at: 0), at: 0)
    // The three calls of the old limiter wait until 100, 200 and 300 ms.
    #expect(new.offer(9) == .queued(400 * millisecond))
    old.run(until: second)
    new.run(until: second)
    #expect(old.starts.map(\.at) == [0, 100, 200, 300].map { $0 * millisecond })
    #expect(new.starts.map(\.at) == [400 * millisecond])
  }

  @Test(
    "Places of calls under way, and of those that wait for one, are free when the old process says so"
  )
  func concurrency() throws {
    let settings = LimiterSettings(
      LimitRule(name: "a", per: .app, concurrency: 3, maxWait: 100 * second))
    let old = try LimiterRig(settings)
    for tag in 0..<4 { old.offer(UInt64(tag)) }
    let snapshot = old.limiter.snapshot(at: 0)
    #expect(snapshot.used.map(\.underWay) == [4])
    let new = try LimiterRig(settings)
    new.limiter.adopt(snapshot, at: 0)
    new.offer(10)
    #expect(new.starts.isEmpty)
    let key = LimiterSnapshotTests.key(0)
    old.finish(0)
    #expect(old.limiter.underWay([key]) == [3], "the one that waited has the place")
    new.limiter.releaseForeign(key, count: 1, at: 0)
    new.takeDue()
    #expect(new.starts.isEmpty)
    old.finish(1)
    new.limiter.releaseForeign(key, count: 1, at: 0)
    new.takeDue()
    #expect(new.starts.map(\.tag) == [10])
    LimiterSnapshotTests.end(old, new)
  }

  @Test("A pause of the upstream goes on in the new process, to its end and through its recovery")
  func pause() throws {
    var settings = LimiterSettings(
      LimitRule(name: "a", per: .app, rate: .perSecond(100), burst: 10), apps: 2)
    settings.services = [0, 1]
    let old = try LimiterRig(settings)
    let request = LimitedRequest(app: 1, caller: 0, operation: 1)
    old.limiter.upstreamAnswered(
      request, status: 429, retryAfter: 3 * second, startedAt: 0, at: 0)
    let new = try LimiterRig(settings)
    new.limiter.adopt(old.limiter.snapshot(at: second), at: second)
    new.now = second
    #expect(new.offer(1, app: 1, operation: 1) == .queued(2 * second))
    #expect(new.offer(2, app: 1, operation: 0) == .admitted, "another service")
    #expect(new.offer(3, app: 0, operation: 1) == .admitted, "another app")
    new.run(until: 200 * second)
    #expect(new.starts.contains { $0.tag == 1 && $0.at == 3 * second })
    #expect(!new.limiter.snapshot(at: 200 * second).used.contains { $0.pause != nil })
    LimiterSnapshotTests.end(new)
  }

  @Test(
    "Keys that the new configuration does not have are passed over, as is what nobody could have sent"
  )
  func strangers() throws {
    let settings = LimiterSettings(
      LimitRule(name: "a", per: .appAndCaller, rate: .perSecond(10), burst: 1, onExceed: .refuse))
    let new = try LimiterRig(settings)
    var full = QuotaCell()
    for _ in 0..<9 { full.spend(new.limiter.limits[0].quota, at: 0) }
    let strangers = [
      LimiterSnapshotTests.key(1), LimiterSnapshotTests.key(7), LimiterSnapshotTests.key(-1),
      LimiterSnapshotTests.key(0, app: 5), LimiterSnapshotTests.key(0, app: -5, caller: 99),
      LimiterSnapshotTests.key(nil, app: 3),
    ]
    new.limiter.adopt(
      LimiterSnapshot(
        used: strangers.map {
          LimiterSnapshot.Used(
            key: $0, cell: full, underWay: 5,
            pause: .init(until: .max, level: 1, steppedAt: 0, loweredAt: 0, unsaid: 0))
        }), at: 0)
    #expect(new.offer(1) == .admitted)
    new.limiter.releaseForeign(LimiterSnapshotTests.key(0), count: 99, at: 0)
    #expect(
      new.limiter.underWay([LimiterSnapshotTests.key(0), LimiterSnapshotTests.key(4)]) == [0, 0])
    // An impossible time: limited to the end of the range, without a trap.
    #expect(QuotaCell(words: (.max, .max)).isUsed && !QuotaCell(words: (.min, 0)).isUsed)
    LimiterSnapshotTests.end(new)
  }

  /// A call that some process started, in the order of time.
  private struct Admitted {
    var at: Int64
    var ended: Int64?
  }

  @Test(
    "However often, and whenever, a limit is handed over, all processes together keep to it",
    arguments: 0..<40 as Range<UInt64>)
  func chain(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let rate = Int.random(in: 1...50, using: &random)
    let burst = Int.random(in: 1...20, using: &random)
    let places = Int.random(in: 1...8, using: &random)
    let settings = LimiterSettings(
      LimitRule(
        name: "rate", per: .app, rate: .perSecond(rate), burst: burst, maxWait: 600 * second),
      LimitRule(name: "places", per: .gateway, concurrency: places, maxWait: 600 * second))
    let keys = [LimiterSnapshotTests.key(1)]
    var processes = [try LimiterRig(settings)]
    // For each process, the calls of the previous one that it still counts.
    var foreign: [Int32] = [0]
    var now: Int64 = 0
    var tag: UInt64 = 0
    var longestWay = 0
    while processes.count < 20 || now < 20 * second {
      now += Int64.random(in: 0...(60 * millisecond), using: &random)
      for process in processes { process.run(until: now) }
      for process in processes {
        for call in process.underWay where Int.random(in: 0..<3, using: &random) == 0 {
          process.finish(call)
        }
      }
      // From time to time a process tells its successor how many calls it still has.
      for index in 1..<max(1, processes.count) where Bool.random(using: &random) {
        let left = processes[index - 1].limiter.underWay(keys)[0]
        processes[index].limiter.releaseForeign(keys[0], count: foreign[index] - left, at: now)
        processes[index].takeDue()
        foreign[index] = left
      }
      let sum = processes.reduce(0) { $0 + $1.underWay.count }
      longestWay = max(longestWay, sum)
      #expect(sum <= places, "more calls under way than the limit allows")
      if Bool.random(using: &random), let last = processes.last {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          tag += 1
          last.offer(tag)
        }
      }
      if processes.count < 20, Int.random(in: 0..<20, using: &random) == 0,
        let last = processes.last
      {
        let snapshot = last.limiter.snapshot(at: now)
        let next = try LimiterRig(settings)
        next.now = now
        next.limiter.adopt(snapshot, at: now)
        foreign.append(snapshot.used.first { $0.key == keys[0] }?.underWay ?? 0)
        processes.append(next)
      }
      #expect(processes.reduce(0) { $0 + $1.underWay.count } <= places)
    }
    let starts = processes.flatMap { $0.starts.map(\.at) }.sorted()
    #expect(starts.count > 20 && longestWay > 0)
    // In total never more than the burst plus what the rate adds: exact, whatever was handed over when.
    for (index, at) in starts.enumerated() {
      let most = Int64(burst) + (at + 1) * Int64(rate) / second
      #expect(Int64(index + 1) <= most, "\(index + 1) calls by \(at) ns")
    }
    for process in processes { LimiterSnapshotTests.end(process) }
  }
}
