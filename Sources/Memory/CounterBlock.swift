public import Synchronization

/// A row of counters that one thread writes and any thread may read at any time.
///
/// The writer pays for a load, an addition and a store: no lock and no locked instruction. A reader sees each counter
/// whole, but not all of them at the same moment. A block begins and ends at cache lines that it shares with nothing
/// else, so that writers of different blocks, on different cores, do not contend for cache lines.
@usableFromInline @safe package final class CounterBlock: @unchecked Sendable {
  // @unchecked: the cells are atomics, and the pointer to them never changes.
  @usableFromInline let cells: UnsafeMutablePointer<Atomic<UInt64>>
  /// How many counters there are.
  @usableFromInline package let count: Int

  /// A block of counters that are zero; `count` must not be negative.
  package init(count: Int) {
    precondition(count >= 0)
    self.count = count
    // Proof: Atomic<UInt64> has the size and layout of UInt64, and the memory has room for at least `count` of them.
    unsafe cells = UnsafeMutableRawPointer.allocate(
      byteCount: CounterBlock.wholeLines(count * MemoryLayout<UInt64>.stride),
      alignment: CounterBlock.lineBytes
    ).bindMemory(to: Atomic<UInt64>.self, capacity: count)
    for i in 0..<count {
      // Proof: i < count, and each cell is initialised once.
      unsafe (cells + i).initialize(to: Atomic<UInt64>(0))
    }
  }

  deinit {
    // Proof: `init` initialised `count` cells in this allocation, which is freed once, here.
    unsafe cells.deinitialize(count: count)
    unsafe UnsafeMutableRawPointer(cells).deallocate()
  }

  /// Two cache lines of 64 bytes: processors fetch them in pairs.
  private static let lineBytes = 128

  private static func wholeLines(_ bytes: Int) -> Int {
    (bytes + lineBytes - 1) / lineBytes * lineBytes
  }

  /// Adds to counter `i`, wrapping around. Only for the one writer. Traps when `i` is out of bounds.
  @inlinable @inline(__always)
  package func add(_ amount: UInt64, to i: Int) {
    precondition(UInt(bitPattern: i) < UInt(bitPattern: count))
    // Proof: 0 <= i < count was just checked.
    let old = unsafe cells[i].load(ordering: .relaxed)
    unsafe cells[i].store(old &+ amount, ordering: .relaxed)
  }

  /// Sets counter `i`, for a gauge. Only for the one writer.
  @inlinable @inline(__always)
  package func set(_ i: Int, to value: UInt64) {
    precondition(UInt(bitPattern: i) < UInt(bitPattern: count))
    // Proof: 0 <= i < count was just checked.
    unsafe cells[i].store(value, ordering: .relaxed)
  }

  /// The present value of counter `i`. For any thread.
  package func read(_ i: Int) -> UInt64 {
    precondition(UInt(bitPattern: i) < UInt(bitPattern: count))
    // Proof: 0 <= i < count was just checked.
    return unsafe cells[i].load(ordering: .relaxed)
  }
}

extension StaticString {
  /// Whether both have the same bytes.
  package func hasSameBytes(as other: StaticString) -> Bool {
    let length = utf8CodeUnitCount
    guard length == other.utf8CodeUnitCount else { return false }
    // Proof: both literals hold `length` bytes.
    let (a, b) = unsafe (utf8Start, other.utf8Start)
    for i in 0..<length where unsafe a[i] != b[i] { return false }
    return true
  }
}
