internal import Memory

/// The authorities that a listener answers to. All others are refused: a page whose name was rebound to the gateway's
/// address can reach the socket, but it cannot choose its Host field.
///
/// Names match in any case, with or without a dot at the end, and with any port: behind a forwarded port or a Service,
/// callers do not know the listener's port. An entry with a port matches only that port. An IP address is compared as
/// an address, however it is written.
///
/// A class, so that checking a request retains one object and not each of the lists.
package final class HostAllowList: Sendable {
  /// Names without a port in lower case, and the usual spellings of this machine.
  private let names: [[UInt8]]
  /// Names with a port, lower case.
  private let namesWithPort: [(name: [UInt8], port: Int)]
  /// Addresses with a port, or with any port.
  private let addresses: [(address: IPLiteral, port: Int?)]
  private let entries: [String]
  /// Any address is allowed. An address cannot be rebound, so where other machines may call at all, it need not be
  /// listed.
  private let takesAnyAddress: Bool
  private let acceptsAny: Bool

  /// The entry that matches everything.
  package static let everything = "*"
  /// The port of an authority that names none: 80 for plain HTTP, 443 for TLS (RFC 9110 section 4.2).
  private let usualPort: Int

  /// Allows this machine's own names and addresses, and the entries in `extra`, each a host with or without a port, or
  /// `*`.
  ///
  /// - Parameters:
  ///   - takesAnyAddress: any IP address except the unspecified ones, which no listener has.
  ///   - isSecured: the listener uses TLS.
  package init(extra: [String] = [], takesAnyAddress: Bool = false, isSecured: Bool = false) {
    usualPort = isSecured ? 443 : 80
    var names = ["localhost", "127.0.0.1", "[::1]"].map { Array($0.utf8) }
    var namesWithPort: [(name: [UInt8], port: Int)] = []
    var addresses: [(address: IPLiteral, port: Int?)] = []
    for entry in extra {
      let bytes = Array(entry.lowercased().utf8)
      let authority = bytes.span.bytesOfElements
      guard let (hostEnd, port) = HostSyntax.validParts(authority) else { continue }
      let host = authority.slice(0, HostAllowList.end(ofHost: authority, hostEnd))
      if let address = IPLiteral(host: host) {
        addresses.append((address, port))
      } else if let port {
        namesWithPort.append((host.copied(), port))
      } else {
        names.append(host.copied())
      }
    }
    self.names = names
    self.namesWithPort = namesWithPort
    self.addresses = addresses
    self.takesAnyAddress = takesAnyAddress
    entries = extra.map { $0.lowercased() }
    acceptsAny = extra.contains(HostAllowList.everything)
  }

  /// For Unix sockets, which no browser reaches.
  package static let any = HostAllowList(extra: [everything])

  /// Whether `text` can be an entry: a host as in a Host field, or `*`.
  package static func isEntry(_ text: String) -> Bool {
    if text == everything { return true }
    let bytes = Array(text.utf8)
    return HostSyntax.isValid(bytes.span.bytesOfElements)
  }

  /// Whether `authority`, which must be syntactically valid, is allowed.
  package func allows(_ authority: RawSpan) -> Bool {
    if acceptsAny { return true }
    guard let (hostEnd, port) = HostSyntax.split(authority) else { return false }
    return allows(authority, hostEnd: hostEnd, port: port)
  }

  /// Whether a request without a host is allowed. RFC 9112 section 3.2 requires an empty Host where the target has no
  /// authority, as on a Unix socket.
  var allowsNone: Bool { acceptsAny }

  /// Whether `authority`, whose parts are known, is allowed.
  func allows(_ authority: RawSpan, hostEnd: Int, port: Int?) -> Bool {
    if acceptsAny { return true }
    let host = authority.slice(0, HostAllowList.end(ofHost: authority, hostEnd))
    var i = 0
    while i < names.count {
      if HostAllowList.same(host, names[i]) { return true }
      i &+= 1
    }
    return allowsRarely(host, port)
  }

  /// The end of the host part, without a dot at its end: such a dot names the root of the name tree, and the host is
  /// the same.
  private static func end(ofHost authority: RawSpan, _ hostEnd: Int) -> Int {
    hostEnd > 1 && authority[hostEnd - 1] == UInt8(ascii: ".") ? hostEnd - 1 : hostEnd
  }

  /// The slower checks: entries with a port, and addresses.
  @inline(never)
  private func allowsRarely(_ host: RawSpan, _ port: Int?) -> Bool {
    for entry in namesWithPort
    where entry.port == port ?? usualPort && HostAllowList.same(host, entry.name) {
      return true
    }
    guard let address = IPLiteral(host: host) else { return false }
    if takesAnyAddress ? !address.isUnspecified : isThisMachine(address, host) { return true }
    return addresses.contains { entry in
      entry.address == address
        && (entry.port == nil || entry.port == port ?? usualPort)
    }
  }

  /// Whether `host` is a loopback address, but not one that is mapped into IPv6. Like `0.0.0.0`, a mapped one leads to
  /// this machine, but browsers do not mark requests to it with Sec-Fetch-Site (W3C Secure Contexts section 3.1). So
  /// only this list keeps pages out.
  private func isThisMachine(_ address: IPLiteral, _ host: RawSpan) -> Bool {
    address.isLoopback && !(address.isIPv4 && host[0] == UInt8(ascii: "["))
  }

  /// What is accepted, for the text of a refusal.
  package var summary: String {
    let own = names.prefix(3).map { String(decoding: $0, as: UTF8.self) }
    return (own + entries + (takesAnyAddress ? ["any IP address"] : [])).joined(separator: ", ")
  }

  /// Whether `bytes`, which must be syntactically valid, equal `lowered` except for the case of letters.
  ///
  /// Setting bit 5 turns letters to lower case and leaves digits, `-`, `.` and `:` unchanged. `_`, `[` and `]` become
  /// bytes that no host has, in the same way on both sides, so equal words mean equal names.
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

/// Distinguishes requests of pages in browsers from those of services.
package enum BrowserRule {
  /// Whether a request with these fields comes from a page: it has an Origin, or a Sec-Fetch-Site other than `none`. No
  /// service sends either by itself, and a page cannot omit them where it matters.
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
