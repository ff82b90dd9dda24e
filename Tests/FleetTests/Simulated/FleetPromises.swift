@testable import Fleet

/// Promises about the gateways of every world.
enum FleetPromises {
  /// The promise that the world of `seed` breaks; nil if all are kept.
  static func broken(_ seed: UInt64) -> String? {
    let world = FleetWorld.of(seed)
    guard var simulation = try? FleetSimulation(world, seed: seed) else {
      return "there is no such limit"
    }
    for part in ["in trouble", "afterwards"] {
      let isCalm = part == "afterwards"
      if isCalm { simulation.calm() }
      let result = simulation.run((isCalm ? 15 : 20) * second, warmUp: isCalm ? 10 * second : 0)
      // The store counts in thousandths of a call.
      if result.fewestLeft < -0.01 {
        return "\(part) \(-result.fewestLeft) calls beyond rate and burst"
      }
      if result.fewestPlaces < 0 {
        return "\(part) \(-result.fewestPlaces) calls too many under way"
      }
      if isCalm, let reason = idle(result, world) { return reason }
    }
    return nil
  }

  /// What was wrong in the last five seconds, which had no disturbances; nil if nothing was.
  private static func idle(_ result: FleetSimulation.Result, _ world: FleetWorld) -> String? {
    let (terms, time) = (world.terms[0], 5.0)
    let wanted = world.demand.reduce(0, +) * time
    let rate = Double(terms.count) * Double(second) / Double(terms.period) * time
    // If the burst is too small for all, gateways take turns. One whose share is used up within a step of the
    // simulation loses the rest of that step.
    let mostPerStep = rate / time * Double(FleetSimulation.step) / Double(second)
    guard terms.places == 0, rate >= 100, Double(terms.burst) >= 2 * mostPerStep,
      terms.burst >= 4 * world.demand.count
    else { return nil }
    let used = Double(result.admitted.reduce(0, +))
    let least = 0.85 * min(wanted, rate) - 15
    if used < least { return "afterwards \(used) calls are made of \(wanted), limit \(rate)" }
    let even = rate / Double(world.demand.count)
    for (index, demand) in world.demand.enumerated() {
      let due = min(demand * time, even)
      if due >= 20, Double(result.admitted[index]) < due / 2 - 5 {
        return "afterwards gateway \(index) starves: \(result.admitted[index]) calls of \(due)"
      }
    }
    return nil
  }

  /// The command that repeats the run.
  static func replay(_ seed: UInt64) -> String {
    "scripts/fleet-test --seed \(seed)   # \(FleetWorld.kind(seed)): \(FleetWorld.of(seed))"
  }
}
