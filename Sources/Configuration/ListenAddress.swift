/// An address at which connections are accepted.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// A literal address without brackets, and a port; port 0 lets the system choose.
  case tcp(host: String, port: UInt16)
  /// An absolute path of at most 107 bytes.
  case unix(path: String)

  /// The maximum length of a Unix socket's path in bytes: `sun_path` holds 108 with the terminating zero (unix(7)).
  static let maximumPathLength = 107
  static let expectation =
    "an address like 127.0.0.1:8080, [::1]:8080 or unix:/run/scorm-gateway/gateway.sock"

  /// `127.0.0.1:8080`, `localhost:8080` (which is 127.0.0.1), `[::1]:8080` or `unix:/path`.
  package init?(_ text: String) {
    if text.hasPrefix("unix:") {
      let path = String(text.dropFirst(5))
      guard path.hasPrefix("/"), path.utf8.count > 1, !path.hasSuffix("/"),
        path.utf8.count <= ListenAddress.maximumPathLength, !path.utf8.contains(0)
      else { return nil }
      self = .unix(path: path)
      return
    }
    guard let (host, port) = hostAndPort(text), let port else { return nil }
    if host == "localhost" {
      self = .tcp(host: "127.0.0.1", port: port)
    } else {
      guard let address = IPAddress(host), address.isV6 == text.hasPrefix("[") else { return nil }
      self = .tcp(host: host.lowercased(), port: port)
    }
  }

  /// Whether only this machine can reach the address.
  package var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): IPAddress(host)?.isLoopback ?? false
    }
  }

  /// Whether the system cannot listen at both: they are the same address, however it is spelt, or one of them covers
  /// all addresses of this machine, including the other. IPv4 and IPv6 addresses do not overlap.
  func overlaps(_ other: ListenAddress) -> Bool {
    switch (self, other) {
    case (.unix(let path), .unix(let others)): return path == others
    case (.tcp(let host, let port), .tcp(let otherHost, let otherPort)):
      // Port 0 is a different port each time.
      guard port == otherPort, port != 0, let mine = IPAddress(host),
        let others = IPAddress(otherHost), mine.isV6 == others.isV6
      else { return false }
      return mine == others || mine.isUnspecified || others.isUnspecified
    default: return false
    }
  }

  /// Whether this address also takes IPv4 callers. `[::]` does, unless one of `others` uses the port for IPv4.
  func takesIPv4(besides others: [ListenAddress]) -> Bool {
    guard case .tcp(let host, let port) = self, let address = IPAddress(host), address.isV6,
      address.isUnspecified
    else { return false }
    // Port 0 is a different port each time.
    return port == 0
      || !others.contains { other in
        guard case .tcp(let theirHost, let theirPort) = other else { return false }
        return theirPort == port && IPAddress(theirHost)?.isV6 == false
      }
  }

  /// The address for a program on this machine: a loopback address if all addresses are listened on.
  package var fromHere: ListenAddress {
    guard case .tcp(let host, let port) = self, let address = IPAddress(host), address.isUnspecified
    else { return self }
    return .tcp(host: address.isV6 ? "::1" : "127.0.0.1", port: port)
  }

  package var description: String {
    switch self {
    case .unix(let path): "unix:\(path)"
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }
}

/// Splits `host`, `host:port` or `[v6]:port`, and returns the host without brackets. Nil if there is no host, if the
/// port is not a number up to 65535, or if there is a colon too many.
func hostAndPort(_ text: String) -> (host: String, port: UInt16?)? {
  var host = Substring(text)
  var rest = Substring()
  if text.hasPrefix("[") {
    guard let end = text.firstIndex(of: "]") else { return nil }
    host = text[text.index(after: text.startIndex)..<end]
    rest = text[text.index(after: end)...]
    guard host.contains(":"), IPAddress(String(host)) != nil else { return nil }
  } else if let colon = text.firstIndex(of: ":") {
    host = text[..<colon]
    rest = text[colon...]
  }
  guard !host.isEmpty else { return nil }
  if rest.isEmpty { return (String(host), nil) }
  let digits = rest.dropFirst()
  guard rest.first == ":", (1...5).contains(digits.utf8.count),
    digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits)
  else { return nil }
  return (String(host), port)
}
