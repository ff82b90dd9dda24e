package import Memory

/// A value of the Redis serialization protocol, version 2 (redis.io, "Redis serialization protocol specification").
package enum RESPValue: Equatable, Sendable {
  /// A status, such as `OK`.
  case simple(String)
  /// An error: a word in capitals, a space, and a text.
  case error(String)
  case integer(Int64)
  case bulk([UInt8])
  /// No value: a bulk string or an array of length -1.
  case null
  case array([RESPValue])

  /// The text of a status or of a bulk string, in which bytes that are not UTF-8 are replaced; nil for other values.
  package var text: String? {
    switch self {
    case .simple(let text): text
    case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
    case .error, .integer, .null, .array: nil
    }
  }

  /// The value of a number, or of a bulk string that is one; nil for other values.
  package var number: Int64? {
    if case .integer(let number) = self { return number }
    return text.flatMap { Int64($0) }
  }
}

/// A command as it is sent: an array of bulk strings.
package enum RESPCommand {
  /// Appends one command.
  package static func put(_ words: [String], into out: inout ByteBuffer) {
    begin(words.count, into: &out)
    for word in words { put(word: word.utf8.span.bytesOfElements, into: &out) }
  }

  /// Appends the beginning of a command of `count` words, which must follow.
  package static func begin(_ count: Int, into out: inout ByteBuffer) {
    out.put("*")
    out.put(decimal: count)
    out.put("\r\n")
  }

  /// Appends one word of a command.
  package static func put(word: RawSpan, into out: inout ByteBuffer) {
    out.put("$")
    out.put(decimal: word.byteCount)
    out.put("\r\n")
    out.put(word)
    out.put("\r\n")
  }
}
