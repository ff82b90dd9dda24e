internal import RateLimiting

/// How many calls a gateway has for a limit, from how it used its share so far.
struct DemandEstimate: Equatable, Sendable {
  /// Calls of about this long count, nanoseconds.
  private static let memory: Int64 = 1_000_000_000
  /// Below so many thousandths of a call in a second nobody is there.
  private static let nothing: Int64 = 10

  private var seen: (calls: UInt64, refused: UInt64, at: Int64)?
  /// Thousandths of a call in a second, refused ones among them.
  private(set) var rate: Int64 = 0
  /// Calls wait, or were refused.
  private(set) var isHungry = false
  private(set) var waiting: Int64 = 0
  private(set) var places: Int64 = 0

  mutating func note(
    admitted: UInt64, refused: UInt64, waiting: Int, inUse: Int, at now: Int64
  ) {
    let all = admitted &+ refused
    var isRefused = false
    if let seen, now > seen.at {
      // A reload begins to count anew.
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

  /// What to ask for, thousandths of a call in a second, when it has `share` of them.
  func want(share: Int64) -> Int64 {
    let even = rate + rate / 10
    // Those that wait want to start within a second.
    return isHungry ? max(even + waiting * 1000, share) : even
  }

  static func == (a: DemandEstimate, b: DemandEstimate) -> Bool {
    a.rate == b.rate && a.waiting == b.waiting && a.places == b.places && a.isHungry == b.isHungry
      && a.seen?.calls == b.seen?.calls && a.seen?.at == b.seen?.at
  }
}
