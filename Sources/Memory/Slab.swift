/// Names one occupant of a ``Slab``. It stays valid until that occupant is removed, and is never mistaken
/// for a later occupant of the same place.
@usableFromInline package struct SlabHandle: Equatable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline let index: UInt32
  /// Odd, or 0 for a handle that names nothing. A place's own is odd while it is occupied, and never 0 once it was
  /// used.
  @usableFromInline let generation: UInt32

  @inlinable @inline(__always)
  init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// A handle that names nothing.
  package static var none: SlabHandle {
    @inlinable @inline(__always) get { SlabHandle(index: 0, generation: 0) }
  }

  /// Whether the handle may name something.
  @inlinable @inline(__always)
  package var isSome: Bool { generation != 0 }

  /// The handle as one integer, for the kernel's event data.
  @inlinable @inline(__always)
  package var bits: UInt64 { UInt64(generation) << 32 | UInt64(index) }

  @inlinable @inline(__always)
  package init(bits: UInt64) {
    let generation = UInt32(truncatingIfNeeded: bits >> 32)
    // Only an odd one was ever given out.
    self.init(
      index: UInt32(truncatingIfNeeded: bits), generation: generation & 1 == 1 ? generation : 0)
  }
}

/// A table of values with one owner, named by generation-tagged handles.
///
/// Event loops keep their connections here: no reference counting, no dictionary, and an event that
/// arrives late for a closed connection finds that its handle names nothing. Removed places are reused
/// last in, first out, while their cache lines are warm.
@usableFromInline @safe package struct Slab<Element: ~Copyable>: ~Copyable {
  /// Elements; a place is initialised exactly when its generation is odd.
  @usableFromInline var elements: UnsafeMutablePointer<Element>
  /// Per place: its generation, and the next free place (+1) while it is free.
  @usableFromInline var places: UnsafeMutablePointer<(generation: UInt32, nextFree: UInt32)>
  @usableFromInline var capacity: Int
  /// Places ever used; those beyond are untouched memory.
  @usableFromInline var used: Int
  /// First free place + 1; 0 when none is free.
  @usableFromInline var firstFree: UInt32
  /// How many occupants there are.
  @usableFromInline package internal(set) var count: Int

  /// An empty table with room for `capacity` occupants before it grows.
  package init(capacity: Int = 16) {
    let room = max(1, capacity)
    // Proof: room > 0. The memory is ours until `grow` or `deinit` gives it back; `used` says that none of it is
    // initialised.
    unsafe elements = UnsafeMutablePointer<Element>.allocate(capacity: room)
    unsafe places = UnsafeMutablePointer<(generation: UInt32, nextFree: UInt32)>.allocate(
      capacity: room)
    self.capacity = room
    used = 0
    firstFree = 0
    count = 0
  }

  deinit {
    // Proof: places below `used` are initialised, and both allocations are ours.
    for i in 0..<used where unsafe places[i].generation & 1 == 1 {
      // Proof: an odd generation marks an initialised element.
      unsafe (elements + i).deinitialize(count: 1)
    }
    unsafe elements.deallocate()
    unsafe places.deallocate()
  }

  /// Adds `element` and names it.
  ///
  /// Inlined into its callers' modules, as ``remove(_:)`` is, so that the element is made and taken apart where
  /// its layout is known: elsewhere it would be moved by way of its type's witnesses.
  @inlinable @inline(__always)
  package mutating func insert(_ element: consuming Element) -> SlabHandle {
    let index: Int
    if firstFree != 0 {
      index = Int(firstFree) - 1
      // Proof: the list of free places names only places below `used`.
      firstFree = unsafe places[index].nextFree
    } else {
      if used == capacity { grow() }
      index = used
      used += 1
      // Proof: index < capacity, or `grow` made it so.
      unsafe places[index] = (0, 0)
    }
    unsafe places[index].generation &+= 1
    // Proof: the place was free, so its memory is uninitialised.
    unsafe (elements + index).initialize(to: element)
    count += 1
    return SlabHandle(index: UInt32(index), generation: unsafe places[index].generation)
  }

  @usableFromInline @inline(never)
  mutating func grow() {
    let larger = capacity * 2
    let movedElements = UnsafeMutablePointer<Element>.allocate(capacity: larger)
    let movedPlaces = UnsafeMutablePointer<(generation: UInt32, nextFree: UInt32)>.allocate(
      capacity: larger)
    // Proof: both allocations hold at least `used` places. An odd generation marks an initialised element, which
    // is moved once; the old memory is given back after that.
    for i in 0..<used {
      if unsafe places[i].generation & 1 == 1 {
        unsafe (movedElements + i).moveInitialize(from: elements + i, count: 1)
      }
      unsafe movedPlaces[i] = unsafe places[i]
    }
    // Proof: every element was moved out above, so the old memory holds nothing.
    unsafe elements.deallocate()
    unsafe places.deallocate()
    unsafe elements = movedElements
    unsafe places = movedPlaces
    capacity = larger
  }

  /// Whether `handle` still names an occupant.
  @inlinable @inline(__always)
  package func contains(_ handle: SlabHandle) -> Bool {
    // Proof: the index is checked against `used` before the place is read. A handle's generation is odd or 0, and
    // a place that was used has none of 0: where they are equal, both are odd, and the place is occupied.
    Int(handle.index) < used
      && (unsafe places[Int(handle.index)].generation) == handle.generation
  }

  /// Puts a place that was occupied to the free ones.
  @inlinable @inline(__always)
  mutating func vacate(_ index: Int) {
    // Even, and not 0, which would be the generation of handles that name nothing.
    // Proof: who calls has checked that the place is occupied, so it is below `used`.
    let generation = unsafe places[index].generation &+ 1
    unsafe places[index].generation = generation == 0 ? 2 : generation
    unsafe places[index].nextFree = firstFree
    firstFree = UInt32(truncatingIfNeeded: index) + 1
    count -= 1
  }

  /// Takes the occupant out. Traps when `handle` names nothing.
  @inlinable
  package mutating func remove(_ handle: SlabHandle) -> Element {
    precondition(contains(handle), "stale slab handle")
    let index = Int(handle.index)
    vacate(index)
    // Proof: the place was occupied; its generation now says it is not.
    return unsafe (elements + index).move()
  }

  /// Takes the occupant out and ends it where it lies. Traps when `handle` names nothing.
  @inlinable
  package mutating func discard(_ handle: SlabHandle) {
    precondition(contains(handle), "stale slab handle")
    let index = Int(handle.index)
    vacate(index)
    // Proof: the place was occupied; its generation now says it is not.
    unsafe (elements + index).deinitialize(count: 1)
  }

  /// The occupant named by `handle`. Traps when it names nothing.
  @inlinable
  package subscript(handle: SlabHandle) -> Element {
    @inline(__always)
    _read {
      precondition(contains(handle), "stale slab handle")
      // Proof: `contains` says the element is initialised.
      yield unsafe elements[Int(handle.index)]
    }
    @inline(__always)
    _modify {
      precondition(contains(handle), "stale slab handle")
      // Proof: `contains` says the element is initialised.
      yield unsafe &elements[Int(handle.index)]
    }
  }

  /// Calls `body` with the handle of every occupant present when the walk began that is still there.
  package func forEachHandle(_ body: (SlabHandle) -> Void) {
    for i in 0..<used {
      // Proof: places below `used` are initialised.
      let generation = unsafe places[i].generation
      if generation & 1 == 1 { body(SlabHandle(index: UInt32(i), generation: generation)) }
    }
  }

  /// The handles of all occupants, for walks that remove some of them.
  package var handles: [SlabHandle] {
    var result: [SlabHandle] = []
    result.reserveCapacity(count)
    forEachHandle { result.append($0) }
    return result
  }
}
