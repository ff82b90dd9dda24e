import Testing

@testable import Memory

@Suite("How memory stands")
struct MemoryMarksTests {
  /// Used bytes of 1,000; the previous level; the new level.
  static let levels: [(Int, MemoryLevel, MemoryLevel)] = [
    (0, .ample, .ample), (849, .ample, .ample), (850, .ample, .low), (949, .ample, .low),
    (950, .ample, .critical), (2_000, .ample, .critical),
    (849, .low, .low), (800, .low, .low), (799, .low, .ample),
    (949, .critical, .low), (800, .critical, .low), (799, .critical, .ample),
  ]

  @Test("A level is left at a lower mark than it is entered at", arguments: levels)
  func level(_ used: Int, _ before: MemoryLevel, _ level: MemoryLevel) {
    #expect(MemoryMarks(limit: 1_000).level(used: used, before: before) == level)
  }

  @Test("The largest limit there is has marks too")
  func largest() {
    let marks = MemoryMarks(limit: .max)
    #expect(marks.level(used: .max / 2, before: .ample) == .ample)
    #expect(marks.level(used: .max, before: .ample) == .critical)
  }
}
