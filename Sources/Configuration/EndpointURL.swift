/// An absolute `http` or `https` URL without user, query or fragment, to which requests are sent.
package struct EndpointURL: Sendable, Equatable, CustomStringConvertible {
  package enum Scheme: String, Sendable {
    case http, https
  }

  package let scheme: Scheme
  /// In lower case; IPv6 without brackets.
  package let host: String
  /// The given port, or the scheme's: 80, 443.
  package let port: UInt16
  /// Empty, or starts with a slash and does not end with one.
  package let path: String

  /// Whether the host is this machine.
  package var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback ?? false }

  /// `host`, with its port unless it is the scheme's own: the value of a `Host` field (RFC 9110, 7.2).
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == EndpointURL.defaultPort(scheme) ? name : "\(name):\(port)"
  }

  package var description: String { "\(scheme.rawValue)://\(authority)\(path)" }

  static func defaultPort(_ scheme: Scheme) -> UInt16 { scheme == .https ? 443 : 80 }

  /// Why a text is not such a URL. Never quotes the text, because URLs may contain passwords.
  struct Malformed: Error {
    let reason: String
  }

  init(scheme: Scheme, host: String, port: UInt16, path: String) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
  }

  init(parsing text: String) throws(Malformed) {
    guard text.utf8.count <= 2_048 else { throw Malformed(reason: "longer than 2048 bytes") }
    let lower = text.lowercased()
    let scheme: Scheme
    if lower.hasPrefix("https://") {
      scheme = .https
    } else if lower.hasPrefix("http://") {
      scheme = .http
    } else {
      throw Malformed(reason: "it must start with https://")
    }
    var rest = text.dropFirst(scheme.rawValue.count + 3)
    if rest.contains("?") { throw Malformed(reason: "it must not contain a query (?)") }
    if rest.contains("#") { throw Malformed(reason: "it must not contain a fragment (#)") }
    let authority = rest.prefix { $0 != "/" }
    if authority.contains("@") {
      throw Malformed(reason: "it must not contain a user or password (@)")
    }
    rest = rest[authority.endIndex...]
    guard let (name, port) = hostAndPort(String(authority)), port != 0,
      EndpointURL.isHost(name)
    else { throw Malformed(reason: "its host or port is malformed") }
    var path = String(rest)
    while path.hasSuffix("/") { path.removeLast() }
    guard EndpointURL.isPlainPath(path) else {
      throw Malformed(
        reason: "its path may hold letters, digits and -._~ between single slashes, no dot segments"
      )
    }
    self.scheme = scheme
    host = name.lowercased()
    self.port = port ?? EndpointURL.defaultPort(scheme)
    self.path = path
  }

  /// A DNS name (RFC 1123 section 2.1), an IPv4 or an IPv6 address.
  static func isHost(_ text: String) -> Bool {
    if text.contains(":") { return IPAddress(text) != nil }
    guard (1...253).contains(text.utf8.count) else { return false }
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    if let last = labels.last, last.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
      return IPAddress(text) != nil
    }
    return labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
        && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") }
    }
  }

  private static func isPlainPath(_ path: String) -> Bool {
    path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().allSatisfy { segment in
      !segment.isEmpty && segment != "." && segment != ".."
        && segment.utf8.allSatisfy { isLetterOrDigit($0) || "-._~".utf8.contains($0) }
    }
  }
}

/// ASCII letters and digits.
func isLetterOrDigit(_ byte: UInt8) -> Bool {
  (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}
