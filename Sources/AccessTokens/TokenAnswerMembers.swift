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
  /// A member that counts stands in it twice.
  private(set) var hasDuplicate = false
  private var sawToken = false
  private var sawType = false
  private var sawLifetime = false

  init(endpoint: TokenEndpoint) { self.endpoint = endpoint }

  mutating func read(_ body: RawSpan) throws(JSONDefect) {
    var reader = JSONReader(body, depthLimit: TokenAnswer.maximumDepth)
    var name = ByteBuffer()
    // A token may stand in a name or in a member that is skipped; nothing of it stays behind.
    var scratch = ByteBuffer()
    defer {
      name.overwriteWithZeros()
      scratch.overwriteWithZeros()
    }
    try reader.beginObject()
    var isFirst = true
    while try reader.nextMember(isFirst: isFirst, name: &name) {
      isFirst = false
      try readMember(name.bytes, from: &reader, scratch: &scratch)
    }
  }

  private mutating func readMember(
    _ name: RawSpan, from reader: inout JSONReader, scratch: inout ByteBuffer
  ) throws(JSONDefect) {
    switch endpoint {
    case .appManagement where name.equals("result"),
      .application where name.equals("access_token"):
      Self.note(&sawToken, &hasDuplicate)
      if reader.next() == UInt8(ascii: "\"") {
        try reader.readSecret(into: &token)
        hasToken = true
      } else {
        try reader.skipValue()
      }
    case .application where name.equals("token_type"):
      Self.note(&sawType, &hasDuplicate)
      switch reader.next() {
      case UInt8(ascii: "\""):
        try reader.readSecret(into: &scratch)
        isBearer = scratch.bytes.equalsIgnoringCase("bearer")
      case UInt8(ascii: "n"):
        try reader.skipValue()
      default:
        try reader.skipValue()
        isBearer = false
      }
    case .application where name.equals("expires_in"):
      Self.note(&sawLifetime, &hasDuplicate)
      expiresIn = try readLifetime(from: &reader, scratch: &scratch)
    default:
      try reader.skipValue()
    }
  }

  private static func note(_ seen: inout Bool, _ hasDuplicate: inout Bool) {
    hasDuplicate = hasDuplicate || seen
    seen = true
  }

  /// Numbers, and strings of digits, which some servers send.
  private func readLifetime(
    from reader: inout JSONReader, scratch: inout ByteBuffer
  ) throws(JSONDefect) -> Lifetime {
    switch reader.next() ?? 0 {
    case UInt8(ascii: "\""):
      try reader.readSecret(into: &scratch)
      return Int64(scratch.bytes.text).map { .seconds($0) } ?? .unreadable
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      let number = try reader.number()
      let seconds = number.isWhole ? Int64(reader.slice(number.bounds).text) : nil
      return seconds.map { .seconds($0) } ?? .unreadable
    case UInt8(ascii: "n"):
      try reader.skipValue()
      return .absent
    default:
      try reader.skipValue()
      return .unreadable
    }
  }
}
