/// A growable list of plain records with one owner, which is kept and refilled instead of being made again.
///
/// For tables on the hot path, such as the fields of a message head: appending and reading need no reference counting
/// and no uniqueness checks, unlike with an `Array`.
@usableFromInline @safe package struct RecordList<Record: BitwiseCopyable>: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<Record>
  @usableFromInline var capacity: Int
  /// How many records there are.
  ///
  /// Set only in this type: every access trusts it.
  @usableFromInline package internal(set) var count: Int

  /// An empty list with room for `capacity` records before it grows.
  package init(capacity: Int) {
    self.capacity = max(1, capacity)
    // Proof: capacity > 0. The memory is ours until `grow` or `deinit` gives it back.
    unsafe base = UnsafeMutablePointer<Record>.allocate(capacity: self.capacity)
    count = 0
  }

  // Proof: a bitwise-copyable record needs no deinitialisation; the memory is ours.
  deinit { unsafe base.deallocate() }

  /// Adds `record` at the end.
  @inlinable @inline(__always)
  package mutating func append(_ record: Record) {
    if count == capacity { grow() }
    // Proof: count < capacity; a bitwise-copyable record needs no prior initialisation.
    unsafe (base + count).initialize(to: record)
    count &+= 1
  }

  @usableFromInline @inline(never)
  mutating func grow() {
    let larger = UnsafeMutablePointer<Record>.allocate(capacity: capacity * 2)
    // Proof: `larger` holds more than `count` records, and the old memory is given back after the copy.
    unsafe larger.update(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = larger
    capacity *= 2
  }

  /// The record at `i`. Traps when `i` is out of bounds.
  @inlinable
  package subscript(i: Int) -> Record {
    @inline(__always)
    get {
      precondition(UInt(bitPattern: i) < UInt(bitPattern: count))
      // Proof: 0 <= i < count was just checked.
      return unsafe base[i]
    }
    @inline(__always)
    set {
      precondition(UInt(bitPattern: i) < UInt(bitPattern: count))
      // Proof: 0 <= i < count was just checked.
      unsafe base[i] = newValue
    }
  }

  /// Removes every record and keeps the memory.
  @inlinable @inline(__always)
  package mutating func removeAll() { count = 0 }

  /// Takes the last record; nil when there is none.
  @inlinable @inline(__always)
  package mutating func popLast() -> Record? {
    guard count > 0 else { return nil }
    count &-= 1
    // Proof: the old count was not 0, so the last record is in bounds.
    return unsafe base[count]
  }
}
