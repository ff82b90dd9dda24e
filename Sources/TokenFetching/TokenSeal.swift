internal import AccessTokens
internal import COpenSSL
package import Memory
internal import TextCoding

/// Seals tokens for the other gateways of a fleet: AES-256-GCM (NIST SP 800-38D) with a key that they share.
///
/// What is sealed is bound to its purpose (``Place``) and to the key, so it cannot be opened for another purpose. The
/// store sees ciphertext and marks. Marks are HMACs with the key, and reveal nothing without it.
package struct TokenSeal: Sendable {
  /// The purpose of a token.
  struct Place {
    var appID: String
    var scopes: String
    var endpoint: TokenEndpoint
    var url: String
    /// The secret that it was granted for.
    var secret: SecretBytes
  }

  /// Why something cannot be opened.
  enum Defect: String, Error {
    case otherVersion = "it has another version, or is not a token"
    case otherKey = "it is sealed with another key"
    case damaged = "it was changed, or copied from another place"
    case unusable = "its content is not a token"
  }

  /// Bytes before the ciphertext: version, the key's mark, nonce.
  private static let headBytes = 1 + keyMarkBytes + nonceBytes
  private static let version: UInt8 = 1
  private static let keyMarkBytes = 4
  private static let nonceBytes = 12
  private static let tagBytes = 16
  /// Longer texts cannot be our tokens.
  private static let mostBytes = 3 * CredentialText.maximumLength

  private let prefix: String
  /// Keys derived from the shared key, each for one purpose.
  private let sealing: SecretBytes
  private let marking: SecretBytes
  private let keyMark: [UInt8]

  /// Derives the keys; nil if OpenSSL fails.
  ///
  /// - Parameters:
  ///   - key: 32 bytes.
  ///   - prefix: The fleet's prefix.
  package init?(key: SecretBytes, prefix: String) {
    guard let sealing = TokenSeal.derived("scorm-gateway token sealing 1", key),
      let marking = TokenSeal.derived("scorm-gateway token marks 1", key)
    else { return nil }
    self.prefix = prefix
    self.sealing = sealing
    self.marking = marking
    let label = Fields("key")
    guard let mark = TokenSeal.mac(label.buffer.bytes, marking) else { return nil }
    keyMark = Array(mark.prefix(TokenSeal.keyMarkBytes))
  }

  /// Whether something that was sealed can be opened again.
  package var works: Bool {
    let secret = SecretBytes(copying: Array("a secret".utf8).span.bytesOfElements)
    let place = Place(appID: "app", scopes: "read", endpoint: .application, url: "", secret: secret)
    guard let sealed = seal(secret, lifetime: 1_000_000_000, for: place),
      let opened = try? open(sealed, for: place)
    else { return false }
    return opened.token.hasSameBytes(as: secret)
  }

  /// Identifies the key for operators: eight hexadecimal digits.
  package var mark: String { TokenSeal.hexadecimal(keyMark) }

  /// The token's key in the store, after the prefix: app, scopes, and a mark of the token's whole purpose, including
  /// the secret. So tokens of a replaced secret stay under a key that no gateway looks up any more.
  func name(of place: Place) -> String? {
    mark(of: place).map { "\(place.appID):\(place.scopes):\($0)" }
  }

  /// Identifies a token for those that have it.
  func mark(of token: SecretBytes) -> String? {
    var fields = Fields("token")
    fields.put(token.bytes)
    defer { fields.erase() }
    return TokenSeal.mac(fields.buffer.bytes, marking).map {
      TokenSeal.hexadecimal($0.prefix(8))
    }
  }

  /// Seals a token; nil if OpenSSL fails.
  ///
  /// - Parameter lifetime: The lifetime for which it was granted, in nanoseconds.
  func seal(_ token: SecretBytes, lifetime: Int64, for place: Place) -> String? {
    guard let bound = bound(to: place) else { return nil }
    var plain = ByteBuffer(capacity: 8 + token.count)
    plain.put(word: UInt64(bitPattern: lifetime), count: 8)
    plain.put(token.bytes)
    defer { plain.overwriteWithZeros() }
    var nonce = [UInt8](repeating: 0, count: TokenSeal.nonceBytes)
    var cipher = [UInt8](repeating: 0, count: plain.count)
    var tag = [UInt8](repeating: 0, count: TokenSeal.tagBytes)
    // Proof: the nonce has the 12 bytes that are written; all spans are lent for the calls; the ciphertext has as many
    // bytes as the plain text, and the tag 16.
    let done = unsafe sealing.bytes.withUnsafeBytes { key in
      unsafe bound.buffer.bytes.withUnsafeBytes { bound in
        unsafe plain.bytes.withUnsafeBytes { plain in
          guard unsafe RAND_bytes(&nonce, Int32(nonce.count)) == 1 else { return false }
          return unsafe co_seal(
            key.baseAddress, nonce, bound.baseAddress, bound.count, plain.baseAddress,
            plain.count, &cipher, &tag) == 1
        }
      }
    }
    guard done else { return nil }
    return Base64.standard.encode([TokenSeal.version] + keyMark + nonce + cipher + tag)
  }

  /// Opens what ``seal(_:lifetime:for:)`` returned.
  func open(
    _ text: String, for place: Place
  ) throws(Defect) -> (token: SecretBytes, lifetime: Int64) {
    guard text.utf8.count <= TokenSeal.mostBytes, let sealed = Base64.standard.decode(text),
      sealed.count > TokenSeal.headBytes + 8 + TokenSeal.tagBytes, sealed[0] == TokenSeal.version
    else { throw .otherVersion }
    guard sealed[1...TokenSeal.keyMarkBytes].elementsEqual(keyMark) else { throw .otherKey }
    guard let bound = bound(to: place) else { throw .damaged }
    let cipher = sealed.count - TokenSeal.headBytes - TokenSeal.tagBytes
    var plain = [UInt8](repeating: 0, count: cipher)
    defer { for index in plain.indices { plain[index] = 0 } }
    let nonce = Array(sealed[(1 + TokenSeal.keyMarkBytes)..<TokenSeal.headBytes])
    let text = Array(sealed[TokenSeal.headBytes..<(sealed.count - TokenSeal.tagBytes)])
    let tag = Array(sealed.suffix(TokenSeal.tagBytes))
    // Proof: all spans are lent for the call; the plain text has as many bytes as the ciphertext, the nonce 12, the tag
    // 16.
    let done = unsafe sealing.bytes.withUnsafeBytes { key in
      unsafe bound.buffer.bytes.withUnsafeBytes { bound in
        unsafe co_open(
          key.baseAddress, nonce, bound.baseAddress, bound.count, text, text.count, &plain, tag)
          == 1
      }
    }
    guard done else { throw .damaged }
    let lifetime = plain[..<8].reversed().reduce(0) { $0 << 8 | Int64($1) }
    guard (1...TokenAnswer.maximumLifetime * 1_000_000_000).contains(lifetime) else {
      throw .unusable
    }
    let token = SecretBytes(copying: plain.span.bytesOfElements.slice(8, plain.count))
    guard CredentialText.defect(of: token.bytes) == nil else { throw .unusable }
    return (token, lifetime)
  }

  // MARK: Marks

  /// What a sealed token is bound to.
  private func bound(to place: Place) -> Fields? {
    guard let mark = mark(of: place) else { return nil }
    var fields = Fields("sealed")
    fields.put([TokenSeal.version])
    fields.put(keyMark)
    fields.put(prefix)
    fields.put(place.appID)
    fields.put(place.scopes)
    fields.put(place.endpoint.rawValue)
    fields.put(place.url)
    fields.put(mark)
    return fields
  }

  private func mark(of place: Place) -> String? {
    var fields = Fields("place")
    fields.put(prefix)
    fields.put(place.appID)
    fields.put(place.scopes)
    fields.put(place.endpoint.rawValue)
    fields.put(place.url)
    fields.put(place.secret.bytes)
    defer { fields.erase() }
    return TokenSeal.mac(fields.buffer.bytes, marking).map { TokenSeal.hexadecimal($0.prefix(8)) }
  }

  private static func derived(_ label: String, _ key: SecretBytes) -> SecretBytes? {
    guard var bytes = mac(Array(label.utf8).span.bytesOfElements, key) else { return nil }
    return SecretBytes(taking: &bytes)
  }

  private static func mac(_ text: RawSpan, _ key: SecretBytes) -> [UInt8]? {
    var code = [UInt8](repeating: 0, count: 32)
    // Proof: both spans are lent for the call, which writes the 32 bytes of a SHA-256.
    let done = unsafe key.bytes.withUnsafeBytes { key in
      unsafe text.withUnsafeBytes { text in
        unsafe co_hmac_sha256(key.baseAddress, key.count, text.baseAddress, text.count, &code)
      }
    }
    return done == 1 ? code : nil
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    var text = ByteBuffer()
    for byte in bytes { text.put(hexadecimal: UInt64(byte), width: 2) }
    return text.bytes.text
  }
}

/// Texts one after the other, each preceded by its length, so that no two lists have the same bytes.
private struct Fields: ~Copyable {
  var buffer = ByteBuffer(capacity: 512)

  init(_ purpose: String) { put(purpose) }

  mutating func put(_ text: String) { put(text.utf8.span.bytesOfElements) }

  mutating func put(_ bytes: [UInt8]) { put(bytes.span.bytesOfElements) }

  mutating func put(_ bytes: RawSpan) {
    // A secret is put last, so no copy of it stays behind when the buffer grows.
    buffer.reserve(8 + bytes.byteCount)
    buffer.put(word: UInt64(bytes.byteCount), count: 8)
    buffer.put(bytes)
  }

  mutating func erase() { buffer.overwriteWithZeros() }
}
