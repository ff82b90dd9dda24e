package import LocalServer
internal import Memory
internal import SCORMCloudAPI

/// A simulated SCORM Cloud: the whole catalogue below `/api/v2`, checked like the real one, with courses,
/// registrations and dispatches that live as long as the process.
///
/// Faithful where a gateway can go wrong: credentials, token endpoints, scopes, identifiers byte for byte,
/// `more` tokens, shapes of errors. Things that need a player or a mail server (launches, invitations,
/// statements) do not exist: their lists are empty, and creating one answers 501.
///
/// Beside the API, the paths below `/sandbox/` serve tests (``SandboxControl``).
package struct SimulatedCloud: LocalResponder {
  /// Where the API begins, as with the real service.
  package static let basePath = "/api/v2"

  private let settings: SandboxSettings
  /// The computer's time, in milliseconds since 1970 UTC.
  private let realTime: @Sendable () -> Int
  private(set) var clock: SandboxClock
  /// The applications with the secrets that hold now.
  private var applications: [SandboxApplication] = []
  private let matcher = OperationMatcher()
  /// By operation index; nil where the sandbox does not simulate the operation.
  private let behaviours: [Behaviour?]
  private var states: [String: ApplicationState] = [:]
  private(set) var journal = CallJournal()
  var faults = FaultPlan()
  private(set) var unread = UnreadFields()

  /// - Parameter realTime: the computer's time, in milliseconds since 1970 UTC.
  package init(
    settings: SandboxSettings = SandboxSettings(), realTime: @escaping @Sendable () -> Int
  ) {
    self.settings = settings
    self.realTime = realTime
    clock = SandboxClock(settings.clock, real: realTime())
    behaviours = OperationTable.all.map { BehaviourTable.behaviours[$0.name.description] }
    forgetEverything()
  }

  /// Goes back to the beginning.
  mutating func forgetEverything() {
    journal = CallJournal()
    faults = FaultPlan()
    unread = UnreadFields()
    clock = SandboxClock(settings.clock, real: realTime())
    applications = settings.applications
    for application in settings.applications {
      states[application.id] = ApplicationState(settings)
    }
  }

  package mutating func respond(to request: LocalRequest) -> LocalResponse {
    clock.follow(real: realTime())
    _ = runDue()
    var response: LocalResponse
    if request.path.hasPrefix(SandboxControl.prefix) {
      response = SandboxControl.answer(&self, request)
    } else {
      let target = request.query.isEmpty ? request.path : request.path + "?" + request.query
      var entry = CallJournal.Entry(
        time: clock.timestamp, method: request.method, target: target,
        fields: request.fields.map(\.name),
        bodySize: request.bodySize)
      entry.keepBody(of: request)
      // On arrival, so that a call that is never answered is known too.
      journal.append(entry)
      do {
        response = try answer(request, &entry)
      } catch {
        response = error.response
      }
      entry.status = response.status
      journal.complete(entry)
    }
    response.fields.append((name: "X-Sandbox", value: "true"))
    // RFC 9110 section 9.3.2: an answer to HEAD has no content.
    if request.method == "HEAD" { response.body = .bytes([]) }
    return response
  }

  /// Does what fell due, in order, and returns it.
  private mutating func runDue() -> [DueQueue.Entry] {
    var done: [DueQueue.Entry] = []
    // What is done may put off more. Work that always puts off more for the same moment would never end.
    while done.count < DueQueue.maximum, let entry = clock.takeDue() { done.append(entry) }
    return done
  }

  /// One API call, step by step; each step can end it.
  private mutating func answer(_ request: LocalRequest, _ entry: inout CallJournal.Entry)
    throws(Refusal) -> LocalResponse
  {
    let path = try pathBelowBase(request.path)
    let operation = try operation(request.method, path)
    entry.operation = operation.name.description
    let fault = faults.strike(operation.index, now: clock.now)
    entry.fault = fault?.id
    if let instead = fault?.answerInstead { return instead }
    var response: LocalResponse
    do {
      response = try answer(request, operation, path, &entry)
    } catch {
      response = error.response
    }
    if let fault { response = fault.spoiling(response) }
    return response
  }

  /// The operation's own answer.
  private mutating func answer(
    _ request: LocalRequest, _ operation: Operation, _ path: String,
    _ entry: inout CallJournal.Entry
  ) throws(Refusal) -> LocalResponse {
    let check = CredentialCheck(applications: applications, now: entry.time)
    let credential = try identify(request, operation, check)
    entry.application = credential.kind == .none ? nil : credential.application.id
    entry.credential = credential.kind
    entry.scopes = credential.scopes
    try check.authorize(credential, for: operation)
    guard let behaviour = behaviours[Int(operation.index)] else {
      throw .message(501, "The sandbox does not simulate \(operation.name) yet.")
    }
    let query = FormFields(request.query)
    guard !query.isBroken else {
      throw .message(400, "The query is not validly percent-encoded UTF-8.")
    }
    let parameters = try parameters(operation, path)
    entry.parameters = zip(SimulatedCloud.names(operation), parameters).map { ($0, $1.text) }
    let call = CloudCall(
      operation: operation, application: credential.application,
      applications: applications, parameters: parameters,
      rawQuery: request.query, query: query,
      contentType: request.field("Content-Type")?.lowercased() ?? "", body: request.body,
      bodySize: request.bodySize, now: entry.time, uptime: UInt64(clock.now) * 1_000_000)
    return try settle(call, behaviour)
  }

  /// The path behind `/api/v2`, beginning with its slash. A doubled slash there counts as one, since several
  /// official clients send it.
  private func pathBelowBase(_ path: String) throws(Refusal) -> String {
    guard path.hasPrefix(SimulatedCloud.basePath + "/") else {
      throw .message(404, "There is nothing here. The API begins at \(SimulatedCloud.basePath)/.")
    }
    let rest = path.dropFirst(SimulatedCloud.basePath.count)
    return String(rest.hasPrefix("//") ? rest.dropFirst() : rest)
  }

  private func operation(_ method: String, _ path: String) throws(Refusal) -> Operation {
    let methodBytes = Array(method.utf8)
    let pathBytes = Array(path.utf8)
    let known = OperationMethod(methodBytes.span.bytesOfElements)
    switch matcher.match(known, path: pathBytes.span.bytesOfElements) {
    case .operation(let index): return OperationTable.operation(at: index)
    case .methodNotAllowed(let allowed):
      var refusal = Refusal.message(405, "\(method) is not allowed here.")
      refusal.fields = [(name: "Allow", value: allowed.allowField)]
      throw refusal
    case .unknown: throw .message(404, "The API has no such path.")
    case .encodedLiteral:
      throw .message(400, "A part of the path that is no identifier must not be encoded.")
    }
  }

  /// Who calls. An operation without a credential is answered in the name of the first application; whatever
  /// credential comes with it is not looked at.
  private func identify(_ request: LocalRequest, _ operation: Operation, _ check: CredentialCheck)
    throws(Refusal) -> Credential
  {
    if operation.credential == .none, let first = settings.applications.first {
      return Credential(kind: .none, application: first)
    }
    return try check.credential(in: request.field("Authorization"))
  }

  /// The segments of `path` that stand for the template's parameters, decoded.
  private func parameters(_ operation: Operation, _ path: String) throws(Refusal) -> [Identifier] {
    var parameters: [Identifier] = []
    let names = operation.template.description.split(separator: "/")
    for (name, segment) in zip(names, path.split(separator: "/")) where name.hasPrefix("{") {
      guard let text = PercentEncoding.decode(segment) else {
        throw .message(400, "\(name) is not validly percent-encoded UTF-8.")
      }
      guard let identifier = Identifier(checking: text) else {
        throw .message(400, "\(name) is longer than \(Identifier.maximumLength) characters.")
      }
      parameters.append(identifier)
    }
    return parameters
  }

  /// Ends imports that are due, then answers.
  private mutating func settle(_ call: CloudCall, _ behaviour: Behaviour) throws(Refusal)
    -> LocalResponse
  {
    let id = call.application.id
    var state = states.removeValue(forKey: id) ?? ApplicationState(settings)
    defer { states[id] = state }
    if case .after = settings.importCompletion { state.settleImports(call) }
    return try behaviour(&state, call)
  }

  /// The names of the template's parameters.
  private static func names(_ operation: Operation) -> [String] {
    operation.template.description.split(separator: "/").filter { $0.hasPrefix("{") }
      .map { String($0.dropFirst().dropLast()) }
  }

  /// Gives an application another secret, which ends its tokens. False when there is no such application.
  mutating func change(secret: String, of id: String) -> Bool {
    guard let index = applications.firstIndex(where: { $0.id == id }) else { return false }
    applications[index].secret = secret
    return true
  }

  /// Turns the clock, does what falls due, in order, and returns it.
  mutating func turnClock(to start: ClockStart?, advance: Int) throws(Refusal)
    -> [DueQueue.Entry]
  {
    var turned = clock
    do throws(ClockFault) {
      if let start { try turned.set(start, real: realTime()) }
      try turned.advance(milliseconds: advance)
    } catch {
      throw .message(400, error.message)
    }
    clock = turned
    return runDue()
  }
}
