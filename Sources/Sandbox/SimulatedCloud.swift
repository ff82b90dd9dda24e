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
/// Beside the API, three paths serve tests and demonstrations:
/// `GET /sandbox/calls` tells which calls arrived; `POST /sandbox/secret` with `{"app": …, "secret": …}`
/// changes an application's secret, which ends its tokens; `POST /sandbox/reset` forgets everything and
/// goes back to the first secrets.
package struct SimulatedCloud: LocalResponder {
  /// Where the API begins, as with the real service.
  package static let basePath = "/api/v2"

  private let settings: SandboxSettings
  /// The computer's time, in milliseconds since 1970 UTC.
  private let realTime: @Sendable () -> Int
  private var clock: SandboxClock
  /// The applications with the secrets that hold now.
  private var applications: [SandboxApplication] = []
  private let matcher = OperationMatcher()
  /// By operation index; nil where the sandbox does not simulate the operation.
  private let behaviours: [Behaviour?]
  private var states: [String: ApplicationState] = [:]
  private var journal = CallJournal()

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

  private mutating func forgetEverything() {
    journal = CallJournal()
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
    if request.path.hasPrefix("/sandbox/") {
      response = control(request)
    } else {
      let target = request.query.isEmpty ? request.path : request.path + "?" + request.query
      var entry = CallJournal.Entry(
        time: clock.timestamp, method: request.method, target: target,
        fields: request.fields.map(\.name),
        bodySize: request.bodySize)
      do {
        response = try answer(request, &entry)
      } catch {
        response = error.response
      }
      entry.status = response.status
      journal.append(entry)
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
    let call = CloudCall(
      operation: operation, application: credential.application,
      applications: applications, parameters: try parameters(operation, path),
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

  /// Paths of the sandbox itself, outside the API.
  private mutating func control(_ request: LocalRequest) -> LocalResponse {
    let allowed: String
    switch request.path {
    case "/sandbox/calls": allowed = "GET"
    case "/sandbox/secret", "/sandbox/reset": allowed = "POST"
    default: return Refusal.message(404, "The sandbox has no such path.").response
    }
    guard request.method == allowed else {
      var refusal = Refusal.message(405, "\(request.method) is not allowed here.")
      refusal.fields = [(name: "Allow", value: allowed)]
      return refusal.response
    }
    switch request.path {
    case "/sandbox/calls": return .value(journal.value)
    case "/sandbox/secret": return changeSecret(request.body)
    default:
      forgetEverything()
      return .done
    }
  }

  private mutating func changeSecret(_ body: [UInt8]) -> LocalResponse {
    guard let value = try? JSONValue(json: body), let id = value["app"]?.string,
      let secret = value["secret"]?.string, !secret.isEmpty,
      let index = applications.firstIndex(where: { $0.id == id })
    else {
      return Refusal.message(400, "app must be a known one, and secret is required.").response
    }
    applications[index].secret = secret
    return .done
  }
}
