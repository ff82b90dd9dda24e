internal import Memory

/// Generations that are not in force any more, of which one loop still has calls or connections.
struct Retirement {
  private struct Former {
    let generation: Generation
    var addresses = UpstreamAddresses()
    /// What was under way when the next one came: exchanges, and callers of listeners that are gone.
    var exchanges: [SlabHandle]
    var callers: [SlabHandle]
  }

  /// The oldest first.
  private var formers: [Former] = []

  /// Between two looks whether one is over, in nanoseconds.
  static let pause: Int64 = 100_000_000

  var isEmpty: Bool { formers.isEmpty }

  /// The number of the oldest; nil when there is none.
  var oldest: UInt32? { formers.first?.generation.number }

  mutating func add(_ generation: Generation, exchanges: [SlabHandle], callers: [SlabHandle]) {
    if exchanges.isEmpty && callers.isEmpty { return }
    formers.append(Former(generation: generation, exchanges: exchanges, callers: callers))
  }

  /// The one with this number, which an exchange began under.
  func generation(_ number: UInt32) -> Generation? {
    formers.first { $0.generation.number == number }?.generation
  }

  /// Where the upstream of the one with this number is, as far as is known by now.
  mutating func addresses(of number: UInt32) -> UpstreamAddresses? {
    guard let index = formers.firstIndex(where: { $0.generation.number == number }) else {
      return nil
    }
    formers[index].addresses.refresh(from: formers[index].generation.resolver)
    return formers[index].addresses
  }

  /// Forgets those of which nothing is left. Returns whether that is news.
  mutating func look(
    exchanges: borrowing Slab<Exchange>, callers: borrowing Slab<CallerConnection>
  ) -> Bool {
    let before = formers.count
    for index in formers.indices {
      // One by one: a closure may not capture what is borrowed.
      var left: [SlabHandle] = []
      for id in formers[index].exchanges where exchanges.contains(id) { left.append(id) }
      formers[index].exchanges = left
      left = []
      for id in formers[index].callers where callers.contains(id) { left.append(id) }
      formers[index].callers = left
    }
    formers.removeAll { $0.exchanges.isEmpty && $0.callers.isEmpty }
    return formers.count != before
  }
}
