package import LocalServer
internal import Memory
internal import SCORMCloudAPI
internal import TextCoding

/// A simulated SCORM Cloud: the whole catalogue below `/api/v2`, checked like the real service. Its state lives as long
/// as the process.
///
/// It is faithful where a caller can make mistakes: credentials, token endpoints, scopes, identifiers byte for byte,
/// `more` tokens, types of bodies, shapes of errors. ``BehaviourTable`` defines how each operation is answered.
///
/// In addition to the API, paths below `/sandbox/` serve tests (``SandboxControl``).
package struct SimulatedCloud: LocalResponder {
  /// The API's base path, as in the real service.
  package static let basePath = "/api/v2"

  private let settings: SandboxSettings
  /// The computer's time, in milliseconds since 1970 UTC.
  let realTime: @Sendable () -> Int
  private(set) var clock: SandboxClock
  var realm: Realm
  private let matcher = OperationMatcher()
  /// Indexed by operation.
  private let behaviours: [Behaviour]
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
    behaviours = OperationTable.all.map { BehaviourTable.behaviour(of: $0.name.description) }
    realm = Realm(settings, now: clock.timestamp)
    takeBeginning()
  }

  /// Returns to the initial state.
  mutating func forgetEverything() {
    journal = CallJournal()
    faults = FaultPlan()
    unread = UnreadFields()
    clock = SandboxClock(settings.clock, real: realTime())
    realm = Realm(settings, now: clock.timestamp)
    takeBeginning()
  }

  /// Fills the realm from the seed, which has been checked already.
  private mutating func takeBeginning() {
    guard let beginning = settings.beginning else { return }
    _ = realm.restore(beginning)
    realm.date(clock.timestamp)
  }

  /// Continues from a snapshot. Counters and the journal stay unchanged.
  mutating func take(_ realm: Realm, _ clock: SandboxClock, _ faults: FaultPlan) {
    self.realm = realm
    self.clock = clock
    self.faults = faults
    _ = runDue()
  }

  package mutating func respond(to request: LocalRequest) -> LocalResponse {
    clock.follow(real: realTime())
    takeOutcomes()
    _ = runDue()
    var response: LocalResponse
    if request.path.hasPrefix(SandboxControl.prefix) {
      response = SandboxControl.answer(&self, request)
    } else if let page = LaunchPage.response(to: request, &realm, clock) {
      response = page
    } else {
      let target = request.query.isEmpty ? request.path : request.path + "?" + request.query
      var entry = CallJournal.Entry(
        time: clock.timestamp, method: request.method, target: target,
        fields: request.fields.map(\.name),
        bodySize: request.bodySize)
      entry.keepBody(of: request)
      // Added on arrival, so that a call that is never answered is recorded too.
      journal.append(entry)
      do {
        response = try answer(request, &entry)
      } catch {
        response = error.response
      }
      entry.status = response.status
      journal.complete(entry)
    }
    hand(over: clock.now)
    response.fields.append((name: "X-Sandbox", value: "true"))
    // RFC 9110 section 9.3.2: an answer to HEAD has no content.
    if request.method == "HEAD" { response.body = .bytes([]) }
    return response
  }

  /// Follows the time without a request, so that postbacks are repeated even if no calls come.
  package mutating func attend() -> Int64? {
    clock.follow(real: realTime())
    takeOutcomes()
    _ = runDue()
    return clock.waitUntilDue(real: realTime()).map { Int64($0) * 1_000_000 }
  }

  /// Does all due work in order, and returns it.
  private mutating func runDue() -> [DueQueue.Entry] {
    var done: [DueQueue.Entry] = []
    // Work may schedule more work. If it always did so for the same moment, this loop would never end without a limit.
    while done.count < DueQueue.maximum, let entry = clock.takeDue() {
      realm.perform(entry.work, now: clock.timestamp, milliseconds: clock.now)
      hand(over: entry.moment)
      done.append(entry)
    }
    return done
  }

  /// Collects the results of postbacks.
  private mutating func takeOutcomes() {
    for outcome in settings.postbacks?.takeOutcomes() ?? [] { realm.settle(outcome) }
    hand(over: clock.now)
  }

  /// Hands postponed work to the clock, and postbacks to the postback port.
  private mutating func hand(over moment: Int) {
    for (application, work) in realm.takeDeferred() {
      let due = DueWork(
        kind: work.kind.rawValue, application: application.text, subject: work.subject)
      _ = clock.schedule(due, at: moment + work.delay)
    }
    for postback in realm.takeOutbox() { settings.postbacks?.send(postback) }
  }

  /// Answers one API call, step by step. Each step can refuse it.
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

  /// Runs the operation itself.
  private mutating func answer(
    _ request: LocalRequest, _ operation: Operation, _ path: String,
    _ entry: inout CallJournal.Entry
  ) throws(Refusal) -> LocalResponse {
    let credential = try authorized(request, operation, entry.time)
    entry.application = credential.kind == .none ? nil : credential.application.text
    entry.credential = credential.kind
    entry.scopes = credential.scopes ?? []
    let query = FormFields(request.query)
    guard !query.isBroken else {
      throw .message(400, "The query is not validly percent-encoded UTF-8.")
    }
    let parameters = try parameters(operation, path)
    entry.parameters = zip(SimulatedCloud.names(operation), parameters).map { ($0, $1.text) }
    var call = CloudCall(
      operation: operation, application: credential.application,
      credential: credential.identifier, parameters: parameters, request: request, query: query,
      now: entry.time, milliseconds: clock.now, folder: settings.folder)
    let unknown = try call.check()
    unread.note(unknown, of: operation.name.description)
    if settings.isStrict, !unknown.isEmpty {
      throw .message(
        400, "\(operation.name) has no \(unknown.joined(separator: ", ")) (--strict).")
    }
    return try perform(call, behaviours[Int(operation.index)])
  }

  /// The path after `/api/v2`, with its leading slash. A doubled slash there counts as one, because several official
  /// clients send it.
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
      throw .message(400, "A part of the path that is not an identifier must not be encoded.")
    }
  }

  /// The credential of the calling application, if it may call this operation. An operation that needs no credential is
  /// answered for the first application, and any credential sent with it is ignored.
  ///
  /// In a function of its own, because the check keeps a reference to the applications. They must have a single owner
  /// again before one of them is changed.
  private func authorized(_ request: LocalRequest, _ operation: Operation, _ now: Timestamp)
    throws(Refusal) -> Credential
  {
    if operation.credential == .none,
      let first = realm.applications.entries.first(where: { $0.value.kind == .application })
    {
      return Credential(
        kind: .none, application: first.identifier, applicationKind: .application)
    }
    let check = CredentialCheck(applications: realm.applications, now: now)
    let credential = try check.credential(in: request.field("Authorization"))
    try check.authorize(credential, for: operation)
    return credential
  }

  /// The segments of `path` at the template's parameters, decoded.
  private func parameters(_ operation: Operation, _ path: String) throws(Refusal) -> [Identifier] {
    var parameters: [Identifier] = []
    let names = operation.template.description.split(separator: "/")
    for (name, segment) in zip(names, path.split(separator: "/")) where name.hasPrefix("{") {
      guard let text = PercentCoding.decode(segment, plusIsBlank: false) else {
        throw .message(400, "\(name) is not validly percent-encoded UTF-8.")
      }
      guard let identifier = Identifier(checking: text) else {
        throw .message(400, "\(name) is longer than \(Identifier.maximumLength) characters.")
      }
      parameters.append(identifier)
    }
    return parameters
  }

  private mutating func perform(_ call: CloudCall, _ behaviour: Behaviour) throws(Refusal)
    -> LocalResponse
  {
    switch behaviour {
    case .declined(let reason):
      throw .message(501, "The sandbox does not answer \(call.operation.name): \(reason)")
    case .realm(let body): return try body(&realm, call)
    case .application(let body):
      let answer = try realm.applications.update(call.application) {
        (application) throws(Refusal) in
        try body(&application.data, call)
      }
      guard let answer else { throw .missing("application", call.application) }
      return answer
    }
  }

  /// The names of the template's parameters.
  private static func names(_ operation: Operation) -> [String] {
    operation.template.description.split(separator: "/").filter { $0.hasPrefix("{") }
      .map { String($0.dropFirst().dropLast()) }
  }

  /// Changes an application's secret, which invalidates its tokens. Returns false if the application does not exist.
  mutating func change(secret: String, of id: String) -> Bool {
    guard realm.applications[Identifier(id)] != nil else { return false }
    realm.applications.update(Identifier(id)) { application in
      application.credentials.updateAll { $1.secret = secret }
    }
    return true
  }

  /// Records what a learner did, without a browser.
  mutating func setProgress(_ request: LocalRequest) throws(Refusal) -> LocalResponse {
    try ProgressControl.answer(try SandboxControl.json(request), &realm, clock.timestamp)
  }

  /// Changes the clock, does all due work in order, and returns it.
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
