internal import JSONText
internal import Memory

/// The members of an answer that are used, unchecked.
struct TokenAnswerMembers: ~Copyable {
  enum Lifetime {
    case absent, unreadable
    case seconds(Int64)
  }

  let endpoint: TokenEndpoint
  var token = ByteBuffer()
  var hasToken = false
  var isBearer = true
  var expiresIn = Lifetime.absent
  /// A member that is used occurs twice.
  private(set) var hasDuplicate = false
  private var sawToken = false
  private var sawType = false
  private var sawLifetime = false

  init(endpoint: TokenEndpoint) { self.endpoint = endpoint }

  mutating func read(_ body: RawSpan) throws(JSONDefect) {
    var cursor = JSONCursor(body, depthLimit: TokenAnswer.maximumDepth)
    var name = ByteBuffer()
    // A name or a skipped member may contain a token, so no copy may stay behind.
    var scratch = ByteBuffer()
    defer {
      name.overwriteWithZeros()
      scratch.overwriteWithZeros()
    }
    try cursor.beginObject()
    while try cursor.nextMember(name: &name) {
      try readMember(name.bytes, from: &cursor, scratch: &scratch)
    }
  }

  private mutating func readMember(
    _ name: RawSpan, from cursor: inout JSONCursor, scratch: inout ByteBuffer
  ) throws(JSONDefect) {
    let value = try cursor.value()
    switch endpoint {
    case .appManagement where name.equals("result"),
      .application where name.equals("access_token"):
      Self.note(&sawToken, &hasDuplicate)
      if value.kind == .string {
        cursor.readSecret(at: value.range, into: &token)
        hasToken = true
      }
    case .application where name.equals("token_type"):
      Self.note(&sawType, &hasDuplicate)
      switch value.kind {
      case .string:
        cursor.readSecret(at: value.range, into: &scratch)
        isBearer = scratch.bytes.equalsIgnoringCase("bearer")
      case .null: break
      default: isBearer = false
      }
    case .application where name.equals("expires_in"):
      Self.note(&sawLifetime, &hasDuplicate)
      expiresIn = lifetime(value, from: cursor, scratch: &scratch)
    default: break
    }
    try cursor.skip(value)
  }

  private static func note(_ seen: inout Bool, _ hasDuplicate: inout Bool) {
    hasDuplicate = hasDuplicate || seen
    seen = true
  }

  /// Reads a number, or a string of digits, which some servers send.
  private func lifetime(
    _ value: JSONEvent, from cursor: borrowing JSONCursor, scratch: inout ByteBuffer
  ) -> Lifetime {
    switch value.kind {
    case .string:
      cursor.readSecret(at: value.range, into: &scratch)
      return Int64(scratch.bytes.text).map { .seconds($0) } ?? .unreadable
    case .number where value.isWhole:
      return Int64(cursor.slice(value.range).text).map { .seconds($0) } ?? .unreadable
    case .null: return .absent
    default: return .unreadable
    }
  }
}
