package import Memory

/// The settings of the store through which several gateways share limits and pauses.
package struct SharedSettings: Sendable {
  package enum LossPolicy: String, Sendable, CaseIterable {
    /// An equal part of each limit, divided by the last known number of gateways.
    case share
    /// No calls that a shared limit counts.
    case closed
    /// The whole of each limit.
    case open
  }

  package var url: StoreURL
  /// Nil: the store's default user.
  package var user: String?
  package var password: SecretBytes?
  /// The file that the password was read from; nil for a variable.
  package var passwordFile: String?
  /// PEM file with the authorities that are trusted instead of the system's.
  package var caFile: String?
  package var prefix: String
  package var onLoss: LossPolicy
}

/// The address of a store: `redis://host:6379/0`, `rediss://host:6379/0` with TLS, or `unix:/path`.
package struct StoreURL: Sendable, Equatable, CustomStringConvertible {
  package enum Place: Sendable, Equatable {
    /// The host in lower case, an IPv6 address without brackets.
    case tcp(host: String, port: UInt16, isTLS: Bool)
    /// An absolute path of at most 107 bytes.
    case unix(path: String)
  }

  package static let example = "redis://localhost:6379"
  static let defaultPort: UInt16 = 6379
  private static let mostDatabases = 1_000_000

  package var place: Place
  package var database: Int

  package var description: String {
    switch place {
    case .unix(let path): return "unix:\(path)"
    case .tcp(let host, let port, let isTLS):
      let name = host.contains(":") ? "[\(host)]" : host
      return "\(isTLS ? "rediss" : "redis")://\(name):\(port)/\(database)"
    }
  }

  /// Whether others could read the traffic on its way.
  var isOpenToOthers: Bool {
    guard case .tcp(let host, _, false) = place else { return false }
    return host != "localhost" && !(IPAddress(host)?.isLoopback ?? false)
  }

  init(parsing text: String) throws(EndpointURL.Malformed) {
    if text.hasPrefix("unix:") {
      guard case .unix(let path) = ListenAddress(text) else {
        throw .init(reason: "it is not an absolute path of at most 107 bytes")
      }
      self.init(place: .unix(path: path), database: 0)
      return
    }
    let lower = text.lowercased()
    let isTLS = lower.hasPrefix("rediss://")
    guard text.utf8.count <= 2_048, isTLS || lower.hasPrefix("redis://") else {
      throw .init(reason: "it must start with redis://, rediss:// or unix:")
    }
    var rest = text.dropFirst(isTLS ? 9 : 8)
    if rest.contains("@") {
      throw .init(
        reason: "it must not contain a user or password (@); see shared.user, shared.password")
    }
    var database = 0
    if let slash = rest.firstIndex(of: "/") {
      let digits = rest[rest.index(after: slash)...]
      if !digits.isEmpty {
        guard digits.utf8.count <= 7, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
          let number = Int(digits), number < StoreURL.mostDatabases
        else { throw .init(reason: "the database after the slash is not a number") }
        database = number
      }
      rest = rest[..<slash]
    }
    guard let (name, port) = hostAndPort(String(rest)), port != 0, EndpointURL.isHost(name) else {
      throw .init(reason: "its host or port is malformed")
    }
    self.init(
      place: .tcp(host: name.lowercased(), port: port ?? StoreURL.defaultPort, isTLS: isTLS),
      database: database)
  }

  private init(place: Place, database: Int) {
    self.place = place
    self.database = database
  }
}
