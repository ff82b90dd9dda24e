package import EventLoop
package import HTTPMessages

/// Bounds, times and admission of a local server. Times in nanoseconds.
package struct LocalServerSettings: Sendable {
  /// The authorities it answers to; every other is refused with 403.
  package var hosts: HostAllowList
  /// The same where they can change; nil where they cannot.
  package var hostsNow: (@Sendable () -> HostAllowList)?
  /// The key that adds to them, for the text of the refusal; empty when there is none.
  package var hostsKey = ""
  /// Refuse what pages of other origins ask for; see ``PageRule``.
  package var refusesBrowserPages: Bool
  /// Bytes of a request's body that a responder gets to see; the rest is counted and dropped.
  package var bodyBytesKept: Int
  /// Where longer bodies are kept as a whole, in a file without a name; nil: nowhere.
  package var bodyFolder: String?
  /// Connections served at once. One more takes the place of one that waits for a request; when none does, it
  /// is told so with 503 and closed.
  package var maximumConnections: Int
  /// For a request's head, from its first byte.
  package var headTimeout: Int64 = 10_000_000_000
  /// For a connection's next request.
  package var keepAliveTimeout: Int64 = 75_000_000_000
  /// Between two pieces of a body, in either direction.
  package var idleTimeout: Int64 = 60_000_000_000

  /// Longest body that is kept in a file: a course of 4 GiB is longer than any real one.
  static let longestBody = 4 << 30

  /// How connections begin, asked for each; nil, or nil from it: without TLS. Where clients may leave their certificates
  /// out, they see only what is always answered.
  package var acceptor: (@Sendable () -> TLSAcceptor?)?

  /// Connections beyond ``maximumConnections`` for what must always be answered: more than probes come at once.
  static let reservedConnections = 64

  /// Connections beyond those that may be on their way out at once: those being refused,
  /// and those that linger so that the peer can read its last answer. More wait in the kernel's queue. A quarter
  /// of them may be peers that are still sending what they were answered to.
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
