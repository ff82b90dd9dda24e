internal import RateLimiting

/// How many calls a gateway has for a limit, estimated from how it has used its share so far.
struct DemandEstimate: Equatable, Sendable {
  /// About how long past calls count, in nanoseconds.
  private static let memory: Int64 = 1_000_000_000
  /// Below this rate, in thousandths of a call per second, there is no demand.
  private static let nothing: Int64 = 10

  private var seen: (calls: UInt64, refused: UInt64, at: Int64)?
  /// Thousandths of a call per second, including refused calls.
  private(set) var rate: Int64 = 0
  /// Whether calls wait or were refused.
  private(set) var isHungry = false
  private(set) var waiting: Int64 = 0
  private(set) var places: Int64 = 0

  mutating func note(
    admitted: UInt64, refused: UInt64, waiting: Int, inUse: Int, at now: Int64
  ) {
    let all = admitted &+ refused
    var isRefused = false
    if let seen, now > seen.at {
      // After a reload, counting starts at zero.
      let calls = all >= seen.calls ? all - seen.calls : all
      isRefused = refused != seen.refused
      let time = now - seen.at
      let present = Int64(clamping: Int128(calls) * 1_000_000_000_000 / Int128(time))
      let weight = (Int128(time) << 20) / Int128(time + DemandEstimate.memory)
      rate += Int64(clamping: ((Int128(present) - Int128(rate)) * weight) / (1 << 20))
      if calls == 0, rate < DemandEstimate.nothing { rate = 0 }
    }
    seen = (all, refused, now)
    self.waiting = Int64(waiting)
    places = Int64(inUse) + Int64(waiting)
    isHungry = waiting > 0 || isRefused
  }

  /// The rate to ask for, in thousandths of a call per second, if the gateway has `share` of them.
  func want(share: Int64) -> Int64 {
    let even = rate + rate / 10
    // Waiting calls should start within a second.
    return isHungry ? max(even + waiting * 1000, share) : even
  }

  static func == (a: DemandEstimate, b: DemandEstimate) -> Bool {
    a.rate == b.rate && a.waiting == b.waiting && a.places == b.places && a.isHungry == b.isHungry
      && a.seen?.calls == b.seen?.calls && a.seen?.at == b.seen?.at
  }
}
