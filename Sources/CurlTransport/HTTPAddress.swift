/// The parts of an absolute `http` or `https` URL that determine the peer of a connection.
package enum HTTPAddress {
  /// `https` or `http`; nil for anything else.
  package static func scheme(of url: String) -> String? {
    guard let colon = url.firstIndex(of: ":") else { return nil }
    let name = url[..<colon].lowercased()
    return url[colon...].hasPrefix("://") && (name == "https" || name == "http") ? name : nil
  }

  /// The host and port, after a user name if there is one; empty when the URL has no authority.
  package static func authority(of url: String) -> String {
    guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return "" }
    return String(url[colon...].dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" })
  }

  /// The host, without port and brackets.
  static func host(of url: String) -> String {
    let authority = authority(of: url)
    if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
    return String(authority.prefix { $0 != ":" })
  }
}
