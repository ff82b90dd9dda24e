internal import RateLimiting

/// How many calls a gateway has for a limit, from how it used its share so far.
struct DemandEstimate: Equatable, Sendable {
  /// Calls of about this long count, nanoseconds.
  private static let memory: Int64 = 1_000_000_000
  /// Below so many thousandths of a call in a second nobody is there.
  private static let nothing: Int64 = 10

  private var seen: (admitted: UInt64, at: Int64)?
  /// Thousandths of a call in a second.
  private(set) var rate: Int64 = 0
  /// Calls wait, or the next one would.
  private(set) var isHungry = false
  private(set) var waiting: Int64 = 0
  private(set) var places: Int64 = 0

  mutating func note(
    admitted: UInt64, waiting: Int, inUse: Int, isSpent: Bool, at now: Int64
  ) {
    if let seen, now > seen.at {
      // A reload begins to count anew.
      let calls = admitted >= seen.admitted ? admitted - seen.admitted : admitted
      let time = now - seen.at
      let present = Int64(clamping: Int128(calls) * 1_000_000_000_000 / Int128(time))
      let weight = (Int128(time) << 20) / Int128(time + DemandEstimate.memory)
      rate += Int64(clamping: ((Int128(present) - Int128(rate)) * weight) / (1 << 20))
      if calls == 0, rate < DemandEstimate.nothing { rate = 0 }
    }
    seen = (admitted, now)
    self.waiting = Int64(waiting)
    places = Int64(inUse) + Int64(waiting)
    isHungry = waiting > 0 || isSpent && rate > 0
  }

  /// What to ask for, thousandths of a call in a second, when it has `share` of them.
  func want(share: Int64) -> Int64 {
    let even = rate + rate / 10
    guard isHungry else { return even }
    // Those that wait want to start within a second. Where nobody may wait it is not known how many were refused.
    return waiting > 0 ? max(even + waiting * 1000, share) : max(even, share + share / 4)
  }

  static func == (a: DemandEstimate, b: DemandEstimate) -> Bool {
    a.rate == b.rate && a.waiting == b.waiting && a.places == b.places && a.isHungry == b.isHungry
      && a.seen?.admitted == b.seen?.admitted && a.seen?.at == b.seen?.at
  }
}
