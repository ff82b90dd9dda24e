internal import EventLoop
internal import JSONText
internal import LocalServer
internal import Memory
internal import SCORMCloudAPI
internal import System

/// The paths below `/sandbox/`, with which tests control the sandbox. They need no credential.
///
/// A route is a path, a method and a function over the cloud. New routes go into ``routes``.
struct SandboxControl {
  typealias Answer = @Sendable (inout SimulatedCloud, LocalRequest) throws(Refusal) -> LocalResponse

  struct Route: Sendable {
    let method: String
    let path: String
    let answer: Answer

    init(_ method: String, _ path: String, _ answer: @escaping Answer) {
      self.method = method
      self.path = path
      self.answer = answer
    }
  }

  static let prefix = "/sandbox/"
  /// Longest body of a control call in bytes: a snapshot of 100,000 registrations.
  static let maximumBody = 512 << 20

  static let routes = [
    Route("POST", "/sandbox/reset", reset),
    Route("GET", "/sandbox/calls", calls),
    Route("POST", "/sandbox/verify", verify),
    Route("GET", "/sandbox/unread", unread),
    Route("GET", "/sandbox/faults", faults),
    Route("PUT", "/sandbox/faults", putFaults),
    Route("DELETE", "/sandbox/faults", deleteFaults),
    Route("GET", "/sandbox/clock", clock),
    Route("POST", "/sandbox/clock", setClock),
    Route("POST", "/sandbox/secret", changeSecret),
    Route("POST", "/sandbox/progress", progress),
    Route("GET", "/sandbox/snapshot", snapshot),
    Route("PUT", "/sandbox/snapshot", putSnapshot),
  ]

  static func answer(_ cloud: inout SimulatedCloud, _ request: LocalRequest) -> LocalResponse {
    let here = routes.filter { $0.path == request.path }
    do throws(Refusal) {
      guard !here.isEmpty else {
        let paths = Set(routes.map(\.path)).sorted().joined(separator: ", ")
        throw .message(404, "The sandbox has no such path. It has \(paths).")
      }
      guard let route = here.first(where: { $0.method == request.method }) else {
        var refusal = Refusal.message(405, "\(request.method) is not allowed here.")
        let allowed = here.map(\.method).joined(separator: ", ")
        refusal.fields = [(name: "Allow", value: allowed)]
        throw refusal
      }
      return try route.answer(&cloud, request)
    } catch {
      return error.response
    }
  }

  /// Reads the body as JSON, from memory or from a file.
  static func json(_ request: LocalRequest) throws(Refusal) -> JSONValue {
    var bytes = request.body
    if request.bodySize > bytes.count {
      guard request.bodySize <= maximumBody, let file = request.bodyFile,
        let all = file.read(0..<request.bodySize)
      else {
        throw .message(413, "The sandbox reads control bodies of up to \(maximumBody) bytes.")
      }
      bytes = all
    }
    do { return try JSONValue(json: bytes) } catch { throw .message(400, error.description) }
  }

  // MARK: Reset

  static func reset(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    cloud.forgetEverything()
    return .done
  }

  static func changeSecret(_ cloud: inout SimulatedCloud, _ request: LocalRequest)
    throws(Refusal) -> LocalResponse
  {
    let body = try json(request)
    guard let id = body["app"]?.string, let secret = body["secret"]?.string, !secret.isEmpty,
      cloud.change(secret: secret, of: id)
    else { throw .message(400, "app must be a known one, and secret is required.") }
    return .done
  }

  static func progress(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    try cloud.setProgress(request)
  }

  // MARK: Snapshot

  static func snapshot(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    .value(cloud.snapshot)
  }

  /// Restores what ``snapshot(_:_:)`` returned, completely or not at all.
  static func putSnapshot(_ cloud: inout SimulatedCloud, _ request: LocalRequest)
    throws(Refusal) -> LocalResponse
  {
    let problems = cloud.restore(try json(request))
    guard problems.isEmpty else { throw .problems(problems) }
    return .done
  }

  // MARK: Calls

  static func calls(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    let query = FormFields(request.query)
    for pair in query.pairs where !["operation", "since"].contains(pair.name) {
      throw .message(400, "\(pair.name) is not known here; operation and since are.")
    }
    if let name = query["operation"], OperationTable.named(name) == nil {
      throw .message(400, "There is no operation [\(name)].")
    }
    var since: Timestamp?
    if let text = query["since"] {
      guard let date = Timestamp(text) else {
        throw .message(400, "since is not a valid ISO 8601 date.")
      }
      since = date
    }
    return .value(cloud.journal.value(operation: query["operation"], since: since))
  }

  static func verify(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    let answer = try CallVerification(try json(request)).answer(cloud.journal.ordered)
    return .json(answer.body.text, status: answer.status)
  }

  static func unread(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    .value(cloud.unread.value)
  }

  // MARK: Faults

  static func faults(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    .value(cloud.faults.value(now: cloud.clock.now))
  }

  static func putFaults(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    let reader = FaultReader(try json(request), now: cloud.clock.now)
    guard reader.problems.isEmpty else { throw .problems(reader.problems) }
    cloud.faults = FaultPlan(reader.faults)
    return .value(cloud.faults.value(now: cloud.clock.now))
  }

  static func deleteFaults(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    cloud.faults = FaultPlan()
    return .done
  }

  // MARK: Clock

  static func clock(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    .value(.object(cloud.clock.facts))
  }

  /// Changes the clock, and answers once all due work is done.
  static func setClock(_ cloud: inout SimulatedCloud, _ request: LocalRequest) throws(Refusal)
    -> LocalResponse
  {
    let body = try json(request)
    guard case .object(let members) = body, !members.isEmpty else {
      throw .message(400, "The body must say mode, or advance, or both.")
    }
    for member in members where !["mode", "advance"].contains(member.name) {
      throw .message(400, "\(member.name) is not known here; mode and advance are.")
    }
    var start: ClockStart?
    if let mode = body["mode"], mode != .null {
      guard let wanted = mode.string.flatMap(ClockStart.init(_:)) else {
        throw .message(400, "mode must be \(ClockStart.expectation).")
      }
      start = wanted
    }
    var distance = 0
    if let advance = body["advance"], advance != .null {
      if advance.string?.hasPrefix("-") == true {
        throw .message(400, ClockFault.backwards.message)
      }
      guard let wanted = advance.string.flatMap({ TimeSpan.milliseconds($0) }) else {
        throw .message(400, "advance must be \(TimeSpan.expectation).")
      }
      distance = wanted
    }
    let due = try cloud.turnClock(to: start, advance: distance)
    return .value(
      .object(
        cloud.clock.facts + [
          JSONMember("ran", .integer(due.count)),
          JSONMember("due", .array(due.prefix(maximumListed).map(\.shown))),
        ]))
  }

  /// Maximum number of pieces of work listed in the answer to a change of the clock; the rest is only counted.
  static let maximumListed = 1_000
}

extension Refusal {
  /// 400 with every mistake in a body.
  static func problems(_ problems: [String]) -> Refusal {
    Refusal(
      status: 400,
      body: [
        "message": .string(problems.joined(separator: "; ")), "problems": .strings(problems),
      ])
  }
}

extension SandboxClock {
  /// `mode` and `now`, as control calls return them.
  var facts: [JSONMember] {
    [JSONMember("mode", .string(mode.rawValue)), JSONMember("now", .string(text))]
  }
}

extension DueQueue.Entry {
  /// The form in the answer to a change of the clock.
  var shown: JSONValue {
    [
      "at": .string(SandboxClock.text(moment)), "kind": .string(work.kind),
      "app": .string(work.application), "subject": .string(work.subject),
    ]
  }
}
