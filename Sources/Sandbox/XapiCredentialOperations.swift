internal import LocalServer

/// An activity provider's credential for the learning record store: its answers carry a secret, which
/// makes them good for testing that nothing records it.
struct XapiCredential: Sendable {
  /// Credentials that an application may have.
  static let maximum = 1_000
  /// Longest name, info or secret, in bytes.
  static let maximumText = 255
  static let authentications = ["BASICAUTH", "OAUTH"]
  static let permissionLevels = ["DEFAULT", "USER", "ROOT", "READONLY", "WRITEONLY"]

  var name = ""
  var info = ""
  var secret = Identifier.random().text
  var isEnabled = true
  var authentication = "BASICAUTH"
  var permissionsLevel = "DEFAULT"

  /// Takes over what `body` says, and leaves what it does not mention.
  mutating func change(_ body: JSONValue) throws(Refusal) {
    func text(_ name: String, _ current: String, allowed: [String]? = nil) throws(Refusal) -> String
    {
      guard let text = body[name]?.string else { return current }
      guard text.utf8.count <= XapiCredential.maximumText, allowed?.contains(text) ?? true else {
        throw .message(400, "\(name) is not valid.")
      }
      return text
    }
    name = try text("name", name)
    info = try text("info", info)
    secret = try text("secret", secret)
    authentication = try text("auth", authentication, allowed: XapiCredential.authentications)
    permissionsLevel = try text(
      "permissionsLevel", permissionsLevel, allowed: XapiCredential.permissionLevels)
    isEnabled = body["isEnabled"]?.boolean ?? isEnabled
  }

  /// `XapiCredentialSchema`.
  func value(_ identifier: Identifier) -> JSONValue {
    [
      "id": .string(identifier.text), "name": .string(name), "info": .string(info),
      "secret": .string(secret), "isEnabled": .boolean(isEnabled), "auth": .string(authentication),
      "permissionsLevel": .string(permissionsLevel),
    ]
  }
}

/// Create, look up, list, change and delete xAPI credentials.
enum XapiCredentialOperations {
  static func create(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    var credential = XapiCredential()
    try credential.change(try call.object())
    let identifier = Identifier.random()
    guard state.xapiCredentials.insert(credential, at: identifier) else {
      throw .full(state.xapiCredentials.limit, "xAPI credentials")
    }
    return .value(["result": .string(identifier.text)])
  }

  static func list(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    let found = state.xapiCredentials.entries.filter { scan.includes(text: [$0.value.name]) }
    return try scan.page(of: found, named: "xapiCredentials") { $0.value.value($0.identifier) }
  }

  private static func find(_ state: ApplicationState, _ call: CloudCall) throws(Refusal)
    -> (identifier: Identifier, credential: XapiCredential)
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
    return .value(credential.value(identifier))
  }

  static func set(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let found = try find(state, call)
    var credential = found.credential
    try credential.change(try call.object())
    _ = state.xapiCredentials.insert(credential, at: found.identifier)
    return .done
  }

  static func delete(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    _ = state.xapiCredentials.remove(try find(state, call).identifier)
    return .done
  }
}
