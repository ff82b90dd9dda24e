internal import LocalServer

/// Ping, about, reporting and the App Management application's view.
enum AccountOperations {
  static func ping(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(["apiMessage": "API is up and running", "currentTime": .string(call.now.text)])
  }

  static func about(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(["version": "2", "distribution": "scorm-gateway sandbox"])
  }

  static func accountInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value([
      "email": "sandbox@example.com", "firstName": "Sand", "lastName": "Box",
      "company": "Example", "accountType": "sandbox",
      "regLimit": .string(String(state.registrations.limit)), "strictLimit": true,
      "createDate": "2026-01-01T00:00:00.000Z",
      "usage": [
        "monthStart": .string(call.now.text), "regCount": .integer(state.registrations.count),
        "totalRegistrations": .integer(state.registrations.count),
        "totalCourses": .integer(state.courses.count),
      ],
    ])
  }

  /// A made-up token, of no use anywhere.
  static func reportageAuth(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value([
      "authEnabled": true, "queryString": .string("auth=sandbox-\(Identifier.random())"),
    ])
  }

  static func reportageLink(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard call.query["auth"] != nil, let url = call.query["reportUrl"] else {
      throw .message(400, "auth and reportUrl are required.")
    }
    return .value(["reportageLink": .string("https://cloud.scorm.com/Reportage/\(url)")])
  }

  /// `GetApplications` and the deprecated `GetApplicationList`: the sandbox's ordinary applications.
  static func applications(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let scan = try ListScan(call)
    return try scan.page(
      of: call.applications.filter { $0.kind == .application }, named: "applications", value)
  }

  /// `CredentialListSchema`: the application's one secret, in the clear as the real service answers it.
  static func credentials(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let found = try find(call)
    return .value([
      "credentials": [
        [
          "id": "default", "name": "Default", "credential": .string(found.secret),
          "status": "active",
        ]
      ]
    ])
  }

  private static func find(_ call: CloudCall) throws(Refusal) -> SandboxApplication {
    let identifier = try call.parameter(0)
    guard let found = call.applications.first(where: { $0.id == identifier.text }) else {
      throw .missing("application", identifier)
    }
    return found
  }

  static func application(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    .value(value(try find(call)))
  }

  private static func value(_ application: SandboxApplication) -> JSONValue {
    [
      "id": .string(application.id), "name": .string(application.id),
      "createDate": "2026-01-01T00:00:00.000Z", "updateDate": "2026-01-01T00:00:00.000Z",
      "allowDelete": false,
    ]
  }
}
