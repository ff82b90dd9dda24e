/// How many of the process' descriptors callers may have.
///
/// A crowd of callers must not take the descriptors that serving them needs: connections to the upstream, a
/// log that is opened anew, token requests, admin pages.
enum DescriptorReserve {
  /// For everything but connections to the upstream and callers: loops, logs, tokens, names, admin pages.
  static let forOurselves = 48

  /// The first descriptor that is not for callers, of `limit` that the process may have open. Callers get a
  /// half at least, however many upstream connections are configured.
  static func mark(limit: Int, upstreamConnections: Int) -> Int32 {
    Int32(clamping: limit - min(upstreamConnections + forOurselves, limit / 2))
  }
}
