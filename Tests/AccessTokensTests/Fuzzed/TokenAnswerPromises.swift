import Memory

@testable import AccessTokens

/// Promises about any sequence of bytes that a token endpoint answers with.
enum TokenAnswerPromises {
  private static let requested: Int64 = 900

  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    // A body without a token may be an error. Reading that must end too.
    _ = TokenErrorCode(bytes.span.bytesOfElements)
    return broken(bytes, .application, member: "access_token")
      ?? broken(bytes, .appManagement, member: "result")
  }

  private static func broken(
    _ bytes: [UInt8], _ endpoint: TokenEndpoint, member: String
  ) -> String? {
    let expected = plainToken(bytes, endpoint, member: member)
    let answer = try? TokenAnswer(
      bytes.span.bytesOfElements, from: endpoint, requestedLifetime: requested)
    guard let answer else {
      return expected == nil ? nil : "a plain reader's token is accepted"
    }
    if !(1...TokenAnswer.maximumLifetime).contains(answer.lifetime) {
      return "a lifetime is 1 s to a year: \(answer.lifetime)"
    }
    let token = answer.token.bytes.copied()
    if !token.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2C && $0 != 0x22 && $0 != 0x5C }) {
      return "a token can stand in a header field"
    }
    return expected == token ? nil : "a token is what a plain reader finds"
  }

  private static func isTokenText(_ token: [UInt8]) -> Bool {
    let text = token.prefix { $0 != 0x3D }
    return !text.isEmpty && token.dropFirst(text.count).allSatisfy { $0 == 0x3D }
      && text.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: tokenMarks.contains(byte)
        }
      }
  }

  private static let tokenMarks = Array("-._~+/".utf8)

  /// The token that a careful reader would take from `bytes`; nil if there is none.
  private static func plainToken(
    _ bytes: [UInt8], _ endpoint: TokenEndpoint, member: String
  ) -> [UInt8]? {
    // A leading byte order mark may be ignored (RFC 8259 section 8.1).
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    guard bytes.count <= TokenAnswer.maximumBytes,
      case .object(let members) = PlainJSON.read(text, depth: TokenAnswer.maximumDepth)
    else { return nil }
    let counted =
      endpoint == .application ? ["access_token", "token_type", "expires_in"] : ["result"]
    for name in counted where members.count(where: { $0.name == Array(name.utf8) }) > 1 {
      return nil
    }
    func value(_ name: String) -> PlainJSON? {
      members.first { $0.name == Array(name.utf8) }?.value
    }
    guard case .string(let token)? = value(member),
      isTokenText(token),
      token.count <= TokenAnswer.maximumTokenBytes
    else { return nil }
    guard endpoint == .application else { return token }
    switch value("token_type") {
    case nil, .null: return token
    case .string(let type):
      return String(decoding: type, as: UTF8.self).lowercased() == "bearer" ? token : nil
    default: return nil
    }
  }
}
