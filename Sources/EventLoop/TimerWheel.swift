internal import Memory

/// Deadlines of thousands of connections, coarse and cheap: one slot per tick of 16.8 ms, 4,096 slots.
///
/// A wheel holds at most one entry per connection. Moving a deadline to a later time writes one word in the connection,
/// and the entry is moved when its slot is due. A busy connection, whose deadline moves with every request, thus costs
/// the wheel one visit a minute.
struct TimerWheel: ~Copyable {
  /// Nanoseconds of a tick, as a shift: 2^24 ns = 16.8 ms.
  static let tickShift: Int64 = 24
  static let slotCount = 4096

  /// First entry of each slot.
  private var heads: [SlabHandle]
  /// One bit per slot, set if the slot has entries.
  private var occupied: [UInt64]
  /// Every tick up to this one has been served.
  private(set) var currentTick: Int64
  /// No entry is due before this tick.
  private var earliest = Int64.max
  private(set) var count = 0

  init(now: Int64) {
    heads = Array(repeating: .none, count: TimerWheel.slotCount)
    occupied = Array(repeating: 0, count: TimerWheel.slotCount / 64)
    currentTick = now >> TimerWheel.tickShift
  }

  /// The first tick that has passed only after `time` has.
  static func tick(after time: Int64) -> Int64 { time >> tickShift &+ 1 }

  /// The slot in which an entry due at `tick` is put now: its own, or the farthest one if the deadline is beyond the
  /// wheel's turn of 68 s. From there it moves on.
  func slotTick(for tick: Int64) -> Int64 {
    min(max(tick, currentTick &+ 1), currentTick &+ Int64(TimerWheel.slotCount) &- 1)
  }

  /// The first entry of the slot of `tick`.
  func head(at tick: Int64) -> SlabHandle { heads[slot(tick)] }

  mutating func setHead(_ handle: SlabHandle, at tick: Int64) {
    let slot = slot(tick)
    heads[slot] = handle
    if handle.isSome {
      occupied[slot >> 6] |= 1 << UInt64(slot & 63)
      earliest = min(earliest, tick)
    } else {
      occupied[slot >> 6] &= ~(1 << UInt64(slot & 63))
    }
  }

  mutating func added() { count += 1 }
  mutating func removed() { count -= 1 }

  private func slot(_ tick: Int64) -> Int {
    Int(truncatingIfNeeded: tick) & (TimerWheel.slotCount - 1)
  }

  /// The next tick that has entries, as far as known; nil when there are none.
  mutating func nextTick() -> Int64? {
    guard count > 0 else { return nil }
    if earliest <= currentTick || earliest == Int64.max || !head(at: earliest).isSome {
      earliest = findNext()
    }
    return earliest
  }

  private func findNext() -> Int64 {
    var tick = currentTick + 1
    let end = currentTick + Int64(TimerWheel.slotCount)
    while tick < end {
      let slot = slot(tick)
      let word = occupied[slot >> 6] >> UInt64(slot & 63)
      if word != 0 { return tick + Int64(word.trailingZeroBitCount) }
      tick += Int64(64 - (slot & 63))
    }
    return end
  }

  /// Takes the next slot that is due at `now`. Returns its tick; nil when none is due.
  mutating func takeDue(now: Int64) -> Int64? {
    let nowTick = now >> TimerWheel.tickShift
    guard let next = nextTick(), next <= nowTick else {
      currentTick = max(currentTick, nowTick)
      return nil
    }
    currentTick = next
    return next
  }
}
