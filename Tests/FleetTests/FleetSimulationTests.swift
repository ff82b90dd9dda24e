import Foundation
import Testing

@testable import Fleet

@Suite struct FleetSimulationTests {
  /// Seeded runs of each property; `FLEET_RUNS` in the environment for more.
  static let runs = ProcessInfo.processInfo.environment["FLEET_RUNS"].flatMap { Int($0) } ?? 200

  static func terms(_ seed: UInt64) -> LeaseTerms {
    var random = SplitMix64(state: seed &* 77)
    let count = [1, 10, 100, 1000].randomElement(using: &random)!
    let period = [second, 60 * second].randomElement(using: &random)!
    let burst = [1, 2, 5, 20, 100].randomElement(using: &random)!
    return LeaseTerms(
      count: Int64(count), period: period, burst: Int64(burst), places: 0, content: "x")
  }

  @Test("Whatever happens on the way, all gateways together keep to rate and burst in every window")
  func neverTooMany() {
    for run in 0..<Self.runs {
      let seed = UInt64(run)
      var random = SplitMix64(state: seed)
      let terms = Self.terms(seed)
      let rate = Double(terms.count) * Double(second) / Double(terms.period)
      var world = FleetSimulation.World(
        demand: (0..<Int.random(in: 1...7, using: &random)).map { _ in
          rate * [0, 0.1, 1, 3].randomElement(using: &random)!
        })
      world.lost = [0, 0.02, 0.3].randomElement(using: &random)!
      world.delay = 200_000...([1, 20, 600, 3000].randomElement(using: &random)! * millisecond)
      world.drift = [0, 0.01].randomElement(using: &random)!
      world.killed = [0, 0.05, 0.3].randomElement(using: &random)!
      world.jumps = [0, 0.2].randomElement(using: &random)!
      var simulation = FleetSimulation(terms, world, seed: seed)
      let result = simulation.run(20 * second)
      // A clock of one gateway that runs 1 % too fast fills its share 1 % too fast.
      let slack = 0.01 + (world.drift > 0 ? 20 * rate * world.drift : 0)
      #expect(result.fewestLeft > -slack, "seed \(seed): \(terms), \(world)")
    }
  }

  @Test("A store's clock that jumps ahead lets gateways that are there start no call too many")
  func leaps() {
    for run in 0..<Self.runs {
      let terms = Self.terms(UInt64(run))
      let rate = Double(terms.count) * Double(second) / Double(terms.period)
      var world = FleetSimulation.World(demand: [0, 0.3, 1, 3].map { $0 * rate })
      world.leaps = 0.2
      world.lost = 0.02
      var simulation = FleetSimulation(terms, world, seed: UInt64(run))
      let result = simulation.run(20 * second)
      #expect(result.fewestLeft > -0.01, "seed \(run): \(terms)")
    }
  }

  @Test(
    "With demand of 100:10:1:0:0 at least 95 % of the budget is used, with four questions a second at most"
  )
  func usesTheBudget() {
    for seed in 0..<20 as Range<UInt64> {
      let terms = LeaseTerms(count: 100, period: second, burst: 20, places: 0, content: "x")
      var simulation = FleetSimulation(
        terms, .init(demand: [100, 10, 1, 0, 0]), seed: seed)
      let result = simulation.run(60 * second, warmUp: 10 * second)
      let used = result.admitted.reduce(0, +)
      #expect(used >= 4_750, "seed \(seed): \(used) of 5000")
      #expect(result.questions <= 5 * 4 * 60)
      // The small ones are not kept waiting by the big one.
      #expect(result.longestWait[2] < 2 * second, "\(result.longestWait)")
    }
  }

  @Test("Where a burst does not go round, each gateway has its turn")
  func takesTurns() {
    for seed in 0..<20 as Range<UInt64> {
      let terms = LeaseTerms(count: 10, period: second, burst: 2, places: 0, content: "x")
      var simulation = FleetSimulation(terms, .init(demand: [10, 10, 10, 10, 10]), seed: seed)
      let result = simulation.run(60 * second, warmUp: 10 * second)
      #expect(result.fewestLeft > -0.01)
      #expect(result.admitted.allSatisfy { $0 > 20 }, "\(result.admitted)")
    }
  }

  @Test("A gateway that dies takes its share with it for one lease, not longer")
  func deathStrandsOneLease() {
    let terms = LeaseTerms(count: 100, period: second, burst: 20, places: 0, content: "x")
    var world = FleetSimulation.World(demand: [100, 100])
    world.killed = 0.1
    var simulation = FleetSimulation(terms, world, seed: 3)
    let result = simulation.run(120 * second, warmUp: 10 * second)
    // Some 22 deaths, each of half the rate for 2.1 s and half the burst at most.
    let used = result.admitted.reduce(0, +)
    let least = 11_000 - 22 * (105 + 10)
    #expect(used > least)
    #expect(result.fewestLeft > -0.01)
  }
}
