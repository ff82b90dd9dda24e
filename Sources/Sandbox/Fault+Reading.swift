internal import SCORMCloudAPI

/// Reads `{"faults": […]}`. Reports all mistakes at once, each with its place.
struct FaultReader {
  private(set) var faults: [Fault] = []
  private(set) var problems: [String] = []

  static let keys = [
    "operation", "status", "retryAfter", "fault", "ms", "at", "after", "times", "every", "seed",
    "share", "ttl",
  ]
  /// Members that `GET` adds. They are accepted, so a list that was read can be set again.
  private static let ownKeys = ["id", "seen", "hits", "over"]
  private static let words = ["reset", "truncate", "dribble", "malformed", "delay"]
  /// Longest delay in milliseconds: ten minutes, longer than clients wait.
  private static let longestWait = 600_000
  private static let largestCount = 1_000_000_000

  /// - Parameter now: the sandbox's time, from which a `ttl` counts.
  init(_ body: JSONValue, now: Int) {
    guard case .object(let members) = body, let list = body["faults"]?.elements else {
      problems = ["the body must be {\"faults\": […]}"]
      return
    }
    for member in members where member.name != "faults" {
      problems.append("\(member.name) is not known here; faults is")
    }
    guard list.count <= FaultPlan.maximum else {
      problems.append("faults has more than \(FaultPlan.maximum) entries")
      return
    }
    for (index, element) in list.enumerated() { read(element, "faults[\(index)]", now: now) }
  }

  private mutating func read(_ value: JSONValue, _ place: String, now: Int) {
    guard case .object(let members) = value else {
      problems.append("\(place) must be an object")
      return
    }
    let before = problems.count
    for member in members where !(FaultReader.keys + FaultReader.ownKeys).contains(member.name) {
      problems.append(
        "\(place).\(member.name) is not known; known are \(FaultReader.keys.joined(separator: ", "))"
      )
    }
    let operation = operation(value, place)
    let effect = effect(value, place)
    let milliseconds = number(value, "ms", 0...FaultReader.longestWait, place)
    if case .status = effect {
    } else if effect == .delay || effect == .dribble {
      if milliseconds == nil { problems.append("\(place).ms is required: how long it takes") }
    }
    let count = 1...FaultReader.largestCount
    let after = number(value, "after", 0...FaultReader.largestCount, place)
    let times = number(value, "times", count, place)
    let every = number(value, "every", count, place)
    let seed = number(value, "seed", Int.min...Int.max, place)
    let share = share(value, "share", place)
    if seed != nil, share == nil {
      problems.append("\(place).seed has no effect without share")
    }
    let ends = end(value, place, now: now)
    guard problems.count == before, let operation, let effect else { return }
    faults.append(
      Fault(
        id: faults.count + 1, asked: members.filter { FaultReader.keys.contains($0.name) },
        operation: operation, effect: effect, milliseconds: milliseconds ?? 0, after: after ?? 0,
        times: times, every: every ?? 1, share: share ?? 1, seed: seed ?? 0, ends: ends))
  }

  private mutating func operation(_ value: JSONValue, _ place: String) -> UInt8? {
    guard let name = value["operation"]?.string else {
      problems.append("\(place).operation is required: a name like CreateRegistration")
      return nil
    }
    if let operation = OperationTable.named(name) { return operation.index }
    let lowered = name.lowercased()
    let close = OperationTable.all.first { $0.name.description.lowercased() == lowered }
    problems.append(
      "\(place).operation: there is no operation [\(name)]; "
        + (close.map { "did you mean \($0.name)?" } ?? "`scorm-gateway operations` lists them"))
    return nil
  }

  private mutating func effect(_ value: JSONValue, _ place: String) -> Fault.Effect? {
    let word = value["fault"]
    guard (word == nil) != (value["status"] == nil) else {
      problems.append(
        "\(place) must say either status, or fault: \(FaultReader.words.joined(separator: ", "))")
      return nil
    }
    let retryAfter = number(value, "retryAfter", 0...86_400, place)
    guard let word else {
      let status = number(value, "status", 400...599, place)
      if value["at"] != nil { problems.append("\(place).at goes with reset and truncate") }
      return status.map { .status($0, retryAfter: retryAfter) }
    }
    if retryAfter != nil { problems.append("\(place).retryAfter goes with status") }
    let share = share(value, "at", place)
    switch word.string {
    case "reset": return .reset(at: share)
    case "truncate": return .truncate(at: share ?? 0.5)
    case "dribble", "malformed", "delay":
      if share != nil { problems.append("\(place).at goes with reset and truncate") }
      return word == "dribble" ? .dribble : word == "delay" ? .delay : .malformed
    default:
      problems.append("\(place).fault must be one of \(FaultReader.words.joined(separator: ", "))")
      return nil
    }
  }

  private mutating func number(
    _ value: JSONValue, _ name: String, _ range: ClosedRange<Int>, _ place: String
  ) -> Int? {
    guard let found = value[name], found != .null else { return nil }
    if let number = found.integer, range.contains(number) { return number }
    let bounds =
      range.lowerBound == .min
      ? "a whole number" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    problems.append("\(place).\(name) must be \(bounds)")
    return nil
  }

  private mutating func share(_ value: JSONValue, _ name: String, _ place: String) -> Double? {
    switch value[name] {
    case nil, .null?: return nil
    case .number(let share)? where (0...1).contains(share): return share
    case .integer(let share)? where (0...1).contains(share): return Double(share)
    default:
      problems.append("\(place).\(name) must be a number from 0 to 1")
      return nil
    }
  }

  private mutating func end(_ value: JSONValue, _ place: String, now: Int) -> Int? {
    guard let found = value["ttl"], found != .null else { return nil }
    if let text = found.string, let span = TimeSpan.milliseconds(text), span > 0 {
      return now + span
    }
    problems.append("\(place).ttl must be \(TimeSpan.expectation)")
    return nil
  }
}
