package import Memory

/// Everything that an operator can set, checked and with all defaults filled in. A plain value, made by
/// ``ConfigurationLoader`` and read by the composition root. Secrets in it print as `<secret>`.
package struct Settings: Sendable {
  /// 1 to 16, no two on the same address.
  package var listeners: [Listener]
  /// Nil: no admin address.
  package var admin: AdminSettings?
  package var upstream: UpstreamSettings
  /// 1 to 64, names unique, at most one of kind management.
  package var apps: [App]
  /// The name of one of `apps` whose kind is not management.
  package var defaultApp: String
  package var tokens: TokenSettings
  /// 0 to 256, names unique, in the order in which they are matched.
  package var callers: [Caller]
  package var policy: PolicySettings
  /// 0 to 64, names unique.
  package var limits: [Limit]
  /// Nil: this gateway shares nothing with others.
  package var shared: SharedSettings?
  /// Nil: gateways do not share tokens.
  package var tokenShare: TokenShareSettings?
  package var pages: PageSettings
  package var jobs: JobSettings
  package var uploads: UploadSettings
  package var traffic: TrafficSettings
  /// The number of gateways that share the limits, 1 to 1000. Each enforces its part of every rate.
  package var replicas: Int
  /// The time between turning readiness false at shutdown and accepting no more callers; 0 to 1 h.
  package var drainDelay: Duration
}

extension Settings {
  /// Whether the socket at `address`, which is one of these settings' addresses, also takes IPv4 callers.
  package func takesIPv4(_ address: ListenAddress) -> Bool {
    address.takesIPv4(besides: listeners.map(\.address) + (admin.map { [$0.address] } ?? []))
  }
}

/// An address that callers connect to.
package struct Listener: Sendable, Equatable {
  /// Unique. The default is the address's text.
  package var name: String
  package var address: ListenAddress
  /// Permission bits of a Unix socket's file, 0 to 0o777.
  package var socketMode: UInt16
  /// Whether a TCP address that other machines can reach is allowed.
  package var allowRemote: Bool
  /// Values of `Host` accepted besides the loopback names, in lower case, with or without a port.
  package var allowedHosts: [String]
  /// The caller that all connections here belong to; nil: identified by matching.
  package var caller: String?
  /// Nil: plain HTTP.
  package var tls: TLSSettings?
}

/// Limits for a list that is read page by page for a caller.
package struct PageSettings: Sendable, Equatable {
  package var maxPages: Int
  package var maxItems: Int
  /// From the request for the first page to the end of the last page.
  package var maxTime: Duration
}

/// How the gateway waits for a job, so that the caller need not poll.
package struct JobSettings: Sendable, Equatable {
  /// The longest that one call waits.
  package var maxWait: Duration
  /// The time between two polls.
  package var poll: Duration
}

/// Whether streamed bodies are kept, so that they can be sent again.
package struct UploadSettings: Sendable, Equatable {
  package enum Spool: String, Sendable, CaseIterable {
    case off, memory, disk
  }

  package var spool: Spool
  /// Bytes of all uploads together.
  package var maxSpool: ByteSize
  /// The folder of the files; nil: `$STATE_DIRECTORY`, otherwise `$TMPDIR`, otherwise `/tmp`.
  package var folder: String?
}

/// The address of the admin API and its page.
package struct AdminSettings: Sendable, Equatable {
  package var address: ListenAddress
  /// Permission bits of a Unix socket's file, 0 to 0o777.
  package var socketMode: UInt16
  package var allowRemote: Bool
  /// Values of `Host` accepted besides the loopback names, in lower case, with or without a port.
  package var allowedHosts: [String]
  /// Whether requests that change something, such as renewing or dropping tokens, are carried out.
  package var actions: Bool
  /// Nil: plain HTTP.
  package var tls: TLSSettings?
}

/// The connection to SCORM Cloud and its timeouts.
package struct UpstreamSettings: Sendable, Equatable {
  /// `https`, or `http` to a loopback host.
  package var url: EndpointURL
  /// For name resolution, TCP and TLS together.
  package var connectTimeout: Duration
  /// From the end of the request to the first byte of the answer.
  package var responseTimeout: Duration
  /// Between two bytes, in either direction.
  package var idleTimeout: Duration
  /// Connections to the upstream, for all event loops together.
  package var maxConnections: Int
  /// The HTTP proxy that connections go through with CONNECT.
  package var proxy: ProxyAddress?
  /// PEM file with the authorities that are trusted instead of the system's.
  package var caFile: String?
  /// Whether the gateway's own credential is masked in answers that contain it.
  package var masksReflected = true

  package var scheme: EndpointURL.Scheme { url.scheme }
  package var host: String { url.host }
  package var port: UInt16 { url.port }
  /// Empty, or starts with a slash and does not end with one: `/api/v2`.
  package var basePath: String { url.path }
}

/// An HTTP proxy, addressed in plain HTTP with CONNECT (RFC 9110 section 9.3.6).
package struct ProxyAddress: Sendable, Equatable, CustomStringConvertible {
  package var host: String
  package var port: UInt16

  /// The form for libcurl: `http://host:port`.
  package var description: String {
    "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}

/// One SCORM Cloud application's credentials.
package struct App: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case application
    /// The App Management application, which serves only its ten operations.
    case management
  }

  package var name: String
  package var kind: Kind
  /// Printable ASCII without a colon, which would end the id early in Basic credentials (RFC 7617).
  package var id: String
  package var secret: SecretBytes
  /// Tried if `secret` is refused.
  package var nextSecret: SecretBytes?
  /// The files that the secrets were read from, which are read again when they change; nil for variables.
  package var secretFile: String?
  package var nextSecretFile: String?
}

/// How access tokens are fetched.
package struct TokenSettings: Sendable, Equatable {
  package enum Endpoint: String, Sendable, CaseIterable {
    /// `POST /oauth/authenticate/application/token`.
    case application
    /// `POST /appManagement/token`.
    case appManagement
  }

  package enum Scopes: String, Sendable, CaseIterable {
    /// The least scope of each operation.
    case exact
    /// One scope per service and access.
    case service
    /// Always ``TokenSettings/scopesList``.
    case fixed
  }

  package var endpoint: Endpoint
  /// Nil: the endpoint's path below the upstream's URL.
  package var url: EndpointURL?
  package var scopes: Scopes
  /// Not empty if and only if `scopes` is fixed.
  package var scopesList: [String]
  /// The lifetime that is requested. SCORM Cloud may grant less.
  package var lifetime: Duration
  /// Scopes whose tokens are fetched at the start, for every app that needs them.
  package var warm: [String] = []
  /// The file that keeps the scopes in use across restarts; nil for none.
  package var stateFile: String?
}
