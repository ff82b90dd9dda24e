@testable import Fleet

let millisecond: Int64 = 1_000_000
let second: Int64 = 1_000_000_000

/// A reproducible source of random numbers (Steele, Lea and Flood).
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The load of gateways, and the disturbances.
struct FleetWorld {
  /// Calls per second of each gateway.
  var demand: [Double]
  /// The terms of the limit. If there are two, gateways change from one to the other one by one.
  var terms: [LeaseTerms]
  /// Whether calls that cannot start at once wait. Otherwise they are refused.
  var queues = true
  /// How long a call is in progress, in nanoseconds.
  var callTime: ClosedRange<Int64> = 0...0
  /// The part of messages that are lost, in each direction.
  var lost = 0.0
  /// The transmission time of messages in nanoseconds.
  var delay: ClosedRange<Int64> = 200_000...2_000_000
  /// How much faster or slower a gateway's clock runs, at most.
  var drift = 0.0
  // Events per gateway and second: it is killed, it leaves, its link to the store is cut, it changes to the other
  // terms.
  var killed = 0.0
  var leaving = 0.0
  var cut = 0.0
  var changing = 0.0
  /// How long a gateway is away, or its link is cut, in nanoseconds.
  var away: ClosedRange<Int64> = 0...0
  // Events of the store per second: its clock jumps back, its clock jumps ahead, it is unreachable, it loses all its
  // data, a replica without the last writes takes over.
  var jumps = 0.0
  var leaps = 0.0
  var outages = 0.0
  var wipes = 0.0
  var takeovers = 0.0
  /// How far the store's clock jumps ahead, in nanoseconds.
  var leap: ClosedRange<Int64> = 60_000_000_000...60_000_000_000

  /// The theme of a world, chosen by its seed.
  enum Kind: UInt64, CaseIterable {
    case disturbed, comingAndGoing, underWay, leaping, forgetting, rolledOut, takenOver, calm
  }

  static func kind(_ seed: UInt64) -> Kind {
    Kind(rawValue: seed % UInt64(Kind.allCases.count)) ?? .calm
  }

  /// The world of this seed.
  static func of(_ seed: UInt64) -> FleetWorld {
    var random = SplitMix64(state: seed &* 77)
    let kind = kind(seed)
    func one<Value>(of values: [Value]) -> Value {
      values[Int(random.next() % UInt64(values.count))]
    }
    func terms() -> LeaseTerms {
      LeaseTerms(
        count: one(of: [1, 10, 100, 1000]), period: one(of: [second, second, 60 * second]),
        burst: one(of: [1, 2, 5, 20, 100]), places: kind == .underWay ? one(of: [1, 3, 6, 40]) : 0,
        content: "x")
    }
    var limit = terms()
    if kind == .underWay, one(of: [true, false]) { (limit.count, limit.burst) = (0, 0) }
    let rate =
      limit.count > 0 ? Double(limit.count) * Double(second) / Double(limit.period) : 30
    let gateways = one(of: [1, 2, 3, 4, 5, 6, 7])
    var world = FleetWorld(
      demand: (0..<gateways).map { _ in rate * one(of: [0, 0.1, 0.3, 1, 3]) }, terms: [limit])
    world.queues = one(of: [true, true, false])
    if kind == .underWay { world.callTime = 0...(one(of: [50, 500, 5_000]) * millisecond) }
    guard kind != .calm else { return world }
    world.lost = one(of: [0, 0.02, 0.3])
    world.delay = 200_000...(one(of: [1, 20, 600, 3_000]) * millisecond)
    world.drift = one(of: [0, 0.01, 0.024])
    world.cut = one(of: [0, 0.05, 0.2])
    world.away = 0...(one(of: [500, 3_000, 8_000]) * millisecond)
    // No gateway starts after a jump ahead.
    if kind != .leaping {
      world.killed = one(of: [0, 0.05, 0.3])
      world.leaving = one(of: [0, 0.05, 0.3])
      world.jumps = one(of: [0, 0.2])
    }
    switch kind {
    case .leaping:
      world.leaps = one(of: [0.1, 0.5, 2])
      world.leap = one(of: [0...(90 * millisecond), 0...(3 * second), 0...(300 * second)])
      world.drift = one(of: [0, 0.01])
    case .forgetting:
      world.outages = one(of: [0, 0.2])
      world.wipes = one(of: [0.05, 0.3])
    case .takenOver:
      world.takeovers = 0.1
    case .rolledOut:
      var other = terms()
      other.content = "y"
      world.terms.append(other)
      world.changing = one(of: [0.05, 0.3])
    case .disturbed, .comingAndGoing, .underWay, .calm: break
    }
    return world
  }

  /// The same gateways without disturbances.
  var afterwards: FleetWorld {
    var world = FleetWorld(demand: demand, terms: terms)
    (world.queues, world.callTime, world.drift) = (queues, callTime, drift)
    return world
  }
}
