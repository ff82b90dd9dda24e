/// Values by identifier, in the order in which they were added.
///
/// The list is bounded: ``insert(_:at:)`` refuses a new value if it is full. Lookups, insertions, changes and removals
/// take the same time at any length. A removed value leaves a hole, and holes are closed once they outnumber the
/// values. Changes happen in place and a walk copies nothing, so a list of 100,000 is searched in milliseconds.
struct KeyedList<Value: Sendable>: Sendable {
  /// Holds a value, so that a walk passes one reference instead of a value with all its parts.
  private final class Box: @unchecked Sendable {
    // @unchecked: changed only through a slot that holds the only reference.
    let identifier: Identifier
    var value: Value
    init(_ identifier: Identifier, _ value: Value) {
      self.identifier = identifier
      self.value = value
    }
  }

  struct Slot: Sendable {
    /// Greater than the numbers of all earlier values, and never reused.
    let number: Int
    private var box: Box

    fileprivate init(_ identifier: Identifier, _ number: Int, _ value: Value) {
      self.number = number
      box = Box(identifier, value)
    }

    var identifier: Identifier { box.identifier }

    var value: Value {
      _read { yield box.value }
    }

    fileprivate mutating func apply<Result, Failure: Error>(
      _ change: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      if !isKnownUniquelyReferenced(&box) { box = Box(box.identifier, box.value) }
      return try change(&box.value)
    }
  }

  /// The greatest number of values.
  let limit: Int
  private var slots: [Slot?] = []
  /// The index in `slots` of each identifier's value.
  private var places: [Identifier: Int] = [:]
  private var nextNumber = 0

  init(limit: Int) { self.limit = limit }

  var count: Int { places.count }
  var isFull: Bool { places.count >= limit }

  subscript(identifier: Identifier) -> Value? {
    places[identifier].flatMap { slots[$0]?.value }
  }

  /// Adds or replaces a value. Returns false if the list is full and `identifier` is new.
  mutating func insert(_ value: Value, at identifier: Identifier) -> Bool {
    if let place = places[identifier] {
      slots[place]?.apply { $0 = value }
      return true
    }
    guard !isFull else { return false }
    places[identifier] = slots.count
    slots.append(Slot(identifier, nextNumber, value))
    nextNumber += 1
    return true
  }

  /// Changes a value in place. Nil if `identifier` has none.
  @discardableResult
  mutating func update<Result, Failure: Error>(
    _ identifier: Identifier, _ change: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    guard let place = places[identifier] else { return nil }
    return try slots[place]?.apply(change)
  }

  /// Changes every value in place.
  mutating func updateAll(_ change: (Identifier, inout Value) -> Void) {
    for place in slots.indices {
      guard let identifier = slots[place]?.identifier else { continue }
      slots[place]?.apply { change(identifier, &$0) }
    }
  }

  @discardableResult
  mutating func remove(_ identifier: Identifier) -> Value? {
    guard let place = places.removeValue(forKey: identifier) else { return nil }
    let value = slots[place]?.value
    slots[place] = nil
    if slots.count > 2 * places.count + 16 { closeHoles() }
    return value
  }

  private mutating func closeHoles() {
    slots.removeAll { $0 == nil }
    for place in slots.indices {
      if let identifier = slots[place]?.identifier { places[identifier] = place }
    }
  }

  /// Removes the oldest values until there is room for one more.
  mutating func makeRoom() {
    while isFull, let oldest = slots.first(where: { $0 != nil }), let oldest {
      remove(oldest.identifier)
    }
  }

  /// Calls `body` with every value that `isMeant` selects, oldest or newest first, until it returns false.
  ///
  /// A walk from the newest still tests each block of values forwards, because memory is read twice as fast that way.
  func walk(newestFirst: Bool, where isMeant: (Slot) -> Bool, _ body: (Slot) -> Bool) {
    let block = 256
    var picked: [Int] = []
    picked.reserveCapacity(block)
    let blocks = (slots.count + block - 1) / block
    for index in 0..<blocks {
      let start = (newestFirst ? blocks - 1 - index : index) * block
      for place in start..<min(start + block, slots.count) {
        if let slot = slots[place], isMeant(slot) { picked.append(place) }
      }
      if newestFirst { picked.reverse() }
      for place in picked {
        if let slot = slots[place], !body(slot) { return }
      }
      picked.removeAll(keepingCapacity: true)
    }
  }

  /// Calls `body` with every value, oldest first.
  func forEachSlot(_ body: (Slot) -> Void) {
    for slot in slots {
      if let slot { body(slot) }
    }
  }

  /// Reorders the values by `key`; equal ones keep their order.
  mutating func sort(by key: (Value) -> Timestamp) {
    let sorted = entries.enumerated().sorted {
      (key($0.element.value), $0.offset) < (key($1.element.value), $1.offset)
    }
    var next = KeyedList(limit: limit)
    for (_, entry) in sorted { _ = next.insert(entry.value, at: entry.identifier) }
    self = next
  }

  /// Calls `body` with every identifier and value, oldest first.
  func forEach(_ body: (Identifier, Value) -> Void) {
    forEachSlot { body($0.identifier, $0.value) }
  }

  /// Identifiers and values, oldest first.
  var entries: [(identifier: Identifier, value: Value)] {
    slots.compactMap { slot in slot.map { ($0.identifier, $0.value) } }
  }

  /// The identifiers of the values that `isMeant` selects, oldest first.
  func identifiers(where isMeant: (Slot) -> Bool) -> [Identifier] {
    var found: [Identifier] = []
    forEachSlot { if isMeant($0) { found.append($0.identifier) } }
    return found
  }

  /// The number of values that `isMeant` selects.
  func count(where isMeant: (Slot) -> Bool) -> Int {
    var count = 0
    forEachSlot { if isMeant($0) { count += 1 } }
    return count
  }
}
