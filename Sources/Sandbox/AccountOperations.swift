internal import LocalServer

/// Ping, about and reporting.
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

  /// `ReportageAccountInfoSchema`. The billing period is the current month.
  static func accountInfo(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let monthStart = Timestamp(String(call.now.text.prefix(7)) + "-01") ?? call.now
    return .value([
      "email": "sandbox@example.com", "firstName": "Sand", "lastName": "Box",
      "company": "Example", "accountType": "sandbox",
      "regLimit": .integer(state.registrations.limit), "strictLimit": true,
      "createDate": "2026-01-01T00:00:00.000Z",
      "usage": [
        "monthStart": .string(monthStart.text),
        "regCount": .integer(state.registrations.count { $0.value.created >= monthStart }),
        "totalRegistrations": .integer(state.registrations.count),
        "totalCourses": .integer(state.courses.count),
      ],
    ])
  }

  /// Permissions of a Reportage session, in the API's own words.
  static let navPermissions = ["NONAV", "DOWNONLY", "FREENAV"]

  /// A made-up token that only ``reportageLink(_:_:)`` uses.
  static func reportageAuth(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let permission = call.query["navPermission"] ?? ""
    guard navPermissions.contains(permission.uppercased()) else {
      throw .message(
        400, "navPermission must be one of \(navPermissions.joined(separator: ", ")).")
    }
    return .value([
      "authEnabled": true,
      "queryString": .string("auth=sandbox-\(state.identifiers.identifier())"),
    ])
  }

  /// The report's URL with the token appended.
  static func reportageLink(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard let auth = call.query["auth"], !auth.isEmpty, let url = call.query["reportUrl"],
      !url.isEmpty
    else { throw .message(400, "auth and reportUrl are required.") }
    let base = LaunchLink.isURL(url) ? url : "https://cloud.scorm.com/Reportage/\(url)"
    let mark = base.contains("?") ? "&" : "?"
    return .value(["reportageLink": .string("\(base)\(mark)auth=\(auth)")])
  }
}
