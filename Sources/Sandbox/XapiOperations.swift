internal import LocalServer

/// Credentials and pipes of the learning record store. Their answers contain secrets, so tests use them to check that
/// nothing records one.
enum XapiOperations {
  /// Longest name, info or secret, in bytes.
  static let maximumText = 255

  static let rule = ListRule<Document>(
    member: "xapiCredentials",
    texts: [
      ("credential_id", { $0.identifier.text }), ("name", { $0.value.text("name") }),
      ("credential_name", { $0.value.text("name") }),
    ],
    created: { $0.value.created }, updated: { $0.value.updated }, tags: nil)

  private static let fields = ["name", "info", "secret", "isEnabled"]

  /// Copies the members of `body`. The two enumerations are objects with one member, as in the schemas; a plain string
  /// is accepted too.
  private static func change(_ credential: inout Document, _ body: JSONValue) throws(Refusal) {
    for name in ["name", "info", "secret"] {
      guard (body[name]?.string?.utf8.count ?? 0) <= maximumText else {
        throw .message(400, "\(name) is longer than \(maximumText) bytes.")
      }
    }
    credential.fields.take(fields, from: body)
    for (field, member) in [
      ("auth", "xapiCredentialAuthType"), ("permissionsLevel", "xapiCredentialPermissionsLevel"),
    ] {
      guard let word = body[field]?[member]?.string ?? body[field]?.string else { continue }
      credential[field] = .object([JSONMember(member, .string(word.uppercased()))])
    }
  }

  /// `XapiCredentialSchema`.
  private static func value(_ identifier: Identifier, _ credential: Document) -> JSONValue {
    .object(
      [JSONMember("id", .string(identifier.text))]
        + credential.fields.picking(fields + ["auth", "permissionsLevel"]).members)
  }

  private static func new(_ body: JSONValue, _ state: inout ApplicationState, _ now: Timestamp)
    throws(Refusal) -> Document
  {
    var credential = Document(
      [
        "name": "", "info": "", "secret": "", "isEnabled": true,
        "auth": ["xapiCredentialAuthType": "BASICAUTH"],
        "permissionsLevel": ["xapiCredentialPermissionsLevel": "DEFAULT"],
      ], created: now)
    try change(&credential, body)
    if credential.text("secret").isEmpty {
      credential["secret"] = .string(state.identifiers.secret())
    }
    return credential
  }

  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let credential = try new(try call.object(), &state, call.now)
    let identifier = state.identifiers.identifier()
    guard state.xapiCredentials.insert(credential, at: identifier) else {
      throw .full(state.xapiCredentials.limit, "xAPI credentials")
    }
    return .value(["result": .string(identifier.text)])
  }

  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    try ListScan(call).page(of: state.xapiCredentials, rule, value: value)
  }

  private static func find(_ state: ApplicationState, _ call: CloudCall) throws(Refusal)
    -> (identifier: Identifier, credential: Document)
  {
    let identifier = try call.parameter(0)
    guard let credential = state.xapiCredentials[identifier] else {
      throw .missing("xAPI credential", identifier)
    }
    return (identifier, credential)
  }

  static func get(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let (identifier, credential) = try find(state, call)
    return .value(value(identifier, credential))
  }

  /// Creates or updates (client: "Create or update xAPI Credentials").
  static func set(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let body = try call.object()
    var credential: Document
    if let old = state.xapiCredentials[identifier] {
      credential = old
      try change(&credential, body)
      credential.updated = call.now
    } else {
      credential = try new(body, &state, call.now)
    }
    guard state.xapiCredentials.insert(credential, at: identifier) else {
      throw .full(state.xapiCredentials.limit, "xAPI credentials")
    }
    return .done
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    state.xapiCredentials.remove(try find(state, call).identifier)
    return .done
  }

  // Statement pipes.

  /// `XapiStatementPipeSchema`. Nothing is ever forwarded.
  private static func pipe(_ identifier: Identifier, _ pipe: Document) -> JSONValue {
    var value: JSONValue = [
      "id": .string(identifier.text), "attempts": 0, "visibleAfter": .string(pipe.updated.text),
    ]
    value.take(["source", "target"], from: pipe.fields)
    return value
  }

  static func pipes(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value([
      "xapiStatementPipes": .array(
        state.statementPipes.entries.map { pipe($0.identifier, $0.value) })
    ])
  }

  private static func endpoints(_ body: JSONValue) throws(Refusal) -> JSONValue {
    for name in ["source", "target"] {
      guard let url = body[name]?["url"]?.string else { continue }
      guard LaunchLink.isURL(url) else {
        throw .message(400, "\(name).url [\(url)] is not a valid URL")
      }
    }
    return body.picking(["source", "target"])
  }

  static func createPipe(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try endpoints(try call.object())
    guard body["target"] != nil else { throw .message(400, "target is required.") }
    let identifier = state.identifiers.identifier()
    guard state.statementPipes.insert(Document(body, created: call.now), at: identifier) else {
      throw .full(state.statementPipes.limit, "xAPI statement pipes")
    }
    return .value(["result": .string(identifier.text)])
  }

  static func getPipe(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    guard let found = state.statementPipes[identifier] else {
      throw .missing("xAPI statement pipe", identifier)
    }
    return .value(pipe(identifier, found))
  }

  /// Creates or updates (client: "Create or update an xAPI Statement Pipe").
  static func setPipe(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    let body = try endpoints(try call.object())
    var pipe = state.statementPipes[identifier] ?? Document([:], created: call.now)
    pipe.fields.take(["source", "target"], from: body)
    guard pipe["target"] != nil else { throw .message(400, "target is required.") }
    pipe.updated = call.now
    guard state.statementPipes.insert(pipe, at: identifier) else {
      throw .full(state.statementPipes.limit, "xAPI statement pipes")
    }
    return .value(["result": .string(identifier.text)])
  }

  static func deletePipe(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let identifier = try call.parameter(0)
    guard state.statementPipes.remove(identifier) != nil else {
      throw .missing("xAPI statement pipe", identifier)
    }
    return .done
  }
}
