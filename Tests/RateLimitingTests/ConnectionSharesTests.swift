import Testing

@testable import RateLimiting

/// Callers are numbered from 0. The number of a call distinguishes it from the others.
@Suite("Connections are shared out among callers")
struct ConnectionSharesTests {
  static let turns: [(String, [Int], [Int], [Int], [Int])] = [
    // Description; weights; connections held; callers of the queued calls; callers in the order of their turns.
    ("first come, first served", [1], [0], [0, 0, 0], [0, 0, 0]),
    ("who holds none goes before who holds many", [1, 1], [9, 0], [0, 0, 1, 1], [1, 1, 0, 0]),
    ("equals take turns", [1, 1], [3, 3], [0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1]),
    ("as far as the other, then in turns", [1, 1], [2, 0], [0, 0, 1, 1, 1], [1, 1, 0, 1, 0]),
    ("a weight of two has two", [2, 1], [0, 0], [0, 0, 0, 0, 1, 1], [0, 1, 0, 1, 0, 0]),
  ]

  @Test("A free connection goes to who holds fewest for its weight", arguments: turns)
  func turn(_ name: String, _ weights: [Int], _ held: [Int], _ queue: [Int], _ turns: [Int]) {
    var shares = ConnectionShares(weights: weights, capacity: 1_000)
    for (caller, count) in held.enumerated() { for _ in 0..<count { shares.take(caller) } }
    for (number, caller) in queue.enumerated() {
      _ = shares.join(UInt64(number * 10 + caller), of: caller)
    }
    var served: [Int] = []
    var calls: [Int: [UInt64]] = [:]
    while let call = shares.takeNext() {
      let caller = Int(call % 10)
      shares.take(caller)
      served.append(caller)
      calls[caller, default: []].append(call)
    }
    #expect(served == turns, "\(name)")
    for line in calls.values { #expect(line == line.sorted(), "\(name): in the order of arrival") }
    let waiting = shares.waitingCount
    #expect(waiting == 0)
  }

  @Test("Of several callers none gets the last eighth while it holds its part")
  func reserve() {
    var shares = ConnectionShares(weights: [1, 1, 2], capacity: 16)
    for _ in 0..<14 {
      let may = shares.mayTake(0)
      #expect(may)
      shares.take(0)
    }
    let may = [shares.mayTake(0), shares.mayTake(1), shares.mayTake(2)]
    #expect(may == [false, true, true])
    _ = shares.join(1, of: 0)
    let none = shares.takeNext()
    #expect(none == nil)
    _ = shares.join(2, of: 1)
    let second = shares.takeNext()
    #expect(second == 2)
    shares.give(0)
    let first = shares.takeNext()
    #expect(first == 1)
  }

  @Test("A single caller may have all connections, and so may anybody of fewer than eight")
  func noReserve() {
    var alone = ConnectionShares(weights: [1], capacity: 16)
    for _ in 0..<15 { alone.take(0) }
    let mayAlone = alone.mayTake(0)
    #expect(mayAlone)
    var few = ConnectionShares(weights: [1, 1], capacity: 7)
    for _ in 0..<6 { few.take(0) }
    let mayOfFew = few.mayTake(0)
    #expect(mayOfFew)
  }

  @Test("A call that leaves the queue, wherever it stands, is nobody's predecessor any more")
  func leaving() {
    for left in 0..<4 {
      var shares = ConnectionShares(weights: [1, 1], capacity: 8)
      let places = (0..<4).map { shares.join(UInt64($0), of: 0) }
      _ = shares.join(9, of: 1)
      shares.leave(places[left])
      // A free place is used again.
      _ = shares.join(7, of: 0)
      var served: [UInt64] = []
      while let call = shares.takeNext() { served.append(call) }
      #expect(served.filter { $0 != 9 } == (0..<4).filter { $0 != left }.map { UInt64($0) } + [7])
      let waiting = shares.waitingCount
      #expect(served.contains(9) && waiting == 0)
    }
  }

  @Test("A connection is ended for others of the same caller, or for a caller that holds less")
  func ending() {
    var shares = ConnectionShares(weights: [1, 1], capacity: 8)
    for _ in 0..<7 { shares.take(0) }
    shares.take(1)
    let withoutNeed = shares.mayEndOne(of: 0)
    #expect(!withoutNeed)
    let place = shares.join(1, of: 0)
    let forThemselves = [shares.mayEndOne(of: 0), shares.mayEndOne(of: 1)]
    #expect(forThemselves == [true, false])
    shares.leave(place)
    _ = shares.join(2, of: 1)
    let forOther = [shares.mayEndOne(of: 0), shares.mayEndOne(of: 1)]
    #expect(forOther == [true, true])
  }

  @Test(
    "In a full queue the caller with most calls gives up its youngest, but not for one of its own")
  func fullQueue() {
    var shares = ConnectionShares(weights: [1, 1, 1], capacity: 8)
    for call in 0..<5 { _ = shares.join(UInt64(call), of: 0) }
    _ = shares.join(10, of: 1)
    let forItself = shares.makeRoom(for: 0)
    #expect(forItself == nil)
    let forOther = shares.makeRoom(for: 1)
    #expect(forOther == 4)
    for call in 11..<14 { _ = shares.join(UInt64(call), of: 1) }
    let equal = shares.makeRoom(for: 1)
    let waiting = shares.waitingCount
    #expect(equal == nil && waiting == 8)
  }
}
