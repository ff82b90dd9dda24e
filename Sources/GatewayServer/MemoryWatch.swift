internal import EventLoop
package import Memory
internal import Synchronization
package import System

/// Whether the process comes near the limit of its memory, for all loops.
///
/// Asking the system takes some microseconds, so it is done at intervals, by whichever loop comes first. In between,
/// usage is estimated from the bytes in buffers, which are known exactly: `used then - held then + held now`.
package final class MemoryWatch: Sendable {
  /// Between two measurements, in nanoseconds.
  static let interval: Int64 = 50_000_000
  /// Between two times that free parts of the heap are given back, in nanoseconds.
  static let trimPause: Int64 = 2_000_000_000
  /// Giving memory back pays once a crowd of callers needed this many bytes that are free after it.
  static let crowdBytes = 8 << 20

  private let bounds: [MemoryBound]
  private let smallest: Int?
  private let held: @Sendable () -> Int
  /// Of the bound that is nearest: its index, and what is used of it apart from buffers.
  private let nearest = Atomic<Int>(0)
  private let besides = Atomic<Int>(0)
  private let nextLook = Atomic<Int64>(0)
  private let nextTrim = Atomic<Int64>(0)
  /// The most bytes that were used since free parts of the heap were last given back.
  private let peak = Atomic<Int>(0)
  private let current = Atomic<UInt8>(0)

  /// - Parameter held: returns the bytes in buffers at this moment.
  package init(
    _ bounds: [MemoryBound], held: @escaping @Sendable () -> Int = { HeldBytes.current }
  ) {
    self.bounds = bounds
    smallest = bounds.map(\.limit).min()
    self.held = held
  }

  /// Bytes of one read.
  var readBytes: Int { share(1024, from: 4096, to: EventLoop.readBufferBytes) }

  /// Events between two looks. Each may bring a read, and that read may double a buffer to twice the read's size: at
  /// most a sixty-fourth of the limit in all, for each loop.
  var eventsPerWait: Int {
    share(64 * 2 * EventLoop.readBufferBytes, from: 8, to: EventLoop.eventsPerWait)
  }

  /// Bytes that may wait for a slow peer: a quarter of the limit for 256 peers whose buffers have each doubled.
  func highWater(atMost most: Int) -> Int { share(2048, from: 4096, to: most) }

  /// The smallest limit divided by `parts`, but at least `least` and at most `most`; `most` without a limit.
  private func share(_ parts: Int, from least: Int, to most: Int) -> Int {
    guard let smallest else { return most }
    return min(most, max(least, smallest / parts))
  }

  /// Whether there is any limit.
  package var isBounded: Bool { !bounds.isEmpty }

  package var level: MemoryLevel {
    MemoryLevel(rawValue: current.load(ordering: .relaxed)) ?? .ample
  }

  /// The limit that is nearest, and the bytes used of it; nil without limits.
  package var state: (limit: Int, name: String, used: Int)? {
    guard isBounded else { return nil }
    let bound = bounds[nearest.load(ordering: .relaxed)]
    return (bound.limit, bound.name, besides.load(ordering: .relaxed) + held())
  }

  /// What a loop needs to know until it looks again.
  struct View {
    var level = MemoryLevel.ample
    /// No new exchange begins while buffers hold more bytes than this.
    var startLimit = Int.max
    /// The largest holders are ended until buffers hold no more bytes than this.
    var relieved = Int.max
    /// The loop must look again soon, even if nothing happens.
    var mustLookAgain = false
    /// The level has changed, and this look is the first of all loops to notice.
    var hasChanged = false
  }

  /// The state of memory at `now`, in monotonic nanoseconds. There must be a limit.
  func look(at now: Int64) -> View {
    let due = nextLook.load(ordering: .relaxed)
    // One loop measures for all.
    if now >= due,
      nextLook.compareExchange(
        expected: due, desired: now + MemoryWatch.interval, ordering: .relaxed
      ).exchanged
    {
      measure()
    }
    let marks = MemoryMarks(limit: bounds[nearest.load(ordering: .relaxed)].limit)
    let besides = besides.load(ordering: .relaxed)
    let before = level
    var view = View()
    let used = besides + held()
    view.level = marks.level(used: used, before: before)
    view.hasChanged =
      view.level != before
      && current.exchange(view.level.rawValue, ordering: .relaxed) != view.level.rawValue
    let mark = view.level == .ample ? MemoryMarks.lowPercent : MemoryMarks.ampleAgainPercent
    view.startLimit = marks.bytes(mark) - besides
    view.relieved = marks.bytes(MemoryMarks.relievedPercent) - besides
    let peak = max(used, peak.load(ordering: .relaxed))
    self.peak.store(peak, ordering: .relaxed)
    let isAfterCrowd = peak - used > MemoryWatch.crowdBytes
    if isAfterCrowd { trim(used, at: now) }
    view.mustLookAgain = view.level != .ample || isAfterCrowd
    return view
  }

  private func measure() {
    var least = Int.max
    for (number, bound) in bounds.enumerated() {
      guard let used = bound.used() else { continue }
      let room = MemoryMarks(limit: bound.limit).bytes(MemoryMarks.lowPercent) - used
      guard room < least else { continue }
      least = room
      nearest.store(number, ordering: .relaxed)
      besides.store(used - held(), ordering: .relaxed)
    }
  }

  /// Gives free parts of the heap back: the allocator keeps them, and the system counts them as used.
  private func trim(_ used: Int, at now: Int64) {
    let due = nextTrim.load(ordering: .relaxed)
    guard now >= due,
      nextTrim.compareExchange(
        expected: due, desired: now + MemoryWatch.trimPause, ordering: .relaxed
      ).exchanged
    else { return }
    ProcessMemory.trim()
    peak.store(used, ordering: .relaxed)
  }
}
