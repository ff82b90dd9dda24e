package import EventLoop
package import HTTPMessages

/// Bounds, times and admission of a local server. Times in nanoseconds.
package struct LocalServerSettings: Sendable {
  /// The authorities that the server answers to. All others are refused with 403.
  package var hosts: HostAllowList
  /// The authorities if they can change; nil if they cannot.
  package var hostsNow: (@Sendable () -> HostAllowList)?
  /// The configuration key that adds authorities, for the text of the refusal; empty when there is none.
  package var hostsKey = ""
  /// Refuses requests from pages of other origins; see ``PageRule``.
  package var refusesBrowserPages: Bool
  /// Bytes of a request's body that a responder gets; the rest is counted and dropped.
  package var bodyBytesKept: Int
  /// Where longer bodies are kept completely, in a file without a name; nil keeps none.
  package var bodyFolder: String?
  /// The most connections served at once. One more takes the place of one that waits for a request. When none does, the
  /// new one gets a 503 and is closed.
  package var maximumConnections: Int
  /// For a request's head, from its first byte.
  package var headTimeout: Int64 = 10_000_000_000
  /// For a connection's next request.
  package var keepAliveTimeout: Int64 = 75_000_000_000
  /// Between two pieces of a body, in either direction.
  package var idleTimeout: Int64 = 60_000_000_000

  /// The longest body that is kept in a file. No real course has 4 GiB.
  static let longestBody = 4 << 30

  /// Returns the TLS settings for each new connection; nil, or a nil result, means no TLS. Clients that may omit their
  /// certificate, and do, see only what is always answered.
  package var acceptor: (@Sendable () -> TLSAcceptor?)?

  /// Connections beyond ``maximumConnections`` for requests that must always be answered: more than the probes at one
  /// time.
  static let reservedConnections = 64

  /// Additional connections that may be ending at the same time: those being refused, and those that linger so that the
  /// peer can read its last answer. More wait in the kernel's queue. A quarter of them may be peers that are still
  /// sending a request that was already answered.
  static let departingConnections = 256

  var currentHosts: HostAllowList { hostsNow?() ?? hosts }

  package init(
    hosts: HostAllowList, refusesBrowserPages: Bool = true, bodyBytesKept: Int = 1 << 20,
    maximumConnections: Int = 1024
  ) {
    self.hosts = hosts
    self.refusesBrowserPages = refusesBrowserPages
    self.bodyBytesKept = bodyBytesKept
    self.maximumConnections = maximumConnections
  }
}
