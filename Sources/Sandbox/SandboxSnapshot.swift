/// The whole sandbox as one document: its clock, its faults and its applications.
extension SimulatedCloud {
  var snapshot: JSONValue {
    guard case .object(let members) = realm.snapshot() else { return .null }
    return .object(
      [
        JSONMember("clock", clock.value),
        JSONMember("faults", .array(faults.faults.map { .object($0.asked) })),
      ] + members)
  }

  /// Restores a snapshot, or the parts of one that a seed has. Changes nothing if there is a mistake.
  ///
  /// - Returns: every mistake, with its place.
  mutating func restore(_ document: JSONValue) -> [String] {
    guard case .object(let members) = document else { return ["a snapshot is an object"] }
    var problems: [String] = []
    var turned = clock
    if let kept = document["clock"], !turned.restore(kept, real: realTime()) {
      problems.append("clock must be what GET /sandbox/snapshot says: mode, now and due")
    }
    let list = document["faults"] ?? []
    let reader = FaultReader(["faults": list], now: turned.now)
    problems += reader.problems
    let rest = members.filter { $0.name != "clock" && $0.name != "faults" }
    var next = realm
    problems += next.restore(.object(rest)).map { "\($0.place): \($0.text)" }
    guard problems.isEmpty else { return problems }
    take(next, turned, FaultPlan(reader.faults))
    return []
  }
}
