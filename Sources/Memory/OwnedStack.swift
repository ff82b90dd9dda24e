/// A growable stack of values that each have one owner: last in, first out.
@usableFromInline @safe package struct OwnedStack<Element: ~Copyable>: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<Element>
  @usableFromInline var capacity: Int
  /// How many values there are. Invariant: the values below this index are initialised, and no others.
  @usableFromInline package internal(set) var count = 0

  /// An empty stack with room for `capacity` values before it grows.
  package init(capacity: Int) {
    self.capacity = max(1, capacity)
    // Proof: capacity > 0. The memory is ours until `grow` or `deinit` gives it back.
    unsafe base = UnsafeMutablePointer<Element>.allocate(capacity: self.capacity)
  }

  deinit {
    // Proof: `count` values are initialised.
    unsafe base.deinitialize(count: count)
    unsafe base.deallocate()
  }

  /// Adds `element` on top.
  @inlinable @inline(__always)
  package mutating func push(_ element: consuming Element) {
    if count == capacity { grow() }
    // Proof: count < capacity, and nothing is initialised there.
    unsafe (base + count).initialize(to: element)
    count &+= 1
  }

  @usableFromInline @inline(never)
  mutating func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    // Proof: `larger` is new and holds more than `count` values; each is moved once, and the old memory is given back
    // after that.
    unsafe larger.moveInitialize(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = larger
    capacity *= 2
  }

  /// Takes the value on top; nil when there is none.
  @inlinable @inline(__always)
  package mutating func pop() -> Element? {
    guard count > 0 else { return nil }
    count &-= 1
    // Proof: the value on top was initialised; it is not any more.
    return unsafe (base + count).move()
  }
}
