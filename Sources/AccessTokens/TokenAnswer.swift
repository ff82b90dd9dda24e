internal import JSONText
package import Memory

/// What is wrong with a 200 of a token endpoint.
package enum TokenAnswerDefect: Error, Equatable, Sendable {
  /// More than ``TokenAnswer/maximumBytes``.
  case tooLarge
  /// No JSON object: empty, HTML, cut off, something behind it.
  case notJSON
  /// A member that counts stands in it twice: it could be read in two ways.
  case duplicateMember
  /// No token, or one that is no string or empty.
  case noToken
  /// The token holds a character outside `b64token` (RFC 6750 section 2.1).
  case badTokenText
  /// The token is longer than ``TokenAnswer/maximumTokenBytes``.
  case tokenTooLong
  /// `token_type` is something other than bearer.
  case notBearer
  /// The endpoint did not answer with HTTP.
  case notHTTP

  /// What to tell an operator.
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

/// A token endpoint's answer, read and checked.
package struct TokenAnswer: Sendable {
  /// Longest answer that is read, in bytes.
  package static let maximumBytes = 64 * 1024
  /// Arrays and objects within each other that are read. Bounds the recursion.
  static let maximumDepth = 17
  /// Longest token that is accepted, in bytes: it has to fit into a request head.
  package static let maximumTokenBytes = 8 * 1024
  /// Longest life that is believed, in seconds.
  package static let maximumLifetime: Int64 = 365 * 86_400
  /// Life given to a token whose own cannot be believed, in seconds, or what was asked for if less.
  package static let cautiousLifetime: Int64 = 60

  /// How the lifetime was found.
  package enum LifetimeSource: Equatable, Sendable {
    /// `expires_in`, a positive integer.
    case answer
    /// The answer gave none: the endpoint granted what was asked for.
    case request
    /// `expires_in` is 0, negative, fractional or no number: ``TokenAnswer/cautiousLifetime``.
    case unreadable
    /// `expires_in` is more than ``TokenAnswer/maximumLifetime``: what was asked for.
    case excessive
  }

  package let token: SecretBytes
  /// Seconds, 1 ... ``maximumLifetime``.
  package let lifetime: Int64
  package let lifetimeSource: LifetimeSource

  /// Reads the answer of `endpoint`; unknown members are ignored (RFC 6749 section 5.1).
  ///
  /// `{"access_token","expires_in","token_type"}` of ``TokenEndpoint/application``, of which only the
  /// token is required, or `{"result":"<token>"}` of ``TokenEndpoint/appManagement``.
  /// - Parameter requestedLifetime: Seconds that were asked for.
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

  /// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750 section 2.1).
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
