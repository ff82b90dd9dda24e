internal import Memory

/// The authorities a listener answers to. Everything else is refused: a page whose name was rebound to a
/// loopback address can reach the socket, but it cannot choose its Host field.
package struct HostAllowList: Sendable {
  /// Lower-case host names and addresses, without a port.
  private let hosts: [[UInt8]]
  /// Names as configured with a port, lower case.
  private let authorities: [[UInt8]]
  /// The port that may stand behind a name; nil accepts any.
  private let port: Int?
  private let acceptsAny: Bool

  /// The built-in loopback names, and `extra` ones, each with `port` or none behind it.
  package init(port: Int?, extra: [String] = []) {
    let loopback = ["localhost", "127.0.0.1", "[::1]"]
    hosts = (loopback + extra).map { Array($0.lowercased().utf8) }
    authorities = extra.filter { $0.contains(":") }.map { Array($0.lowercased().utf8) }
    self.port = port
    acceptsAny = false
  }

  private init() {
    hosts = []
    authorities = []
    port = nil
    acceptsAny = true
  }

  /// For Unix sockets, which no browser reaches.
  package static let any = HostAllowList()

  /// Whether `authority`, syntactically valid, is one of ours.
  package func allows(_ authority: RawSpan) -> Bool {
    if acceptsAny { return true }
    guard let (hostEnd, port) = HostSyntax.split(authority) else { return false }
    return allows(authority, hostEnd: hostEnd, port: port)
  }

  /// Whether `authority`, whose parts are known, is one of ours.
  func allows(_ authority: RawSpan, hostEnd: Int, port authorityPort: Int?) -> Bool {
    if acceptsAny { return true }
    if let authorityPort, let port, authorityPort != port {
      return authorities.contains { HostAllowList.same(authority, $0) }
    }
    // One dot at the end names the root of the name tree: the same host.
    var end = hostEnd
    if end > 1, authority[end - 1] == UInt8(ascii: ".") { end -= 1 }
    let host = authority.slice(0, end)
    var i = 0
    while i < hosts.count {
      if HostAllowList.same(host, hosts[i]) { return true }
      i &+= 1
    }
    return authorities.contains { HostAllowList.same(authority, $0) }
  }

  /// The names, for the text of the refusal.
  package var names: String {
    hosts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
  }

  /// Whether `bytes`, syntactically valid, are `lowered` but for the case of letters.
  ///
  /// Setting bit 5 turns letters to lower case and leaves digits, `-`, `.` and `:` as they are. `_`, `[` and `]`
  /// become bytes that no host has, the same on both sides, so that equal words mean equal names.
  private static func same(_ bytes: RawSpan, _ lowered: [UInt8]) -> Bool {
    let count = lowered.count
    guard bytes.byteCount == count else { return false }
    let name = lowered.span.bytesOfElements
    let bit5: UInt64 = 0x2020_2020_2020_2020
    var i = 0
    while i &+ 8 <= count {
      if bytes.word(at: i) | bit5 != name.word(at: i) | bit5 { return false }
      i &+= 8
    }
    while i < count {
      if bytes[i] | 0x20 != name[i] | 0x20 { return false }
      i &+= 1
    }
    return true
  }
}

/// Tells requests of browsers' pages from those of services.
package enum BrowserRule {
  /// Whether a request with these fields comes from a page: it has an Origin, or a Sec-Fetch-Site other
  /// than `none`. No service sends either by itself, and a page cannot leave them out where it matters.
  package static func isFromPage(
    _ head: RequestHead, _ fields: borrowing FieldList, in bytes: RawSpan
  ) -> Bool {
    if head.present.contains(.origin) { return true }
    guard head.present.contains(.secFetchSite) else { return false }
    for i in 0..<fields.count where fields[i].name == .secFetchSite {
      if !fields[i].value(in: bytes).equalsIgnoringCase("none") { return true }
    }
    return false
  }
}
