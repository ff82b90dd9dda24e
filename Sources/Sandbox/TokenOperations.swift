internal import LocalServer
internal import SCORMCloudAPI

/// The two token endpoints. Tokens of both are the same.
enum TokenOperations {
  /// Seconds that a token lives when the request does not say (authentication page).
  static let defaultLifetime = 300
  /// Longest lifetime in seconds that the sandbox grants. The real service publishes none.
  static let maximumLifetime = 86_400

  /// `POST /oauth/authenticate/application/token`: a form with `scope` and perhaps `expiration`.
  static func getAppToken(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
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
    let token = try token(scopes, expiry: Timestamp(seconds: call.now.seconds + lifetime), call)
    return .value([
      "access_token": .string(token), "expires_in": .integer(lifetime), "token_type": "bearer",
    ])
  }

  /// `POST /appManagement/token`: JSON with `permissions.scopes` and `expiry`, a moment.
  static func createToken(_ state: inout ApplicationState, _ call: CloudCall) throws(Refusal)
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
    return .value(["result": .string(try token(scopes, expiry: expiry, call))])
  }

  private static func token(_ scopes: [String], expiry: Timestamp, _ call: CloudCall)
    throws(Refusal) -> String
  {
    guard !scopes.isEmpty else { throw .message(400, "scope is required.") }
    for scope in scopes where Scope(name: scope) == nil {
      throw .message(400, "There is no scope [\(scope)].")
    }
    let claims = AccessTokenClaims(appID: call.application.id, scopes: scopes, expiry: expiry)
    guard let token = AccessTokenSigner().token(claims, secret: call.application.secret) else {
      throw .message(500, "The token could not be signed.")
    }
    return token
  }
}
