/// Identifies one occupant of a ``Slab``. It is valid until that occupant is removed, and is never mistaken for a later
/// occupant of the same place.
@usableFromInline package struct SlabHandle: Equatable, Hashable, Sendable, BitwiseCopyable {
  @usableFromInline let index: UInt32
  /// Odd, or 0 for a handle of no occupant. A place's generation is odd while the place is occupied, and never 0 once
  /// it was used.
  @usableFromInline let generation: UInt32

  @inlinable @inline(__always)
  init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }

  /// A handle of no occupant.
  package static var none: SlabHandle {
    @inlinable @inline(__always) get { SlabHandle(index: 0, generation: 0) }
  }

  /// Whether the handle may identify an occupant.
  @inlinable @inline(__always)
  package var isSome: Bool { generation != 0 }

  /// The handle as one integer, for the kernel's event data.
  @inlinable @inline(__always)
  package var bits: UInt64 { UInt64(generation) << 32 | UInt64(index) }

  @inlinable @inline(__always)
  package init(bits: UInt64) {
    let generation = UInt32(truncatingIfNeeded: bits >> 32)
    // Only handles with an odd generation were ever given out.
    self.init(
      index: UInt32(truncatingIfNeeded: bits), generation: generation & 1 == 1 ? generation : 0)
  }
}

/// A table of values that each have one owner, identified by generation-tagged handles.
///
/// Event loops keep their connections here: it needs no reference counting and no dictionary, and the handle in a late
/// event for a closed connection matches nothing. Removed places are reused last in, first out, while their cache lines
/// are warm.
@usableFromInline @safe package struct Slab<Element: ~Copyable>: ~Copyable {
  /// The elements. A place is initialised if and only if its generation is odd.
  @usableFromInline var elements: UnsafeMutablePointer<Element>
  /// For each place, its generation, and the next free place (+1) while it is free.
  @usableFromInline var places: UnsafeMutablePointer<(generation: UInt32, nextFree: UInt32)>
  @usableFromInline var capacity: Int
  /// How many places were ever used. Those beyond are untouched memory.
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

  /// Adds `element` and returns its handle.
  ///
  /// It is inlined into its callers' modules, like ``remove(_:)``, so that the element is built and taken apart where
  /// its layout is known. Elsewhere it would be moved through its type's witness table.
  @inlinable @inline(__always)
  package mutating func insert(_ element: consuming Element) -> SlabHandle {
    let index: Int
    if firstFree != 0 {
      index = Int(firstFree) - 1
      // Proof: the list of free places has only places below `used`.
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
    // Proof: both allocations hold at least `used` places. An odd generation marks an initialised element, which is
    // moved once; the old memory is given back after that.
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

  /// Whether `handle` still identifies an occupant.
  @inlinable @inline(__always)
  package func contains(_ handle: SlabHandle) -> Bool {
    // Proof: the index is checked against `used` before the place is read. A handle's generation is odd or 0, and that
    // of a place that was used is never 0: if they are equal, both are odd, and the place is occupied.
    Int(handle.index) < used
      && (unsafe places[Int(handle.index)].generation) == handle.generation
  }

  /// Adds an occupied place to the free ones.
  @inlinable @inline(__always)
  mutating func vacate(_ index: Int) {
    // Even, and not 0, which would be the generation of handles of no occupant.
    // Proof: the callers have checked that the place is occupied, so it is below `used`.
    let generation = unsafe places[index].generation &+ 1
    unsafe places[index].generation = generation == 0 ? 2 : generation
    unsafe places[index].nextFree = firstFree
    firstFree = UInt32(truncatingIfNeeded: index) + 1
    count -= 1
  }

  /// Removes the occupant and returns it. Traps when `handle` is not valid.
  @inlinable
  package mutating func remove(_ handle: SlabHandle) -> Element {
    precondition(contains(handle), "stale slab handle")
    let index = Int(handle.index)
    vacate(index)
    // Proof: the place was occupied; its generation now says it is not.
    return unsafe (elements + index).move()
  }

  /// Removes the occupant and destroys it in place. Traps when `handle` is not valid.
  @inlinable
  package mutating func discard(_ handle: SlabHandle) {
    precondition(contains(handle), "stale slab handle")
    let index = Int(handle.index)
    vacate(index)
    // Proof: the place was occupied; its generation now says it is not.
    unsafe (elements + index).deinitialize(count: 1)
  }

  /// The occupant that `handle` identifies. Traps when there is none.
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

  /// Calls `body` with the handles of all occupants at the beginning of the walk that are still present.
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
