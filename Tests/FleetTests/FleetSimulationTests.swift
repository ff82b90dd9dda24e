import Foundation
import Testing

@testable import Fleet

/// `scripts/fleet-test` runs hundreds of thousands of these worlds.
@Suite struct FleetSimulationTests {
  /// The number of seeded worlds. `FLEET_RUNS` in the environment sets another one.
  static let runs = ProcessInfo.processInfo.environment["FLEET_RUNS"].flatMap { UInt64($0) } ?? 240

  @Test(
    "Whatever befalls them, all gateways together keep to the limit, and use it again afterwards",
    arguments: FleetWorld.Kind.allCases)
  func keepsItsPromises(kind: FleetWorld.Kind) {
    for seed in 0..<Self.runs where FleetWorld.kind(seed) == kind {
      if let broken = FleetPromises.broken(seed) {
        Issue.record("seed \(seed): \(broken)\n\(FleetPromises.replay(seed))")
      }
    }
  }

  @Test(
    "With demand of 100:10:1:0:0 at least 95 % of the budget is used, with four questions a second at most"
  )
  func usesTheBudget() throws {
    for seed in 0..<20 as Range<UInt64> {
      let terms = LeaseTerms(count: 100, period: second, burst: 20, places: 0, content: "x")
      var simulation = try FleetSimulation(
        FleetWorld(demand: [100, 10, 1, 0, 0], terms: [terms]), seed: seed)
      let result = simulation.run(60 * second, warmUp: 10 * second)
      let used = result.admitted.reduce(0, +)
      #expect(used >= 4_750, "seed \(seed): \(used) of 5000")
      #expect(result.questions <= 5 * 4 * 60)
      // The small callers do not wait because of the big one.
      #expect(result.longestWait[2] < 2 * second, "\(result.longestWait)")
    }
  }

  @Test("Where a burst does not go round, each gateway has its turn")
  func takesTurns() throws {
    for seed in 0..<20 as Range<UInt64> {
      let terms = LeaseTerms(count: 10, period: second, burst: 2, places: 0, content: "x")
      var simulation = try FleetSimulation(
        FleetWorld(demand: [10, 10, 10, 10, 10], terms: [terms]), seed: seed)
      let result = simulation.run(60 * second, warmUp: 10 * second)
      #expect(result.fewestLeft > -0.01)
      #expect(result.admitted.allSatisfy { $0 > 20 }, "\(result.admitted)")
    }
  }

  @Test("Where places under way do not go round, each gateway has its turn")
  func takesTurnsUnderWay() throws {
    for seed in 0..<20 as Range<UInt64> {
      let terms = LeaseTerms(count: 0, period: second, burst: 0, places: 2, content: "x")
      var world = FleetWorld(demand: [10, 10, 10, 10, 10], terms: [terms])
      world.callTime = 100 * millisecond...300 * millisecond
      var simulation = try FleetSimulation(world, seed: seed)
      let result = simulation.run(60 * second, warmUp: 10 * second)
      #expect(result.fewestPlaces >= 0)
      #expect(result.admitted.allSatisfy { $0 > 10 }, "\(result.admitted)")
    }
  }

  @Test("A gateway that dies takes its share with it for one lease, not longer")
  func deathStrandsOneLease() throws {
    let terms = LeaseTerms(count: 100, period: second, burst: 20, places: 0, content: "x")
    var world = FleetWorld(demand: [100, 100], terms: [terms])
    world.killed = 0.1
    var simulation = try FleetSimulation(world, seed: 3)
    let result = simulation.run(120 * second, warmUp: 10 * second)
    // About 22 deaths, each of which costs half the rate for 2.1 s and at most half the burst.
    let used = result.admitted.reduce(0, +)
    let least = 11_000 - 22 * (105 + 10)
    #expect(used > least)
    #expect(result.fewestLeft > -0.01)
  }
}
