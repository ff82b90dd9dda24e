import Testing

@testable import Rules

@Suite("Numbers that things keep while a configuration changes")
struct PlacesTests {
  private static func next(
    _ places: Places<String>, _ items: [String], _ generation: UInt32, oldest: UInt32 = 1
  ) -> Places<String> {
    places.next(items, generation: generation, oldest: oldest, isSame: [{ $0 == $1 }])
  }

  private static func numbers(_ places: Places<String>) -> [String: Int] {
    Dictionary(places.inForce.map { ($0.item, $0.number) }, uniquingKeysWith: { a, _ in a })
  }

  @Test("What stays keeps its number, in whatever order the file names it")
  func order() {
    let first = Places(["a", "b", "c"])
    let second = Self.next(first, ["c", "x", "a"], 2)
    #expect(Self.numbers(second) == ["a": 0, "c": 2, "x": 3])
    #expect(second.inForce.map(\.item) == ["c", "x", "a"])
    #expect(second.arrived == [3])
  }

  @Test("What is gone keeps its place until the last call is over that may name it")
  func leaving() {
    let second = Self.next(Places(["a", "b"]), ["a"], 2)
    #expect(second.hasLeaving)
    #expect(second.list[1]?.item == "b" && second.list[1]?.isInForce == false)
    // Calls of the first generation are in progress.
    let third = Self.next(second, ["a", "c"], 3, oldest: 1)
    #expect(Self.numbers(third) == ["a": 0, "c": 2])
    // They have ended: the number is given to another thing, and that is reported.
    let fourth = Self.next(third, ["a", "c", "d"], 4, oldest: 2)
    #expect(Self.numbers(fourth) == ["a": 0, "d": 1, "c": 2])
    #expect(fourth.arrived == [1])
    #expect(!fourth.hasLeaving)
  }

  @Test("What comes back while it keeps its place is the same as before")
  func back() {
    let second = Self.next(Places(["a", "b"]), ["a"], 2)
    let third = Self.next(second, ["b", "a"], 3)
    #expect(Self.numbers(third) == ["a": 0, "b": 1])
    #expect(third.arrived.isEmpty && !third.hasLeaving)
  }

  @Test("A vacant place holds nothing: what a removed app had is forgotten")
  func vacant() {
    let second = Self.next(Places(["a", "b"]), ["a"], 2)
    let third = Self.next(second, ["a"], 3, oldest: 2)
    #expect(third.list[1] == nil)
    #expect(third.count == 2)
  }

  @Test("The strictest likeness decides first; each thing is matched once")
  func likeness() {
    let first = Places(["a1", "a2"])
    let next = first.next(
      ["a2", "a9"], generation: 2, oldest: 1,
      isSame: [{ $0 == $1 }, { $0.first == $1.first }])
    #expect(next.inForce.map(\.number) == [1, 0])
  }

  @Test("A thousand changes of names leave no more places than are in use", arguments: [1, 5])
  func churn(kept: UInt32) {
    var places = Places(["a", "b", "c"])
    for generation in 2...1000 as ClosedRange<UInt32> {
      places = Self.next(
        places, ["a", "x\(generation)", "y\(generation)"], generation,
        oldest: generation > kept ? generation - kept : 1)
    }
    #expect(places.count <= 3 + 2 * Int(kept + 1))
  }
}
