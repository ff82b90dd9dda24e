internal import Memory

/// The grammar of an authority in a Host field: RFC 3986 section 3.2 without userinfo and without percent-encoding,
/// which no real host name needs.
package enum HostSyntax {
  /// Whether `host` is a name, an IPv4 address or an IPv6 address in brackets, with an optional port.
  package static func isValid(_ host: RawSpan) -> Bool {
    validParts(host) != nil
  }

  /// Like ``split(_:)``, but nil for a host that is too long to be a name.
  static func validParts(_ host: RawSpan) -> (hostEnd: Int, port: Int?)? {
    host.byteCount <= 255 ? split(host) : nil
  }

  /// The end of the host part, and the port, which is nil when there is none. Nil when the host is malformed.
  package static func split(_ host: RawSpan) -> (hostEnd: Int, port: Int?)? {
    var at = 0
    let count = host.byteCount
    guard count > 0 else { return nil }
    if host[0] == UInt8(ascii: "[") {
      at = 1
      while at < count,
        host[at].hexadecimalValue != nil || host[at] == UInt8(ascii: ":")
          || host[at] == UInt8(ascii: ".")
      {
        at += 1
      }
      // The shortest address is `[::]`.
      guard at >= 3, at < count, host[at] == UInt8(ascii: "]") else { return nil }
      at += 1
    } else {
      at = host.firstIndex(notIn: .hostName, from: 0)
      guard at > 0, host[0] != UInt8(ascii: "."), host[0] != UInt8(ascii: "-") else { return nil }
    }
    if at == count { return (at, nil) }
    guard host[at] == UInt8(ascii: ":") else { return nil }
    let digits = count - at - 1
    guard digits >= 1, digits <= 5 else { return nil }
    var port = 0
    var i = at &+ 1
    while i < count {
      let digit = host[i] &- 0x30
      guard digit < 10 else { return nil }
      port = port &* 10 &+ Int(digit)
      i &+= 1
    }
    return port <= 65535 ? (at, port) : nil
  }
}

/// The last authority, with its parts: nearly all requests of a loop name the same one.
struct HostMemo: ~Copyable {
  private var host = ByteBuffer()
  private var hostEnd = 0
  private var port: Int?

  /// Like ``HostSyntax/validParts(_:)``.
  mutating func parts(of host: RawSpan) -> (hostEnd: Int, port: Int?)? {
    if host.byteCount > 0, host.hasSameBytes(as: self.host.bytes) { return (hostEnd, port) }
    guard let parts = HostSyntax.validParts(host) else { return nil }
    self.host.removeAll()
    self.host.put(host)
    (hostEnd, port) = parts
    return parts
  }
}
