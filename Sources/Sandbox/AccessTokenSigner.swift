internal import COpenSSL
internal import Memory
internal import TextCoding

/// What an access token of the sandbox says.
struct AccessTokenClaims: Equatable, Sendable {
  /// The application that the token stands for.
  var application: Identifier
  /// Which of its credentials made it.
  var credential: Identifier
  /// Names of the scopes it grants.
  var scopes: [String]
  /// When it ends.
  var expiry: Timestamp
}

/// Makes and checks access tokens that carry their claims themselves, as the real service's do ("token is
/// not stored"): `base64url(claims).base64url(HMAC-SHA-256)`.
///
/// The key is made of the credential's secret, so a token dies with the secret that minted it, and the same
/// run makes the same tokens.
struct AccessTokenSigner: Sendable {
  private static let label = Array("scorm-gateway sandbox token".utf8)

  /// The token that says `claims`, under the credential's `secret`. Nil only when OpenSSL fails.
  ///
  /// - Parameter identifier: no two tokens are alike, so that a caller sees which one was sent.
  func token(_ claims: AccessTokenClaims, identifier: Identifier, secret: String) -> String? {
    let payload: JSONValue = [
      "app": .string(claims.application.text), "credential": .string(claims.credential.text),
      "scopes": .strings(claims.scopes), "exp": .integer(claims.expiry.seconds),
      "id": .string(identifier.text),
    ]
    let head = Base64.urlSafe.encode(payload.text.utf8)
    guard let signature = signature(of: head, secret: secret) else { return nil }
    return head + "." + Base64.urlSafe.encode(signature)
  }

  /// The claims of `token` when one of our credentials signed it. The caller checks the expiry.
  ///
  /// - Parameter secret: the secret of a credential, or nil when there is no such one.
  func claims(
    in token: String, secret: (_ application: Identifier, _ credential: Identifier) -> String?
  ) -> AccessTokenClaims? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let payload = Base64.urlSafe.decode(parts[0]),
      let given = Base64.urlSafe.decode(parts[1]), let value = try? JSONValue(json: payload),
      let application = Identifier(checking: value["app"]?.string),
      let credential = Identifier(checking: value["credential"]?.string),
      let scopes = value["scopes"]?.strings, let expiry = value["exp"]?.integer,
      let secret = secret(application, credential),
      let expected = signature(of: String(parts[0]), secret: secret),
      isSame(given, expected)
    else { return nil }
    return AccessTokenClaims(
      application: application, credential: credential, scopes: scopes,
      expiry: Timestamp(seconds: expiry))
  }

  private func signature(of text: String, secret: String) -> [UInt8]? {
    guard let key = authenticationCode(of: Array(secret.utf8), key: AccessTokenSigner.label)
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
