internal import Forwarding
internal import Memory
internal import RateLimiting

/// One loop's connections to the upstream: the idle ones, last in first out, and how the others are shared.
///
/// The connection that was used last has its memory still in the cache, and the upstream is least likely to have closed
/// it.
struct UpstreamPool: ~Copyable {
  private var idle = RecordList<SlabHandle>(capacity: 64)
  /// The holders of the other connections, and the exchanges that wait for one.
  var shares: ConnectionShares
  /// All connections, including idle ones and those being made.
  var openCount = 0
  /// Open connections that are idle.
  var idleCount = 0
  /// A connection became free, or may be made, while exchanges wait for one.
  var mustServeWaiting = false

  init(_ generation: Generation) {
    shares = ConnectionShares(
      weights: generation.settings.callerWeights(count: generation.rules.callers.count),
      capacity: generation.settings.maxConnections)
  }

  /// Shares connections out according to `generation`.
  mutating func adopt(_ generation: Generation) {
    shares.adopt(
      weights: generation.settings.callerWeights(count: generation.rules.callers.count),
      capacity: generation.settings.maxConnections)
  }

  /// Notes that one more exchange can get a connection.
  @inline(__always)
  mutating func noteRoom() { if shares.waitingCount > 0 { mustServeWaiting = true } }

  mutating func putIdle(_ upstream: SlabHandle) { idle.append(upstream) }

  /// The idle connection that was used last, which may have been closed since; nil when there is none.
  mutating func takeIdle() -> SlabHandle? { idle.popLast() }

  /// Forgets closed connections when too many of their handles have accumulated.
  mutating func compact(_ upstreams: borrowing Slab<UpstreamConnection>) {
    guard idle.count > 2 * openCount + 64 else { return }
    var kept = RecordList<SlabHandle>(capacity: max(64, openCount))
    for i in 0..<idle.count where upstreams.contains(idle[i]) {
      if upstreams[idle[i]].isIdle { kept.append(idle[i]) }
    }
    swap(&kept, &idle)
  }
}
