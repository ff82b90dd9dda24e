package import Memory

/// Everything an operator can set, checked and with every default filled in: a plain value, made by
/// ``ConfigurationLoader`` and read by the composition root. Secrets in it print as `<secret>`.
package struct Settings: Sendable {
  /// 1 to 16, no two on the same address.
  package var listeners: [Listener]
  /// Nil: no admin address.
  package var admin: AdminSettings?
  package var upstream: UpstreamSettings
  /// 1 to 64, names unique, at most one of kind management.
  package var apps: [App]
  /// Names one of `apps` whose kind is not management.
  package var defaultApp: String
  package var tokens: TokenSettings
  /// 0 to 256, names unique, in the order they are matched.
  package var callers: [Caller]
  package var policy: PolicySettings
  /// 0 to 64, names unique.
  package var limits: [Limit]
  /// Nil: this gateway shares nothing with others.
  package var shared: SharedSettings?
  /// Nil: tokens are each gateway's own.
  package var tokenShare: TokenShareSettings?
  package var pages: PageSettings
  package var jobs: JobSettings
  package var uploads: UploadSettings
  package var traffic: TrafficSettings
  /// How many gateways share the limits, 1 to 1000: each enforces its part of every rate.
  package var replicas: Int
  /// From the first sign that the gateway ends, its readiness, to the end of accepting callers; 0 to 1 h.
  package var drainDelay: Duration
}

extension Settings {
  /// Whether the socket of `address`, one of these, takes IPv4 callers as well as IPv6 ones.
  package func takesIPv4(_ address: ListenAddress) -> Bool {
    address.takesIPv4(besides: listeners.map(\.address) + (admin.map { [$0.address] } ?? []))
  }
}

/// One address callers connect to.
package struct Listener: Sendable, Equatable {
  /// Unique; without one in the configuration the address's text.
  package var name: String
  package var address: ListenAddress
  /// Permission bits of a Unix socket's file, 0 to 0o777.
  package var socketMode: UInt16
  /// Whether a TCP address that other machines reach was meant.
  package var allowRemote: Bool
  /// Values of `Host` accepted besides the loopback names, lower case, with or without port.
  package var allowedHosts: [String]
  /// The caller every connection here is taken for; nil: found by matching.
  package var caller: String?
  /// Nil: plain HTTP.
  package var tls: TLSSettings?
}

/// Bounds of a list that is read page by page for a caller.
package struct PageSettings: Sendable, Equatable {
  package var maxPages: Int
  package var maxItems: Int
  /// From the first page's request to the last page's end.
  package var maxTime: Duration
}

/// How a job is waited for that a caller would not poll itself.
package struct JobSettings: Sendable, Equatable {
  /// The longest that one call waits.
  package var maxWait: Duration
  /// Between two polls.
  package var poll: Duration
}

/// Whether bodies that stream are kept, so that they can be sent once more.
package struct UploadSettings: Sendable, Equatable {
  package enum Spool: String, Sendable, CaseIterable {
    case off, memory, disk
  }

  package var spool: Spool
  /// Bytes of all uploads together.
  package var maxSpool: ByteSize
  /// Where the files are; nil: `$STATE_DIRECTORY`, else `$TMPDIR`, else `/tmp`.
  package var folder: String?
}

/// The address of the admin API and its page.
package struct AdminSettings: Sendable, Equatable {
  package var address: ListenAddress
  /// Permission bits of a Unix socket's file, 0 to 0o777.
  package var socketMode: UInt16
  package var allowRemote: Bool
  /// Values of `Host` accepted besides the loopback names, lower case, with or without port.
  package var allowedHosts: [String]
  /// Whether what changes something is done: renewing and dropping tokens.
  package var actions: Bool
  /// Nil: plain HTTP.
  package var tls: TLSSettings?
}

/// SCORM Cloud, and how patient to be with it.
package struct UpstreamSettings: Sendable, Equatable {
  /// `https`, or `http` to a loopback host.
  package var url: EndpointURL
  /// For name resolution, TCP and TLS together.
  package var connectTimeout: Duration
  /// From the end of the request to the first byte of the answer.
  package var responseTimeout: Duration
  /// Between two bytes, in either direction.
  package var idleTimeout: Duration
  /// Connections to the upstream, of all event loops together.
  package var maxConnections: Int
  /// HTTP proxy to CONNECT through.
  package var proxy: ProxyAddress?
  /// PEM file of the authorities trusted instead of the system's.
  package var caFile: String?
  /// The gateway's own credential is masked in answers that hold it.
  package var masksReflected = true

  package var scheme: EndpointURL.Scheme { url.scheme }
  package var host: String { url.host }
  package var port: UInt16 { url.port }
  /// Empty, or starts with a slash and does not end with one: `/api/v2`.
  package var basePath: String { url.path }
}

/// An HTTP proxy, spoken to in plain HTTP with CONNECT (RFC 9110 section 9.3.6).
package struct ProxyAddress: Sendable, Equatable, CustomStringConvertible {
  package var host: String
  package var port: UInt16

  /// The form libcurl takes: `http://host:port`.
  package var description: String {
    "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
  }
}

/// One SCORM Cloud application's credentials.
package struct App: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case application
    /// The App Management application: good for its ten operations and nothing else.
    case management
  }

  package var name: String
  package var kind: Kind
  /// Printable ASCII without a colon, which would end it early in Basic credentials (RFC 7617).
  package var id: String
  package var secret: SecretBytes
  /// Tried when `secret` is refused.
  package var nextSecret: SecretBytes?
  /// Where each was read, to be read again when the file changes; nil for a variable's.
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
  /// Not empty exactly when `scopes` is fixed.
  package var scopesList: [String]
  /// Asked for; SCORM Cloud may grant less.
  package var lifetime: Duration
  /// Scopes whose tokens are fetched at the start, for every app that needs them.
  package var warm: [String] = []
  /// Where the scopes in use are kept over a restart; nil: nowhere.
  package var stateFile: String?
}
