package import EventLoop
package import Telemetry
package import TrafficLog

/// Times and bounds of the data plane. Times in nanoseconds.
package struct RelaySettings: Sendable {
  /// For establishing an upstream connection, including TLS, and for waiting for a free one of the pool.
  package var connectTimeout: Int64 = 3_000_000_000
  /// From the request's last byte to the answer's first.
  package var responseTimeout: Int64 = 60_000_000_000
  /// Between two bytes, in either direction.
  package var idleTimeout: Int64 = 60_000_000_000
  /// For a caller's head, from its first byte.
  package var headTimeout: Int64 = 10_000_000_000
  /// For a caller's TLS handshake.
  package var handshakeTimeout: Int64 = 10_000_000_000
  /// For a caller's next request.
  package var keepAliveTimeout: Int64 = 75_000_000_000
  /// For a token that is missing. Shorter than the fetch may take, so that a caller does not wait too long.
  package var tokenTimeout: Int64 = 5_000_000_000
  /// How long an unused upstream connection is kept: less than servers usually keep theirs.
  package var upstreamIdleTimeout: Int64 = 30_000_000_000
  /// For exchanges under way when the gateway must stop.
  package var drainTimeout: Int64 = 30_000_000_000
  /// Upstream connections of one loop.
  package var maxConnections = 256
  /// Bytes of a request's body that are read before an upstream connection is taken for it. A body that fits can be
  /// sent again. 0 takes the connection at once.
  package var collectedBody = 16 * 1024
  /// Exchanges of one loop that may wait for an upstream connection.
  package var maxWaiting = 1024
  /// Each caller's weight, by its index, for sharing connections. Callers without an entry have 1.
  package var callerWeights: [Int] = []
  /// While exchanges wait for a connection, a caller that keeps one waiting has to read or send ``slowBytes`` in this
  /// time. It is shorter than the usual ``connectTimeout``, so that waiting exchanges benefit, and long enough for a
  /// phone that is briefly out of reach.
  package var slowWindow: Int64 = 2_000_000_000
  /// The slowest mobile networks carry more.
  package var slowBytes = 8 * 1024
  /// Bytes that may wait for a slow reader before its source is paused.
  package var highWater = 128 * 1024
  /// Bounds of lists that are read page by page.
  package var walks = WalkSettings()
  /// Where streamed bodies are kept.
  package var uploads = UploadSettings()
  /// How jobs are waited for.
  package var jobs = JobSettings()
  /// The first descriptor that is not used for callers.
  package var descriptorMark = Int32.max
  /// Whether memory is short.
  package var memory = MemoryWatch([])
  /// The upstream's authority when it is reached through a CONNECT proxy. The resolver then gives the proxy's address.
  package var tunnel: String?
  /// The upstream's TLS; nil for plain HTTP (the sandbox, tests).
  package var tls: TLSClient?
  /// Which traces are exported; nil exports none, and `traceparent` passes through.
  package var sampler: TraceSampler?
  /// Operations whose bodies are recorded.
  package var captures = BodyCaptures()
  /// The gateway's own credential is masked in answers that hold it.
  package var masksReflected = true
  /// Which parts of a query are in the log.
  package var queryMask = QueryMask()
  /// The value of `gateway` in the log; empty leaves it out.
  package var gatewayName = ""
  /// The value of `upstream[].address` in the log, such as `cloud.scorm.com:443`.
  package var upstreamName = ""

  package init() {}

  /// The weights of `count` callers.
  func callerWeights(count: Int) -> [Int] {
    (0..<count).map { $0 < callerWeights.count ? callerWeights[$0] : 1 }
  }
}
