/// Values by identifier, remembered in the order in which they came.
///
/// Bounded: ``insert(_:at:)`` refuses when the list is full.
struct KeyedList<Value: Sendable>: Sendable {
  /// How many values there may be.
  let limit: Int
  private var values: [Identifier: Value] = [:]
  private var order: [Identifier] = []

  init(limit: Int) { self.limit = limit }

  var count: Int { order.count }
  var isFull: Bool { order.count >= limit }

  subscript(identifier: Identifier) -> Value? { values[identifier] }

  /// Adds or replaces. False when the list is full and `identifier` is new.
  mutating func insert(_ value: Value, at identifier: Identifier) -> Bool {
    if values.updateValue(value, forKey: identifier) != nil { return true }
    guard !isFull else {
      values[identifier] = nil
      return false
    }
    order.append(identifier)
    return true
  }

  /// Changes the value in place. False when there is none.
  mutating func update(_ identifier: Identifier, _ change: (inout Value) -> Void) -> Bool {
    guard var value = values.removeValue(forKey: identifier) else { return false }
    change(&value)
    values[identifier] = value
    return true
  }

  mutating func remove(_ identifier: Identifier) -> Value? {
    guard let value = values.removeValue(forKey: identifier) else { return nil }
    order.removeAll { $0 == identifier }
    return value
  }

  /// Removes the oldest values until there is room for one more.
  mutating func makeRoom() {
    while isFull, let oldest = order.first { _ = remove(oldest) }
  }

  /// Identifiers and values, oldest first.
  var entries: [(identifier: Identifier, value: Value)] {
    order.compactMap { identifier in values[identifier].map { (identifier, $0) } }
  }
}
