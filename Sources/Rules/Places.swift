/// Entries of a configuration by number. Each keeps its number for as long as anything may refer to it.
///
/// Rules, buckets of limits, tokens, connections and the records of calls in progress refer to an app or a caller by
/// its number. So an entry that is also in a new configuration keeps its number, wherever it is in the file. A removed
/// entry keeps its place until the last call is over that began under a configuration with it. Only then can something
/// new take the place.
package struct Places<Item: Sendable>: Sendable {
  package struct Place: Sendable {
    package var item: Item
    /// The first generation without it; nil while it is in force.
    package var leftWith: UInt32?

    package var isInForce: Bool { leftWith == nil }
  }

  /// By number; nil for a vacant place.
  package private(set) var list: [Place?]
  /// The numbers of the entries in force, in the order of the file.
  package private(set) var order: [Int]
  /// Numbers whose meaning differs from the previous configuration.
  package private(set) var arrived: Set<Int>

  /// Creates the places of a first configuration, numbered in the order of the file.
  package init(_ items: [Item]) {
    list = items.map { Place(item: $0) }
    order = Array(items.indices)
    arrived = Set(order)
  }

  /// The places of the next configuration.
  ///
  /// - Parameters:
  ///   - items: Its entries, in the order of the file.
  ///   - generation: Its number.
  ///   - oldest: The oldest generation with calls in progress, or the one in force.
  ///   - isSame: Tests whether an existing entry and a new one mean the same. They are applied one after the other, the
  ///     strictest first. Each existing entry is matched once.
  package func next(
    _ items: [Item], generation: UInt32, oldest: UInt32, isSame: [@Sendable (Item, Item) -> Bool]
  ) -> Places {
    var next = self
    for number in list.indices {
      if let left = list[number]?.leftWith, left <= oldest { next.list[number] = nil }
    }
    var numbers = [Int?](repeating: nil, count: items.count)
    var isTaken = [Bool](repeating: false, count: list.count)
    for test in isSame {
      for (index, item) in items.enumerated() where numbers[index] == nil {
        guard
          let number = next.list.indices.first(where: { number in
            !isTaken[number] && next.list[number].map { test($0.item, item) } ?? false
          })
        else { continue }
        numbers[index] = number
        isTaken[number] = true
        next.list[number] = Place(item: item)
      }
    }
    for number in list.indices where !isTaken[number] && next.list[number]?.isInForce ?? false {
      next.list[number]?.leftWith = generation
    }
    next.arrived = []
    next.order = items.indices.map { index in
      if let number = numbers[index] { return number }
      let place = Place(item: items[index])
      if let vacant = next.list.firstIndex(where: { $0 == nil }) {
        next.list[vacant] = place
        next.arrived.insert(vacant)
        return vacant
      }
      next.arrived.insert(next.list.count)
      next.list.append(place)
      return next.list.count - 1
    }
    return next
  }

  /// Number of places, including vacant ones: every number is below it.
  package var count: Int { list.count }

  package mutating func change(_ number: Int, _ body: (inout Item) -> Void) {
    guard list[number] != nil else { return }
    body(&list[number]!.item)
  }

  /// Whether a removed entry still keeps its place.
  package var hasLeaving: Bool { list.contains { $0?.leftWith != nil } }

  /// The number of the first entry in force, in the order of the file, that passes `test`.
  package func number(where test: (Item) -> Bool) -> Int? {
    order.first { number in list[number].map { test($0.item) } ?? false }
  }

  /// The entries in force with their numbers, in the order of the file.
  package var inForce: [(number: Int, item: Item)] {
    order.compactMap { number in list[number].map { (number, $0.item) } }
  }
}
