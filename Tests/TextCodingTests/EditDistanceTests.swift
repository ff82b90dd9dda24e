import Testing

@testable import TextCoding

@Suite("How far spellings are apart")
struct EditDistanceTests {
  @Test(
    "each insertion, deletion, replacement and swap of neighbours is one edit",
    arguments: [
      ("", "", 0), ("abc", "abc", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "ac", 1),
      ("ac", "abc", 1), ("abc", "axc", 1), ("abc", "acb", 1), ("ca", "abc", 3),
      ("kitten", "sitting", 3), ("courses", "cuorse", 2),
    ])
  func edits(a: String, b: String, distance: Int) {
    #expect(EditDistance.between(Array(a.utf8), Array(b.utf8)) == distance)
    #expect(EditDistance.between(Array(b.utf8), Array(a.utf8)) == distance)
  }

  @Test("weights count, and without a swap neighbours that are swapped are two replacements")
  func weights() {
    let (a, b) = (Array("ab".utf8), Array("ba".utf8))
    func distance(gap: Int) -> Int {
      EditDistance.between(2, 2, gap: gap, replacement: { a[$0] == b[$1] ? 0 : 3 })
    }
    // Replacing both costs 6. Removing one and inserting one costs two gaps.
    #expect(distance(gap: 4) == 6)
    #expect(distance(gap: 1) == 2)
  }
}
