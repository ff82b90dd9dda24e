internal import COpenSSL
internal import Memory
internal import TextCoding

/// The claims of a sandbox access token.
struct AccessTokenClaims: Equatable, Sendable {
  /// The application that the token is for.
  var application: Identifier
  /// The credential of the application that the token was made with.
  var credential: Identifier
  /// Names of the scopes it grants.
  var scopes: [String]
  /// When the token expires.
  var expiry: Timestamp
}

/// Makes and checks access tokens that contain their claims, as the real service's tokens do ("token is not stored"):
/// `base64url(claims).base64url(HMAC-SHA-256)`.
///
/// The key is derived from the credential's secret. So a token becomes invalid when that secret is deleted, and a
/// repeated run makes the same tokens.
struct AccessTokenSigner: Sendable {
  private static let label = Array("scorm-gateway sandbox token".utf8)

  /// The token for `claims`, signed with a key from the credential's `secret`. Nil only if OpenSSL fails.
  ///
  /// - Parameter identifier: makes each token different, so a caller can see which one was sent.
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

  /// The claims of `token` if one of our credentials signed it. The caller checks the expiry.
  ///
  /// - Parameter secret: returns the secret of a credential, or nil if the credential does not exist.
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
    // Proof: pointers and lengths are those of arrays that outlive the call. The function writes 32 bytes, the size of
    // `code`.
    let made = unsafe co_hmac_sha256(key, key.count, bytes, bytes.count, &code)
    return made == 1 ? code : nil
  }
}

/// Whether both are equal, compared in a time that depends only on their lengths.
func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  guard left.count == right.count else { return false }
  var difference: UInt8 = 0
  for i in left.indices { difference |= left[i] ^ right[i] }
  return difference == 0
}
