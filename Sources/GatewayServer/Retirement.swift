internal import Memory

/// Generations that are not in force any more, but of which one loop still has calls or connections.
struct Retirement {
  private struct Former {
    let generation: Generation
    var addresses = UpstreamAddresses()
    /// What was under way when the next generation came: exchanges, and callers of removed listeners.
    var exchanges: [SlabHandle]
    var callers: [SlabHandle]
  }

  /// The oldest is first.
  private var formers: [Former] = [] { didSet { isEmpty = formers.isEmpty } }
  /// Read with each request, because reading the array would cost more.
  private(set) var isEmpty = true

  /// Between two checks whether a generation is over, in nanoseconds.
  static let pause: Int64 = 100_000_000

  /// The number of the oldest generation; nil when there is none.
  var oldest: UInt32? { formers.first?.generation.number }

  mutating func add(_ generation: Generation, exchanges: [SlabHandle], callers: [SlabHandle]) {
    if exchanges.isEmpty && callers.isEmpty { return }
    formers.append(Former(generation: generation, exchanges: exchanges, callers: callers))
  }

  /// The generation under which an exchange began; nil if that is the generation in force.
  func generation(of exchange: SlabHandle) -> Generation? {
    index(of: exchange).map { formers[$0].generation }
  }

  /// The oldest generation in which the exchange was under way.
  private func index(of exchange: SlabHandle) -> Int? {
    formers.firstIndex { $0.exchanges.contains(exchange) }
  }

  /// The upstream's addresses for the generation under which an exchange began, as far as they are known by now.
  mutating func addresses(of exchange: SlabHandle) -> UpstreamAddresses? {
    guard let index = index(of: exchange) else { return nil }
    formers[index].addresses.refresh(from: formers[index].generation.resolver)
    return formers[index].addresses
  }

  /// Forgets generations of which nothing is left. Returns whether there were any.
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
