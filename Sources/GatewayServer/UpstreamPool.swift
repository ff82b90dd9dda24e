internal import Memory

/// One loop's connections to the upstream: idle ones, last in first out, and exchanges that wait for one.
///
/// The connection used last is the one whose memory is warm and which the upstream is least likely to have
/// given up.
struct UpstreamPool: ~Copyable {
  private var idle = RecordList<SlabHandle>(capacity: 64)
  /// Exchanges that wait, first in first out, from `firstWaiting` on.
  private var waiting = RecordList<SlabHandle>(capacity: 16)
  private var firstWaiting = 0
  /// Connections there are, idle ones and those being made among them.
  var openCount = 0
  /// Open connections that are idle.
  var idleCount = 0

  mutating func putIdle(_ upstream: SlabHandle) { idle.append(upstream) }

  /// The idle connection used last, which may have been closed meanwhile; nil when there is none.
  mutating func takeIdle() -> SlabHandle? { idle.popLast() }

  /// Exchanges that wait, those that gave up among them.
  var waitingCount: Int { waiting.count - firstWaiting }

  /// The exchange at the queue's front; it may have given up.
  var nextWaiting: SlabHandle? { waitingCount > 0 ? waiting[firstWaiting] : nil }

  mutating func putWaiting(_ exchange: SlabHandle) { waiting.append(exchange) }

  /// The exchange that waits longest.
  mutating func takeWaiting() -> SlabHandle? {
    guard firstWaiting < waiting.count else { return nil }
    let first = waiting[firstWaiting]
    firstWaiting += 1
    if firstWaiting == waiting.count {
      waiting.removeAll()
      firstWaiting = 0
    } else if firstWaiting >= 1024 {
      // Moves what is left to the front, once in a thousand.
      var rest = RecordList<SlabHandle>(capacity: max(16, waitingCount))
      for i in firstWaiting..<waiting.count { rest.append(waiting[i]) }
      swap(&rest, &waiting)
      firstWaiting = 0
    }
    return first
  }

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
