/// Decides how many of the process's file descriptors callers may use.
///
/// A crowd of callers must not use up the descriptors that are needed to serve them: connections to the upstream, a log
/// that is reopened, token requests, admin pages.
enum DescriptorReserve {
  /// Descriptors for everything except connections to the upstream and to callers: loops, logs, tokens, names, admin
  /// pages.
  static let forOurselves = 48

  /// The lowest descriptor number that callers may not use, if the process may open `limit` descriptors. Callers get at
  /// least half, however many upstream connections are configured.
  static func mark(limit: Int, upstreamConnections: Int) -> Int32 {
    Int32(clamping: limit - min(upstreamConnections + forOurselves, limit / 2))
  }
}
