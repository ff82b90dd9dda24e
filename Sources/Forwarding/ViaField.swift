internal import HTTPMessages
internal import Memory

/// The Via field: RFC 9110 section 7.6.3. It tells hops apart and ends loops.
///
/// A gateway's pseudonym is `scorm-gateway-` and a number of its process, so that one behind another is not taken
/// for a loop, and tells nobody where it runs.
struct ViaField: ~Copyable {
  /// `Via: 1.1 scorm-gateway-0123abcd`, with its CRLF.
  private var line = ByteBuffer(capacity: 40)
  /// Where the pseudonym lies in it.
  private static var start: Int { 9 }
  /// Where the version's last digit lies in it.
  private static var minor: Int { 7 }

  /// `hop` tells this process from others.
  init(hop: UInt32) {
    line.put("Via: 1.1 ")
    line.put(RequestPlanner.hopName)
    line.put("-")
    line.put(hexadecimal: UInt64(hop), width: 8)
    line.put("\r\n")
  }

  /// Appends our line. It follows the lines of earlier hops, because their order is that of the hops, and
  /// names the version in which the message came to us.
  @inline(__always)
  func put(receivedIn version: HTTPVersion, into out: inout ByteBuffer) {
    switch version {
    case .http11: out.put(line.bytes)
    case .http10:
      out.put(line.bytes.slice(0, ViaField.minor))
      out.put("0")
      out.put(line.bytes.slice(ViaField.minor + 1, line.count))
    }
  }

  /// Whether `value` names us as a hop. A host whose name merely holds ours is another one.
  func namesUs(_ value: RawSpan) -> Bool {
    let name = line.bytes.slice(ViaField.start, line.count - 2)
    var at = 0
    while at < value.byteCount {
      var end = at
      while end < value.byteCount, !ViaField.isSeparator(value[end]) { end += 1 }
      if ViaField.isSame(value.slice(at, end), name) { return true }
      at = end + 1
    }
    return false
  }

  /// Pseudonyms stand where host names do, so case does not matter.
  private static func isSame(_ a: RawSpan, _ b: RawSpan) -> Bool {
    guard a.byteCount == b.byteCount else { return false }
    for i in 0..<a.byteCount where a[i].asciiLowercased != b[i].asciiLowercased { return false }
    return true
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == UInt8(ascii: ",")
  }
}
