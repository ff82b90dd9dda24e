internal import Memory

/// Shares the connections of a pool among callers, and decides which caller waits for one.
///
/// - A connection that becomes free goes to the caller that holds the fewest for its weight; among equals, to the one
///   whose turn was longest ago. So no waiting caller has less than its share while others are given more.
/// - Of one caller's calls, the one that arrived first is next.
/// - If there are several callers, the last eighth is reserved for callers that hold less than their share: if
///   connections are held for long, none may become free for a long time.
/// - If the queue is full, the caller with the most calls in it loses its youngest one to a caller that has fewer.
///
/// Every step takes constant time, except finding the next caller, which looks at each caller that waits.
package struct ConnectionShares: ~Copyable {
  /// One caller.
  struct Line: BitwiseCopyable {
    var weight: Int32
    /// Connections that it holds.
    var held: Int32 = 0
    var waiting: Int32 = 0
    var head = ConnectionShares.none
    var tail = ConnectionShares.none
    /// Its position in the list of callers that wait.
    var position = ConnectionShares.none
    /// The number of the turn in which it last received a connection that it had waited for.
    var servedAt: UInt64 = 0
  }

  /// One waiting call.
  struct Place: BitwiseCopyable {
    let call: UInt64
    let caller: Int32
    var previous: Int32
    /// The next younger call of the caller. If the place is free, the next free place.
    var next = ConnectionShares.none
  }

  /// No place.
  package static let none: Int32 = -1
  /// One in this many connections is reserved for callers below their share.
  static let reservedParts = 8

  private var lines: RecordList<Line>
  private var places = RecordList<Place>(capacity: 16)
  private var firstFree = ConnectionShares.none
  /// Callers that wait, in no particular order.
  private var waitingCallers = RecordList<Int32>(capacity: 16)
  private var turns: UInt64 = 0
  private var capacity = 0
  private var reserved = 0
  private var totalWeight = 0
  private var heldCount = 0
  /// Number of waiting calls.
  package private(set) var waitingCount = 0

  /// - Parameters:
  ///   - weights: One for each caller, at least 1. Callers are identified by their index.
  ///   - capacity: The most connections.
  package init(weights: [Int], capacity: Int) {
    precondition(!weights.isEmpty)
    lines = RecordList(capacity: weights.count)
    adopt(weights: weights, capacity: capacity)
  }

  /// Uses other weights from now on, for at least as many callers. A weight of 0 denotes a removed caller: it does not
  /// count, and what it still holds is shared as with a weight of 1.
  package mutating func adopt(weights: [Int], capacity: Int) {
    for (caller, weight) in weights.enumerated() {
      let weight = Int32(clamping: max(1, weight))
      if caller < lines.count {
        lines[caller].weight = weight
      } else {
        lines.append(Line(weight: weight))
      }
    }
    totalWeight = max(1, weights.reduce(0, +))
    self.capacity = capacity
    reserved = weights.count { $0 > 0 } > 1 ? capacity / ConnectionShares.reservedParts : 0
  }

  // MARK: Connections

  /// Counts one more connection of `caller`.
  package mutating func take(_ caller: Int) {
    lines[caller].held &+= 1
    heldCount &+= 1
  }

  /// Counts one connection of `caller` less.
  package mutating func give(_ caller: Int) {
    lines[caller].held &-= 1
    heldCount &-= 1
  }

  /// Whether `caller` may have another connection, if there is one.
  package func mayTake(_ caller: Int) -> Bool {
    if heldCount < capacity - reserved { return true }
    let line = lines[caller]
    return Int(line.held) * totalWeight < capacity * Int(line.weight)
  }

  /// Whether only callers below their share may have another connection.
  package var isScarce: Bool { heldCount >= capacity - reserved }

  // MARK: Waiting

  /// Adds a call of `caller` after its other calls.
  ///
  /// - Returns: Its place, for ``leave(_:)``.
  package mutating func join(_ call: UInt64, of caller: Int) -> Int32 {
    let tail = lines[caller].tail
    let place = Place(call: call, caller: Int32(caller), previous: tail)
    let index: Int32
    if firstFree != ConnectionShares.none {
      index = firstFree
      firstFree = places[Int(index)].next
      places[Int(index)] = place
    } else {
      index = Int32(places.count)
      places.append(place)
    }
    if tail == ConnectionShares.none {
      lines[caller].head = index
      lines[caller].position = Int32(waitingCallers.count)
      waitingCallers.append(Int32(caller))
    } else {
      places[Int(tail)].next = index
    }
    lines[caller].tail = index
    lines[caller].waiting &+= 1
    waitingCount += 1
    return index
  }

  /// Removes a call from the queue.
  package mutating func leave(_ index: Int32) {
    let place = places[Int(index)]
    let caller = Int(place.caller)
    if place.previous == ConnectionShares.none {
      lines[caller].head = place.next
    } else {
      places[Int(place.previous)].next = place.next
    }
    if place.next == ConnectionShares.none {
      lines[caller].tail = place.previous
    } else {
      places[Int(place.next)].previous = place.previous
    }
    places[Int(index)].next = firstFree
    firstFree = index
    lines[caller].waiting &-= 1
    waitingCount -= 1
    if lines[caller].waiting == 0 { noLongerWaits(caller) }
  }

  private mutating func noLongerWaits(_ caller: Int) {
    let position = Int(lines[caller].position)
    lines[caller].position = ConnectionShares.none
    guard let last = waitingCallers.popLast(), Int(last) != caller else { return }
    waitingCallers[position] = last
    lines[Int(last)].position = Int32(position)
  }

  /// Removes the call that gets the free connection, and returns it; nil if no waiting call may have it.
  package mutating func takeNext() -> UInt64? {
    guard let caller = neediest(isAllowed: { mayTake($0) }) else { return nil }
    turns += 1
    lines[caller].servedAt = turns
    let head = lines[caller].head
    let call = places[Int(head)].call
    leave(head)
    return call
  }

  /// The waiting caller that holds the fewest connections for its weight.
  private func neediest(isAllowed: (Int) -> Bool) -> Int? {
    var best: Int?
    for i in 0..<waitingCallers.count {
      let caller = Int(waitingCallers[i])
      guard isAllowed(caller) else { continue }
      if let known = best, !isBefore(caller, known) { continue }
      best = caller
    }
    return best
  }

  private func isBefore(_ one: Int, _ other: Int) -> Bool {
    if holdsMore(other, than: one) { return true }
    return !holdsMore(one, than: other) && lines[one].servedAt < lines[other].servedAt
  }

  /// Whether `one` holds more for its weight than `other` does.
  private func holdsMore(_ one: Int, than other: Int) -> Bool {
    Int(lines[one].held) * Int(lines[other].weight)
      > Int(lines[other].held) * Int(lines[one].weight)
  }

  /// Whether a connection of `caller` may be closed for a waiting call, which is another one of `caller` or belongs to
  /// a caller that holds less.
  package func mayEndOne(of caller: Int) -> Bool {
    guard let needy = neediest(isAllowed: { _ in true }) else { return false }
    return needy == caller || holdsMore(caller, than: needy)
  }

  /// Hundredths of connections that `caller` holds, divided by its weight.
  package func heldByWeight(_ caller: Int) -> Int {
    Int(lines[caller].held) * 100 / Int(lines[caller].weight)
  }

  /// Makes room in a full queue: removes the youngest call of the caller with the most calls in it, and returns it.
  /// Returns nil if that is `caller` itself, or does not have more than `caller` would have with one more.
  package mutating func makeRoom(for caller: Int) -> UInt64? {
    var most: Int?
    for i in 0..<waitingCallers.count {
      let candidate = Int(waitingCallers[i])
      if let known = most, waits(candidate) <= waits(known) { continue }
      most = candidate
    }
    guard let most, most != caller else { return nil }
    let own = (Int(lines[caller].waiting) + 1) * 100 / Int(lines[caller].weight)
    guard waits(most) > own else { return nil }
    let tail = lines[most].tail
    let call = places[Int(tail)].call
    leave(tail)
    return call
  }

  private func waits(_ caller: Int) -> Int {
    Int(lines[caller].waiting) * 100 / Int(lines[caller].weight)
  }
}
