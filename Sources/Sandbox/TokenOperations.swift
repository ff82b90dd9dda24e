internal import LocalServer
internal import SCORMCloudAPI

/// The two token endpoints. Both give the same kind of token.
enum TokenOperations {
  /// Lifetime of a token in seconds, if the request has none (authentication page).
  static let defaultLifetime = 300
  /// Longest lifetime in seconds that the sandbox grants. The real service publishes none.
  static let maximumLifetime = 86_400

  /// `POST /oauth/authenticate/application/token`: a form with `scope` and an optional `expiration`.
  static func getAppToken(_ realm: inout Realm, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    guard call.contentType.hasPrefix("application/x-www-form-urlencoded"),
      call.bodySize == call.body.count, let text = String(validating: call.body, as: UTF8.self)
    else { throw .message(400, "The body must be a form.") }
    let form = FormFields(text)
    let scopes = form["scope"]?.split(separator: " ").map(String.init) ?? []
    var lifetime = defaultLifetime
    if let wanted = form["expiration"] {
      guard let seconds = Int(wanted), (1...maximumLifetime).contains(seconds) else {
        throw .message(400, "expiration must be between 1 and \(maximumLifetime) seconds.")
      }
      lifetime = seconds
    }
    let token = try token(
      scopes, for: call.application, expiry: Timestamp(seconds: call.now.seconds + lifetime),
      &realm,
      call)
    return .value([
      "access_token": .string(token), "expires_in": .integer(lifetime), "token_type": "bearer",
    ])
  }

  /// `POST /appManagement/token`: JSON with `permissions.scopes` and `expiry`, a date and time.
  static func createToken(_ realm: inout Realm, _ call: CloudCall) throws(Refusal)
    -> LocalResponse
  {
    let body = try call.object()
    guard let scopes = body["permissions"]?["scopes"]?.strings else {
      throw .message(400, "permissions.scopes is required.")
    }
    guard let text = body["expiry"]?.string, let expiry = Timestamp(text) else {
      throw .message(400, "expiry is required, as an ISO 8601 date.")
    }
    guard expiry > call.now, expiry.seconds - call.now.seconds <= maximumLifetime else {
      throw .message(400, "expiry must be at most \(maximumLifetime) seconds ahead.")
    }
    let application = try application(body["permissions"]?["applicationName"]?.string, realm, call)
    return .value([
      "result": .string(try token(scopes, for: application, expiry: expiry, &realm, call))
    ])
  }

  /// The application that the token is for (`PermissionsSchema.applicationName`). The App Management application may
  /// name any.
  private static func application(_ name: String?, _ realm: Realm, _ call: CloudCall)
    throws(Refusal) -> Identifier
  {
    guard let name, !name.isEmpty else { return call.application }
    let found = realm.applications.entries.first {
      $0.identifier.text == name || $0.value.name == name
    }
    guard let found else { throw .missing("application", Identifier(name)) }
    let isManagement = realm.applications[call.application]?.kind == .management
    guard found.identifier == call.application || isManagement else {
      throw .message(403, "This credential grants no permissions for application [\(name)].")
    }
    return found.identifier
  }

  private static func token(
    _ scopes: [String], for application: Identifier, expiry: Timestamp, _ realm: inout Realm,
    _ call: CloudCall
  ) throws(Refusal) -> String {
    guard !scopes.isEmpty else { throw .message(400, "scope is required.") }
    for scope in scopes where Scope(name: scope) == nil {
      throw .message(400, "There is no scope [\(scope)].")
    }
    // A token for another application uses that one's first active credential, so it becomes invalid with that
    // credential.
    let credentials = realm.applications[application]?.credentials
    let chosen =
      application == call.application
      ? call.credential : credentials?.entries.first { $0.value.isActive }?.identifier
    guard let chosen, let credential = credentials?[chosen] else {
      throw .message(403, "Application [\(application)] has no active credential.")
    }
    if let granted = credential.scopes, !granted.contains(Scope.admin.name.description) {
      for scope in scopes where !granted.contains(scope) {
        throw .message(403, "This credential does not have the permission [\(scope)].")
      }
    }
    let claims = AccessTokenClaims(
      application: application, credential: chosen, scopes: scopes, expiry: expiry)
    let identifier = realm.identifiers.identifier()
    let token = AccessTokenSigner().token(
      claims, identifier: identifier, secret: credential.secret)
    guard let token else { throw .message(500, "The token could not be signed.") }
    return token
  }
}
