internal import HTTPMessages
internal import Memory

/// The Via field: RFC 9110 section 7.6.3. It tells hops apart and ends loops.
enum ViaField {
  /// Appends our line. It follows the lines of earlier hops, because their order is that of the hops, and
  /// names the version in which the message came to us.
  @inline(__always)
  static func put(receivedIn version: HTTPVersion, into out: inout ByteBuffer) {
    switch version {
    case .http11: out.put("Via: 1.1 scorm-gateway\r\n")
    case .http10: out.put("Via: 1.0 scorm-gateway\r\n")
    }
  }

  /// Whether `value` names us as a hop. A host whose name merely holds ours is another one.
  static func namesUs(_ value: RawSpan) -> Bool {
    var at = 0
    while at < value.byteCount {
      var end = at
      while end < value.byteCount, !isSeparator(value[end]) { end += 1 }
      // Pseudonyms stand where host names do, so case does not matter.
      if value.slice(at, end).equalsIgnoringCase("scorm-gateway") { return true }
      at = end + 1
    }
    return false
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == UInt8(ascii: ",")
  }
}
