internal import Memory

/// The members of an answer that count, as they stand in it.
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
  private var sawToken = false
  private var sawType = false
  private var sawLifetime = false

  init(endpoint: TokenEndpoint) { self.endpoint = endpoint }

  mutating func read(_ body: RawSpan) throws(TokenAnswerDefect) {
    var reader = JSONReader(body)
    var name = ByteBuffer()
    // A token may stand in a member that is skipped; nothing of it stays behind.
    var scratch = ByteBuffer()
    defer { scratch.overwriteWithZeros() }
    try reader.beginObject()
    var isFirst = true
    while try reader.nextMember(isFirst: isFirst, name: &name) {
      isFirst = false
      try readMember(name.bytes, from: &reader, scratch: &scratch)
    }
  }

  private mutating func readMember(
    _ name: RawSpan, from reader: inout JSONReader, scratch: inout ByteBuffer
  ) throws(TokenAnswerDefect) {
    switch endpoint {
    case .appManagement where name.equals("result"),
      .application where name.equals("access_token"):
      try Self.note(&sawToken)
      if reader.peek() == UInt8(ascii: "\"") {
        try reader.readString(into: &token)
        hasToken = true
      } else {
        try reader.skipValue(scratch: &scratch)
      }
    case .application where name.equals("token_type"):
      try Self.note(&sawType)
      switch reader.peek() {
      case UInt8(ascii: "\""):
        try reader.readString(into: &scratch)
        isBearer = scratch.bytes.equalsIgnoringCase("bearer")
      case UInt8(ascii: "n"):
        try reader.skipValue(scratch: &scratch)
      default:
        try reader.skipValue(scratch: &scratch)
        isBearer = false
      }
    case .application where name.equals("expires_in"):
      try Self.note(&sawLifetime)
      expiresIn = try readLifetime(from: &reader, scratch: &scratch)
    default:
      try reader.skipValue(scratch: &scratch)
    }
  }

  private static func note(_ seen: inout Bool) throws(TokenAnswerDefect) {
    if seen { throw .duplicateMember }
    seen = true
  }

  /// Numbers, and strings of digits, which some servers send.
  private func readLifetime(
    from reader: inout JSONReader, scratch: inout ByteBuffer
  ) throws(TokenAnswerDefect) -> Lifetime {
    switch reader.peek() ?? 0 {
    case UInt8(ascii: "\""):
      try reader.readString(into: &scratch)
      return Int64(scratch.bytes.text).map { .seconds($0) } ?? .unreadable
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return try reader.readNumber().map { .seconds($0) } ?? .unreadable
    case UInt8(ascii: "n"):
      try reader.skipValue(scratch: &scratch)
      return .absent
    default:
      try reader.skipValue(scratch: &scratch)
      return .unreadable
    }
  }
}
