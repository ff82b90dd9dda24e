internal import JSONText
package import Memory

/// What is wrong with a 200 answer of a token endpoint.
package enum TokenAnswerDefect: Error, Equatable, Sendable {
  /// More than ``TokenAnswer/maximumBytes``.
  case tooLarge
  /// Not a JSON object: empty, HTML, truncated, or followed by something else.
  case notJSON
  /// A member that is read occurs twice, so the answer is ambiguous.
  case duplicateMember
  /// The token is missing, empty or not a string.
  case noToken
  /// The token contains a character outside `b64token` (RFC 6750 section 2.1).
  case badTokenText
  /// The token is longer than ``TokenAnswer/maximumTokenBytes``.
  case tokenTooLong
  /// `token_type` is something other than bearer.
  case notBearer
  /// The endpoint did not answer with HTTP.
  case notHTTP

  /// The text for an operator.
  package var explanation: String {
    switch self {
    case .tooLarge: "the answer is longer than \(TokenAnswer.maximumBytes) bytes"
    case .notJSON: "the answer is not a JSON object"
    case .duplicateMember: "the answer gives one member twice"
    case .noToken: "the answer has no token"
    case .badTokenText: "the token holds a character that no bearer token may hold"
    case .tokenTooLong: "the token is longer than \(TokenAnswer.maximumTokenBytes) bytes"
    case .notBearer: "the token is not of type bearer"
    case .notHTTP: "the answer is not HTTP"
    }
  }
}

/// A token endpoint's answer, parsed and checked.
package struct TokenAnswer: Sendable {
  /// Longest answer that is read, in bytes.
  package static let maximumBytes = 64 * 1024
  /// How deeply arrays and objects may be nested. Bounds the recursion.
  static let maximumDepth = 17
  /// Longest token that is accepted, in bytes, because it must fit in a request's head.
  package static let maximumTokenBytes = 8 * 1024
  /// Longest lifetime that is believed, in seconds.
  package static let maximumLifetime: Int64 = 365 * 86_400
  /// Lifetime, in seconds, of a token whose stated lifetime cannot be believed; less if less was requested.
  package static let cautiousLifetime: Int64 = 60

  /// Where the lifetime comes from.
  package enum LifetimeSource: Equatable, Sendable {
    /// `expires_in`, a positive integer.
    case answer
    /// The answer has none, so the endpoint granted the requested lifetime.
    case request
    /// `expires_in` is 0, negative, fractional or not a number: ``TokenAnswer/cautiousLifetime`` is used.
    case unreadable
    /// `expires_in` is more than ``TokenAnswer/maximumLifetime``: the requested lifetime is used.
    case excessive
  }

  package let token: SecretBytes
  /// Seconds, 1 ... ``maximumLifetime``.
  package let lifetime: Int64
  package let lifetimeSource: LifetimeSource

  /// Reads the answer of `endpoint`. Unknown members are ignored (RFC 6749 section 5.1).
  ///
  /// The answer is `{"access_token","expires_in","token_type"}` from ``TokenEndpoint/application``, of which only the
  /// token is required, or `{"result":"<token>"}` from ``TokenEndpoint/appManagement``.
  /// - Parameter requestedLifetime: The lifetime that was requested, in seconds.
  package init(
    _ body: RawSpan, from endpoint: TokenEndpoint, requestedLifetime: Int64
  ) throws(TokenAnswerDefect) {
    guard body.byteCount <= Self.maximumBytes else { throw .tooLarge }
    var members = TokenAnswerMembers(endpoint: endpoint)
    defer { members.token.overwriteWithZeros() }
    do { try members.read(body.withoutByteOrderMark()) } catch { throw .notJSON }
    guard !members.hasDuplicate else { throw .duplicateMember }
    guard members.hasToken, !members.token.isEmpty else { throw .noToken }
    guard members.token.count <= Self.maximumTokenBytes else { throw .tokenTooLong }
    guard Self.isBearerToken(members.token.bytes) else { throw .badTokenText }
    guard members.isBearer else { throw .notBearer }
    token = SecretBytes(copying: members.token.bytes)
    switch members.expiresIn {
    case .absent:
      (lifetime, lifetimeSource) = (requestedLifetime, .request)
    case .seconds(let seconds) where seconds > Self.maximumLifetime:
      (lifetime, lifetimeSource) = (requestedLifetime, .excessive)
    case .seconds(let seconds) where seconds > 0:
      (lifetime, lifetimeSource) = (seconds, .answer)
    case .seconds, .unreadable:
      (lifetime, lifetimeSource) = (min(requestedLifetime, Self.cautiousLifetime), .unreadable)
    }
  }

  /// Whether `text` is a token: `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750
  /// section 2.1).
  static func isBearerToken(_ text: RawSpan) -> Bool {
    var end = text.byteCount
    while end > 0 && text[end - 1] == UInt8(ascii: "=") { end -= 1 }
    guard end > 0 else { return false }
    for i in 0..<end {
      switch text[i] {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
        continue
      default: return false
      }
    }
    return true
  }
}
