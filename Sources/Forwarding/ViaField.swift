internal import HTTPMessages
internal import Memory

/// The Via field (RFC 9110 section 7.6.3). It identifies hops and stops loops.
///
/// A gateway's pseudonym is `scorm-gateway-` and a number of its process. So one gateway after another is not taken for
/// a loop, and the pseudonym does not reveal where the gateway runs.
struct ViaField: ~Copyable {
  /// `Via: 1.1 scorm-gateway-0123abcd`, with its CRLF.
  private var line = ByteBuffer(capacity: 40)
  /// Where the pseudonym begins in it.
  private static var start: Int { 9 }
  /// Where the last digit of the version is.
  private static var minor: Int { 7 }

  /// - Parameter hop: Identifies this process among gateways.
  init(hop: UInt32) {
    line.put("Via: 1.1 ")
    line.put(RequestPlanner.hopName)
    line.put("-")
    line.put(hexadecimal: UInt64(hop), width: 8)
    line.put("\r\n")
  }

  /// Appends our line. It follows the lines of earlier hops, because lines are in the order of the hops, and gives the
  /// version in which the message was received.
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

  /// Whether `value` names us as a hop. A host whose name merely contains ours is a different one.
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

  /// Pseudonyms take the place of host names, so case does not matter.
  private static func isSame(_ a: RawSpan, _ b: RawSpan) -> Bool {
    guard a.byteCount == b.byteCount else { return false }
    for i in 0..<a.byteCount where a[i].asciiLowercased != b[i].asciiLowercased { return false }
    return true
  }

  private static func isSeparator(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == UInt8(ascii: ",")
  }
}
