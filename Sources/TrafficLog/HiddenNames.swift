internal import Memory

/// Names of members whose values are hidden in every recorded body, at any path: credentials, values that open a launch
/// or a list, and values that identify a learner.
///
/// Names are compared by their ASCII letters and digits only, without case. So `launch_link`, `Launch-Link` and
/// `launchLink` are the same name.
package enum HiddenNames {
  /// Names that contain one of these are hidden.
  package static let parts = [
    "password", "passwd", "passphrase", "secret", "token", "authoriz", "authent", "credential",
    "jwt", "apikey", "accesskey", "privatekey", "cookie", "sessionid", "signature", "launchlink",
    "launchurl", "email", "mbox", "firstname", "lastname", "fullname", "learnername", "learnerid",
    "username", "postbackurl", "externalconfig", "consumerkey", "querystring", "reportagelink",
  ]
  /// Names equal to one of these are hidden.
  package static let wholes = ["auth", "more", "key", "pwd", "actor", "sig"]
  /// Members of `learner`.
  package static let ofLearner = ["id", "name"]

  private static let partBytes = parts.map { Array($0.utf8) }
  private static let wholeBytes = wholes.map { Array($0.utf8) }
  private static let learnerBytes = ofLearner.map { Array($0.utf8) }
  private static let learner = Array("learner".utf8)

  /// Whether the value of the member called `name` is hidden. `name` has its escapes decoded.
  static func hides(_ name: RawSpan, ofLearner isOfLearner: Bool) -> Bool {
    let plain = folded(name)
    if wholeBytes.contains(plain) || isOfLearner && learnerBytes.contains(plain) { return true }
    return partBytes.contains { HiddenText.contains(plain, $0) }
  }

  /// Whether the member called `name` describes a learner.
  static func isLearner(_ name: [UInt8]) -> Bool {
    let plain = folded(name.span.bytesOfElements)
    return plain == learner || plain == learner + [UInt8(ascii: "s")]
  }

  private static func folded(_ name: RawSpan) -> [UInt8] {
    var plain: [UInt8] = []
    plain.reserveCapacity(name.byteCount)
    for i in 0..<name.byteCount {
      let byte = name[i].asciiLowercased
      if byte &- 0x61 < 26 || byte &- 0x30 < 10 { plain.append(byte) }
    }
    return plain
  }
}

/// Texts that are hidden in every recorded body, whatever their name: they look like credentials, or contain names.
package enum HiddenText {
  private static let assignments = [
    "token=", "password=", "secret=", "jwt=", "auth=", "more=", "sig=", "signature=",
  ].map { Array($0.utf8) }
  private static let schemes = ["bearer ", "basic "].map { Array($0.utf8) }
  private static let jwtStart = Array("eyJ".utf8)
  private static let authority = Array("://".utf8)

  /// - Parameter text: the text with its escapes decoded.
  static func hides(_ text: [UInt8]) -> Bool {
    // A JSON Web Token, or any JSON in Base64.
    if contains(text, jwtStart) { return true }
    // A URL with a user or with parameters, as launch links and cursors have.
    if contains(text, authority),
      text.contains(UInt8(ascii: "?")) || text.contains(UInt8(ascii: "@"))
    {
      return true
    }
    let lower = text.map(\.asciiLowercased)
    let start = lower.drop { $0 <= 0x20 }
    if schemes.contains(where: { start.starts(with: $0) }) { return true }
    // JSON inside the text, whose names are not checked.
    if start.first == UInt8(ascii: "{") || start.first == UInt8(ascii: "["),
      start.contains(UInt8(ascii: "\""))
    {
      return true
    }
    return lower.contains(UInt8(ascii: "=")) && assignments.contains { contains(lower, $0) }
  }

  /// Whether `part`, which is not empty, occurs in `text`.
  static func contains(_ text: [UInt8], _ part: [UInt8]) -> Bool {
    guard text.count >= part.count else { return false }
    for start in 0...(text.count - part.count) where text[start] == part[0] {
      var length = 1
      while length < part.count, text[start + length] == part[length] { length += 1 }
      if length == part.count { return true }
    }
    return false
  }
}
