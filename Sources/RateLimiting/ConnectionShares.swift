internal import Memory

/// How the connections of a pool are shared out among callers, and who waits for one.
///
/// - A connection that comes free goes to the caller that holds fewest for its weight; among equals to the one
///   whose turn was longest ago. So nobody who waits has less than its share while others are given more.
/// - Of one caller's calls the first that came is next.
/// - Where there are several callers, the last eighth is kept for callers that hold less than a part of their own:
///   of connections that are held for long none may come free for long.
/// - In a queue that is full, the caller with most calls in it gives up its youngest for one that has fewer.
///
/// Every step takes constant time, but for finding who is next, which looks at each caller that waits.
package struct ConnectionShares: ~Copyable {
  /// One caller.
  struct Line: BitwiseCopyable {
    var weight: Int32
    /// Connections it holds.
    var held: Int32 = 0
    var waiting: Int32 = 0
    var head = ConnectionShares.none
    var tail = ConnectionShares.none
    /// Where it stands in the list of callers that wait.
    var position = ConnectionShares.none
    /// When it was given a connection that it had waited for, counted in such turns.
    var servedAt: UInt64 = 0
  }

  /// One call that waits.
  struct Place: BitwiseCopyable {
    let call: UInt64
    let caller: Int32
    var previous: Int32
    /// The next younger call of the caller; the next free place while it is free.
    var next = ConnectionShares.none
  }

  /// No place.
  package static let none: Int32 = -1
  /// The part of the connections that is kept for callers below their share.
  static let reservedParts = 8

  private var lines: RecordList<Line>
  private var places = RecordList<Place>(capacity: 16)
  private var firstFree = ConnectionShares.none
  /// Callers that wait, in no order.
  private var waitingCallers = RecordList<Int32>(capacity: 16)
  private var turns: UInt64 = 0
  private var capacity = 0
  private var reserved = 0
  private var totalWeight = 0
  private var heldCount = 0
  /// Calls that wait.
  package private(set) var waitingCount = 0

  /// - Parameters:
  ///   - weights: a caller's each, at least 1; callers are named by their index.
  ///   - capacity: connections there may be.
  package init(weights: [Int], capacity: Int) {
    precondition(!weights.isEmpty)
    lines = RecordList(capacity: weights.count)
    adopt(weights: weights, capacity: capacity)
  }

  /// Shares out by other weights, of no fewer callers, from now on. A weight of 0 is that of a caller that is gone: it
  /// counts for nothing, and what it holds still is shared as with a weight of 1.
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

  /// `caller` holds one more connection.
  package mutating func take(_ caller: Int) {
    lines[caller].held &+= 1
    heldCount &+= 1
  }

  /// `caller` holds one less.
  package mutating func give(_ caller: Int) {
    lines[caller].held &-= 1
    heldCount &-= 1
  }

  /// Whether `caller` may have one more, if there is one.
  package func mayTake(_ caller: Int) -> Bool {
    if heldCount < capacity - reserved { return true }
    let line = lines[caller]
    return Int(line.held) * totalWeight < capacity * Int(line.weight)
  }

  /// Whether nobody but callers below their share may have one more.
  package var isScarce: Bool { heldCount >= capacity - reserved }

  // MARK: Waiting

  /// Puts a call of `caller` behind its others.
  ///
  /// - Returns: its place, for ``leave(_:)``.
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

  /// Takes a call out of the queue.
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

  /// Takes out the call that is to have the connection that is free; nil when nobody who waits may have it.
  package mutating func takeNext() -> UInt64? {
    guard let caller = neediest(isAllowed: { mayTake($0) }) else { return nil }
    turns += 1
    lines[caller].servedAt = turns
    let head = lines[caller].head
    let call = places[Int(head)].call
    leave(head)
    return call
  }

  /// The waiting caller that holds fewest for its weight.
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

  /// Whether a connection of `caller` may be ended for somebody who waits: for another call of its own, or for a
  /// caller that holds less.
  package func mayEndOne(of caller: Int) -> Bool {
    guard let needy = neediest(isAllowed: { _ in true }) else { return false }
    return needy == caller || holdsMore(caller, than: needy)
  }

  /// Connections that `caller` holds, for a weight of 1.
  package func heldByWeight(_ caller: Int) -> Int {
    Int(lines[caller].held) * 100 / Int(lines[caller].weight)
  }

  /// Takes out the youngest call of the caller with most calls in the queue, if that is not `caller` itself and has
  /// more than `caller` would have with one more; for when the queue is full.
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
