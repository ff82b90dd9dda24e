import Testing

@testable import RateLimiting

@Suite("A quota cell")
struct QuotaCellTests {
  @Test(
    "takes the burst at once, then one call each interval, without drift",
    arguments: [
      (1, 3600 * second, 1), (100, 60 * second, 20), (3, second, 1), (7, second, 5),
      (1_000_000, second, 1), (1_000_000, second, 1000), (1, 86_400 * second, 1_000_000),
      (999_983, 86_400 * second, 17), (1, millisecond, 3),
    ])
  func pace(count: Int, period: Int64, burst: Int) {
    let quota = Quota(count: Int64(count), period: period, burst: Int64(burst))
    var cell = QuotaCell()
    let start: Int64 = 123_456_789
    for taken in 0..<min(quota.burst, 5000) {
      #expect(cell.remaining(quota, at: start) == quota.burst - taken)
      #expect(cell.take(quota, at: start) == 0)
    }
    for _ in min(quota.burst, 5000)..<quota.burst { cell.spend(quota, at: start) }
    #expect(cell.remaining(quota, at: start) == 0)
    // The nth call after the burst conforms at exactly the ceiling of n * period / count.
    for n in 1...5000 {
      let due = start + Int64((Int128(period) * Int128(n) + Int128(count) - 1) / Int128(count))
      #expect(cell.wait(quota, at: due - 1) == 1)
      #expect(cell.take(quota, at: due) == 0)
    }
  }

  @Test("predicts the wait behind others exactly", arguments: 0..<20 as Range<UInt64>)
  func prediction(seed: UInt64) {
    var random = SplitMix64(state: seed)
    for _ in 0..<200 {
      let quota = Quota(
        count: .random(in: 1...1000, using: &random),
        period: .random(in: 1...second, using: &random),
        burst: .random(in: 1...30, using: &random))
      var cell = QuotaCell()
      for _ in 0..<Int.random(in: 0...40, using: &random) { cell.spend(quota, at: 0) }
      let now = Int64.random(in: 0...second, using: &random)
      let ahead = Int64.random(in: 0...50, using: &random)
      let predicted = cell.wait(quota, ahead: ahead, at: now)
      var time = now
      for _ in 0..<ahead {
        time += cell.wait(quota, at: time)
        cell.spend(quota, at: time)
      }
      #expect(predicted == time + cell.wait(quota, at: time) - now)
    }
  }

  @Test(
    "never takes more than rate * time + burst in any window, over 100,000 random arrivals",
    arguments: [
      (100, 60 * second, 20), (1, 3600 * second, 3), (7, second, 1), (999_983, second, 64),
    ])
  func anyWindow(count: Int, period: Int64, burst: Int) {
    let quota = Quota(count: Int64(count), period: period, burst: Int64(burst))
    var random = SplitMix64(state: UInt64(count))
    var cell = QuotaCell()
    var now: Int64 = 0
    var taken = 0
    var slack = Int128.max
    for _ in 0..<100_000 {
      // On average four arrivals for each call of the quota, in bursts.
      if Int.random(in: 0..<8, using: &random) == 0 {
        now += Int64.random(in: 0...(period / Int64(count) * 4), using: &random)
      }
      // The window from call i to call j has j - i + 1 calls. It is enough to compare each call with the tightest
      // beginning so far: the smallest value of i - rate * time(i).
      let used = Int128(taken) * Int128(period) - Int128(now) * Int128(count)
      let inWindow = used - min(slack, used)
      if cell.take(quota, at: now) == 0 {
        #expect(inWindow <= Int128(burst - 1) * Int128(period) + Int128(count))
        slack = min(slack, used)
        taken += 1
      } else {
        // It does not refuse needlessly either.
        #expect(inWindow > Int128(burst - 1) * Int128(period) - Int128(count))
      }
    }
    #expect(taken > 1000)
  }

  @Test("is divided among replicas exactly in rate, and down in burst, but never below one")
  func replicas() {
    let quota = Quota(count: 100, period: 60 * second, burst: 20)
    #expect(quota.divided(among: 3) == Quota(count: 100, period: 180 * second, burst: 6))
    #expect(quota.divided(among: 50).burst == 1)
    #expect(quota.divided(among: 1) == quota)
    #expect(
      Quota(count: 1, period: Quota.longestPeriod, burst: 1).divided(among: 1000).period
        == Quota.longestPeriod)
  }
}
