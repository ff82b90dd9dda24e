internal import JSONText
internal import Memory

/// Reading answers that may hold a token anywhere: in a name, or in a member that nobody asks for.
extension JSONCursor {
  /// Puts the text of a name or string into `text`, escapes resolved. What was there is overwritten.
  func readSecret(at place: Range<Int>, into text: inout ByteBuffer) {
    text.overwriteWithZeros()
    // At once: a buffer that grows leaves a copy behind. Escapes only shrink.
    text.reserve(place.count)
    JSONString.putText(of: slice(place), into: &text)
  }

  /// Reads the next member's name into `name`, up to the value; false when the outermost object has ended,
  /// and then nothing may follow it.
  @_lifetime(self: copy self)
  mutating func nextMember(name: inout ByteBuffer) throws(JSONDefect) -> Bool {
    guard let place = try nextMember() else {
      try end()
      return false
    }
    readSecret(at: place, into: &name)
    return true
  }
}
