/// Values by identifier, remembered in the order in which they came.
///
/// Bounded: ``insert(_:at:)`` refuses when the list is full. Looking up, adding, changing and removing cost
/// the same however long the list is: a removed value leaves a hole, and holes are closed once they are
/// more than the values.
struct KeyedList<Value: Sendable>: Sendable {
  /// How many values there may be.
  let limit: Int
  private var slots: [(identifier: Identifier, value: Value)?] = []
  /// Where in `slots` an identifier's value stands.
  private var places: [Identifier: Int] = [:]

  init(limit: Int) { self.limit = limit }

  var count: Int { places.count }
  var isFull: Bool { places.count >= limit }

  subscript(identifier: Identifier) -> Value? {
    places[identifier].flatMap { slots[$0]?.value }
  }

  /// Adds or replaces. False when the list is full and `identifier` is new.
  mutating func insert(_ value: Value, at identifier: Identifier) -> Bool {
    if let place = places[identifier] {
      slots[place] = (identifier, value)
      return true
    }
    guard !isFull else { return false }
    places[identifier] = slots.count
    slots.append((identifier, value))
    return true
  }

  /// Changes a value. False when there is none.
  mutating func update(_ identifier: Identifier, _ change: (inout Value) -> Void) -> Bool {
    guard let place = places[identifier], var value = slots[place]?.value else { return false }
    change(&value)
    slots[place] = (identifier, value)
    return true
  }

  mutating func remove(_ identifier: Identifier) -> Value? {
    guard let place = places.removeValue(forKey: identifier) else { return nil }
    let value = slots[place]?.value
    slots[place] = nil
    if slots.count > 2 * places.count + 16 { closeHoles() }
    return value
  }

  private mutating func closeHoles() {
    slots.removeAll { $0 == nil }
    for (place, entry) in entries.enumerated() { places[entry.identifier] = place }
  }

  /// Removes the oldest values until there is room for one more.
  mutating func makeRoom() {
    while isFull, let oldest = slots.first(where: { $0 != nil }), let oldest {
      _ = remove(oldest.identifier)
    }
  }

  /// Identifiers and values, oldest first.
  var entries: [(identifier: Identifier, value: Value)] { slots.compactMap { $0 } }
}
