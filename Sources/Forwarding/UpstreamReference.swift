internal import HTTPMessages
internal import Memory

/// Finds the URLs of an answer that lead to the upstream's API. They must lead back through the gateway, which has the
/// credential.
///
/// What counts is the upstream's host, with either scheme or none (RFC 3986 section 4.2), and with its own port, a
/// scheme's default port or none: servers behind a proxy often know neither the scheme nor the port by which they are
/// called.
struct UpstreamReference: ~Copyable {
  /// In lower case, without a port.
  private var host = ByteBuffer(capacity: 64)
  /// Empty if it is the scheme's default.
  private var port = ByteBuffer(capacity: 8)
  private var basePath = ByteBuffer(capacity: 32)

  init(rules: ForwardingRules) {
    var authority = ByteBuffer(capacity: 64)
    authority.put(text: rules.upstreamAuthority)
    let portStart = UpstreamReference.portStart(authority.bytes)
    host.put(authority.bytes.slice(0, portStart))
    if portStart < authority.count {
      port.put(authority.bytes.slice(portStart + 1, authority.count))
    }
    basePath.put(text: rules.upstreamBasePath)
  }

  /// Where the part of `value` below the upstream's base path begins; nil if it leads elsewhere, or is relative to the
  /// request's own path, which is the same on both sides.
  func restBelowBasePath(_ value: RawSpan) -> Int? {
    var at = 0
    if let start = UpstreamReference.authorityStart(value) {
      at = start
      while at < value.byteCount, !UpstreamReference.endsAuthority(value[at]) { at += 1 }
      guard isUpstream(value.slice(start, at)) else { return nil }
    } else if value.byteCount == 0 || value[0] != UInt8(ascii: "/") {
      return nil
    }
    let end = at + basePath.count
    guard value.byteCount >= end, value.slice(at, end).hasSameBytes(as: basePath.bytes),
      value.byteCount == end || UpstreamReference.endsAuthority(value[end])
    else { return nil }
    return end
  }

  private func isUpstream(_ authority: RawSpan) -> Bool {
    let portStart = UpstreamReference.portStart(authority)
    var hostEnd = portStart
    // The final dot of a fully qualified name.
    if hostEnd > 0, authority[hostEnd - 1] == UInt8(ascii: ".") { hostEnd -= 1 }
    guard hostEnd == host.count else { return false }
    for i in 0..<hostEnd where authority[i].asciiLowercased != host.bytes[i] { return false }
    guard portStart + 1 < authority.byteCount else { return true }
    let given = authority.slice(portStart + 1, authority.byteCount)
    return given.equals("80") || given.equals("443")
      || given.byteCount == port.count && given.hasSameBytes(as: port.bytes)
  }

  /// Where the authority of an absolute URL or a network-path reference begins; nil for anything else.
  private static func authorityStart(_ value: RawSpan) -> Int? {
    if value.byteCount >= 2, value.slice(0, 2).equals("//") { return 2 }
    if value.byteCount >= 7, value.slice(0, 7).equalsIgnoringCase("http://") { return 7 }
    if value.byteCount >= 8, value.slice(0, 8).equalsIgnoringCase("https://") { return 8 }
    return nil
  }

  /// The position of the colon before an authority's port, or the authority's end.
  private static func portStart(_ authority: RawSpan) -> Int {
    var at = authority.byteCount
    while at > 0 {
      at -= 1
      if authority[at] == UInt8(ascii: ":") { return at }
      // The end of an address in brackets, which contains colons itself.
      if authority[at] == UInt8(ascii: "]") { break }
    }
    return authority.byteCount
  }

  private static func endsAuthority(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
  }
}
