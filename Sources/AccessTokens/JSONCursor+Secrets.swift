internal import Memory

/// Reading answers that may hold a token anywhere: in a name, or in a member that nobody asks for.
extension JSONReader {
  /// Reads a string into `text`, escapes resolved. What was there is overwritten.
  @_lifetime(self: copy self)
  mutating func readSecret(into text: inout ByteBuffer) throws(JSONDefect) {
    text.overwriteWithZeros()
    // At once: a buffer that grows leaves a copy behind. Escapes only shrink.
    text.reserve(remaining)
    try readString(into: &text)
  }

  /// Reads the next member's name into `name`, up to the value; false when the outermost object has ended,
  /// and then nothing may follow it.
  @_lifetime(self: copy self)
  mutating func nextMember(
    isFirst: Bool, name: inout ByteBuffer
  ) throws(JSONDefect) -> Bool {
    guard try nextMember(isFirst: isFirst) else {
      try end()
      return false
    }
    try readSecret(into: &name)
    try takeColon()
    return true
  }
}
