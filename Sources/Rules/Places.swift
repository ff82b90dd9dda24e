/// Things of a configuration by a number that each has for as long as anything may name it by that.
///
/// Rules, buckets of limits, tokens, connections and the records of calls under way name an app or a caller by its
/// number. So a thing that a new configuration has too keeps its number, wherever it stands in the file; one that is
/// gone keeps its place until the last call is over that began under a configuration with it; only then is the place
/// given to something new.
package struct Places<Item: Sendable>: Sendable {
  package struct Place: Sendable {
    package var item: Item
    /// The first generation without it; nil while it is in force.
    package var leftWith: UInt32?

    package var isInForce: Bool { leftWith == nil }
  }

  /// By number; nil for a place that is vacant.
  package private(set) var list: [Place?]
  /// The numbers of what is in force, in the order of the file.
  package private(set) var order: [Int]
  /// Numbers that mean something else than in the configuration before.
  package private(set) var arrived: Set<Int>

  /// The places of a first configuration: numbers in the order of the file.
  package init(_ items: [Item]) {
    list = items.map { Place(item: $0) }
    order = Array(items.indices)
    arrived = Set(order)
  }

  /// The places of the next configuration.
  ///
  /// - Parameters:
  ///   - items: what it has, in the order of the file.
  ///   - generation: its number.
  ///   - oldest: the oldest generation that calls are still under way of, or the one in force.
  ///   - isSame: whether an item that is there and a new one mean the same: one test after another, the strictest
  ///     first. Each item that is there is matched once.
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

  /// Places there are, vacant ones among them: every number is below.
  package var count: Int { list.count }

  package mutating func change(_ number: Int, _ body: (inout Item) -> Void) {
    guard list[number] != nil else { return }
    body(&list[number]!.item)
  }

  /// Whether anything that is gone still keeps its place.
  package var hasLeaving: Bool { list.contains { $0?.leftWith != nil } }

  /// The number of what is in force and passes `test`, the first in the order of the file.
  package func number(where test: (Item) -> Bool) -> Int? {
    order.first { number in list[number].map { test($0.item) } ?? false }
  }

  /// What is in force, with its number, in the order of the file.
  package var inForce: [(number: Int, item: Item)] {
    order.compactMap { number in list[number].map { (number, $0.item) } }
  }
}
