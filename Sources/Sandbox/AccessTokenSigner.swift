internal import COpenSSL
internal import Memory

/// What an access token of the sandbox says.
struct AccessTokenClaims: Equatable, Sendable {
  /// The application that the token stands for.
  var appID: String
  /// Names of the scopes it grants.
  var scopes: [String]
  /// When it ends.
  var expiry: Timestamp
}

/// Makes and checks access tokens that carry their claims themselves, as the real service's do ("token is
/// not stored"): `base64url(claims).base64url(HMAC-SHA-256)`.
///
/// The key is random for every process and mixed with the application's secret, so a token dies with the
/// secret that minted it.
struct AccessTokenSigner: Sendable {
  /// 32 random bytes (`getrandom(2)`), the same for every simulated cloud of this process.
  private static let processKey: [UInt8] = {
    var generator = SystemRandomNumberGenerator()
    return (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }()

  /// The token that says `claims`, under the application's `secret`. Nil only when OpenSSL fails.
  func token(_ claims: AccessTokenClaims, secret: String) -> String? {
    let payload: JSONValue = [
      "app": .string(claims.appID), "scopes": .strings(claims.scopes),
      "exp": .integer(claims.expiry.seconds),
      // No two tokens are alike, so that a caller sees which one was sent.
      "id": .string(Identifier.random().text),
    ]
    let head = Base64.urlSafe.encode(payload.text.utf8)
    guard let signature = signature(of: head, secret: secret) else { return nil }
    return head + "." + Base64.urlSafe.encode(signature)
  }

  /// The claims of `token` when one of our applications' secrets signed it. The caller checks the expiry.
  ///
  /// - Parameter secret: the secret of an application, or nil when there is no such application.
  func claims(in token: String, secret: (_ appID: String) -> String?) -> AccessTokenClaims? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let payload = Base64.urlSafe.decode(parts[0]),
      let given = Base64.urlSafe.decode(parts[1]), let value = try? JSONValue(json: payload),
      let appID = value["app"]?.string, let scopes = value["scopes"]?.strings,
      let expiry = value["exp"]?.integer, let secret = secret(appID),
      let expected = signature(of: String(parts[0]), secret: secret),
      isSame(given, expected)
    else { return nil }
    return AccessTokenClaims(appID: appID, scopes: scopes, expiry: Timestamp(seconds: expiry))
  }

  private func signature(of text: String, secret: String) -> [UInt8]? {
    guard let key = authenticationCode(of: Array(secret.utf8), key: AccessTokenSigner.processKey)
    else { return nil }
    return authenticationCode(of: Array(text.utf8), key: key)
  }

  private func authenticationCode(of bytes: [UInt8], key: [UInt8]) -> [UInt8]? {
    var code = [UInt8](repeating: 0, count: 32)
    // Proof: the pointers and lengths are those of arrays that outlive the call; it writes 32 bytes.
    let made = unsafe co_hmac_sha256(key, key.count, bytes, bytes.count, &code)
    return made == 1 ? code : nil
  }
}

/// Whether both are the same, in time that depends on their lengths only.
func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for i in left.indices { difference |= left[i] ^ right[i] }
  return difference == 0
}
