internal import Forwarding
internal import Memory
internal import RateLimiting

/// One loop's connections to the upstream: idle ones, last in first out, and who shares the others.
///
/// The connection used last is the one whose memory is warm and which the upstream is least likely to have
/// given up.
struct UpstreamPool: ~Copyable {
  private var idle = RecordList<SlabHandle>(capacity: 64)
  /// Who holds the others, and who waits.
  var shares: ConnectionShares
  /// Connections there are, idle ones and those being made among them.
  var openCount = 0
  /// Open connections that are idle.
  var idleCount = 0
  /// A connection came free, or may be made, while exchanges wait for one.
  var mustServeWaiting = false

  init(_ generation: Generation) {
    shares = ConnectionShares(
      weights: generation.settings.callerWeights(count: generation.rules.callers.count),
      capacity: generation.settings.maxConnections)
  }

  /// Shares connections out as `generation` has it.
  mutating func adopt(_ generation: Generation) {
    shares.adopt(
      weights: generation.settings.callerWeights(count: generation.rules.callers.count),
      capacity: generation.settings.maxConnections)
  }

  /// Notes that one more exchange can have a connection.
  @inline(__always)
  mutating func noteRoom() { if shares.waitingCount > 0 { mustServeWaiting = true } }

  mutating func putIdle(_ upstream: SlabHandle) { idle.append(upstream) }

  /// The idle connection used last, which may have been closed meanwhile; nil when there is none.
  mutating func takeIdle() -> SlabHandle? { idle.popLast() }

  /// Forgets what was closed, when too many handles of closed connections lie about.
  mutating func compact(_ upstreams: borrowing Slab<UpstreamConnection>) {
    guard idle.count > 2 * openCount + 64 else { return }
    var kept = RecordList<SlabHandle>(capacity: max(64, openCount))
    for i in 0..<idle.count where upstreams.contains(idle[i]) {
      if upstreams[idle[i]].isIdle { kept.append(idle[i]) }
    }
    swap(&kept, &idle)
  }
}
