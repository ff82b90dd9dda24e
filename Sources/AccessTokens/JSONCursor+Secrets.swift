internal import JSONText
internal import Memory

/// Reads answers that may contain a token anywhere: in a name, or in a member that is ignored.
extension JSONCursor {
  /// Puts the text of a name or string into `text`, with escapes resolved. The previous content is overwritten.
  func readSecret(at place: Range<Int>, into text: inout ByteBuffer) {
    text.overwriteWithZeros()
    // Reserved at once, because a growing buffer leaves a copy behind. Resolving escapes only makes the text shorter.
    text.reserve(place.count)
    JSONString.putText(of: slice(place), into: &text)
  }

  /// Reads the next member's name into `name`, up to the value. Returns false if the outermost object has ended; then
  /// nothing may follow it.
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
