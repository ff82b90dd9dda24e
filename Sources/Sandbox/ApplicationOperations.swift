internal import LocalServer

/// Calls of the App Management application, which manage the other applications and their credentials.
enum ApplicationOperations {
  /// Longest name of an application or a credential, in bytes.
  static let maximumName = 255

  static let list = ListRule<Application>(
    member: "applications",
    texts: [
      ("application_id", { $0.identifier.text }), ("application_name", { $0.value.name }),
      ("name", { $0.value.name }),
    ],
    created: { $0.value.created }, updated: { $0.value.updated }, tags: nil)

  private static func name(_ body: JSONValue) throws(Refusal) -> String? {
    guard let name = body["name"]?.string else { return nil }
    guard !name.isEmpty, name.utf8.count <= maximumName else {
      throw .message(400, "A name has 1 to \(maximumName) bytes.")
    }
    return name
  }

  private static func find(_ realm: Realm, _ call: CloudCall) throws(Refusal) -> (
    identifier: Identifier, application: Application
  ) {
    let identifier = try call.parameter(0)
    guard let found = realm.applications[identifier] else {
      throw .missing("application", identifier)
    }
    return (identifier, found)
  }

  /// `ApplicationInfoSchema`. Counts are included only if the query asks for them.
  private static func value(_ identifier: Identifier, _ found: Application, _ query: FormFields)
    -> JSONValue
  {
    var members = [
      JSONMember("id", .string(identifier.text)), JSONMember("name", .string(found.name)),
      JSONMember("createDate", .string(found.created.text)),
      JSONMember("updateDate", .string(found.updated.text)),
      JSONMember("allowDelete", .boolean(found.allowsDelete)),
    ]
    if query.isTrue("includeCourseCount") {
      members.append(JSONMember("courseCount", .integer(found.data.courses.count)))
    }
    if query.isTrue("includeRegistrationCount") {
      members.append(JSONMember("registrationCount", .integer(found.data.registrations.count)))
    }
    return .object(members)
  }

  /// `GetApplications`, page by page.
  static func page(_ realm: inout Realm, _ call: CloudCall) throws(Refusal) -> LocalResponse {
    let scan = try ListScan(call)
    return try scan.page(
      of: realm.applications, list, where: { $0.value.kind == .application },
      value: { value($0, $1, scan.filters) })
  }

  /// The deprecated `GetApplicationList`: all applications in one answer, names only.
  static func all(_ realm: inout Realm, _ call: CloudCall) throws(Refusal) -> LocalResponse {
    let found = realm.applications.entries.filter { $0.value.kind == .application }
    return .value([
      "applications": .array(
        found.map { ["id": .string($0.identifier.text), "name": .string($0.value.name)] })
    ])
  }

  static func info(_ realm: inout Realm, _ call: CloudCall) throws(Refusal) -> LocalResponse {
    let found = try find(realm, call)
    return .value(value(found.identifier, found.application, call.query))
  }

  static func create(_ realm: inout Realm, _ call: CloudCall) throws(Refusal) -> LocalResponse {
    guard let name = try name(try call.object()) else { throw .message(400, "name is required.") }
    let identifier = Identifier(String(realm.identifiers.secret().prefix(10)).uppercased())
    var application = Application()
    application.name = name
    application.created = call.now
    application.updated = call.now
    application.data = realm.state(for: identifier)
    guard realm.applications.insert(application, at: identifier) else {
      throw .message(
        400, "The sandbox keeps at most \(Realm.maximumApplications) applications.")
    }
    return .value(["id": .string(identifier.text), "name": .string(name)])
  }

  static func update(_ realm: inout Realm, _ call: CloudCall) throws(Refusal) -> LocalResponse {
    let found = try find(realm, call)
    let body = try call.object()
    let name = try name(body)
    realm.applications.update(found.identifier) { application in
      application.name = name ?? application.name
      application.allowsDelete = body["allowDelete"]?.boolean ?? application.allowsDelete
      application.updated = call.now
    }
    return .done
  }

  /// "All content within an application must be removed in order to allow deletion" (client).
  static func delete(_ realm: inout Realm, _ call: CloudCall) throws(Refusal) -> LocalResponse {
    let found = try find(realm, call)
    guard found.application.kind == .application else {
      throw .message(400, "The App Management application cannot be deleted.")
    }
    guard found.application.data.courses.count == 0, found.application.data.registrations.count == 0
    else {
      throw .message(
        400, "All content of application [\(found.identifier)] must be removed before deleting it.")
    }
    realm.applications.remove(found.identifier)
    return .done
  }

  // Credentials.

  /// `CredentialSchema`, with the secret in plain text, as the real service answers.
  private static func value(_ identifier: Identifier, _ found: ApplicationCredential) -> JSONValue {
    [
      "id": .string(identifier.text), "name": .string(found.name),
      "credential": .string(found.secret), "pensCredential": .string("pens-\(identifier)"),
      "status": found.isActive ? "active" : "inactive", "created": .string(found.created.text),
      "updated": .string(found.updated.text),
    ]
  }

  static func credentials(_ realm: inout Realm, _ call: CloudCall) throws(Refusal) -> LocalResponse
  {
    let found = try find(realm, call).application.credentials
    return .value(["credentials": .array(found.entries.map { value($0.identifier, $0.value) })])
  }

  static func createCredential(_ realm: inout Realm, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let application = try find(realm, call).identifier
    let body = try call.object()
    var credential = ApplicationCredential(secret: realm.identifiers.secret(), name: "")
    credential.name = try name(body) ?? ""
    credential.isActive = body["active"]?.boolean ?? true
    credential.created = call.now
    credential.updated = call.now
    let identifier = realm.identifiers.identifier()
    let new = credential
    let isTaken = realm.applications.update(application) {
      $0.credentials.insert(new, at: identifier)
    }
    guard isTaken == true else { throw .full(Application.maximumCredentials, "credentials") }
    return .value(value(identifier, credential))
  }

  /// Changes the credential that the path's second parameter names.
  private static func change(
    _ realm: inout Realm, _ call: CloudCall, _ change: (inout ApplicationCredential) -> Void
  ) throws(Refusal) {
    let application = try find(realm, call).identifier
    let identifier = try call.parameter(1)
    let isFound = realm.applications.update(application) { application in
      application.credentials.update(identifier, change) != nil
    }
    guard isFound == true else { throw .missing("credential", identifier) }
  }

  static func updateCredential(_ realm: inout Realm, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    let name = try name(body)
    try change(&realm, call) { credential in
      credential.name = name ?? credential.name
      credential.isActive = body["active"]?.boolean ?? credential.isActive
      credential.updated = call.now
    }
    return .done
  }

  static func deleteCredential(_ realm: inout Realm, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    try change(&realm, call) { _ in }
    let (application, identifier) = (try call.parameter(0), try call.parameter(1))
    realm.applications.update(application) { _ = $0.credentials.remove(identifier) }
    return .done
  }
}
