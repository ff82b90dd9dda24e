/// How far two sequences are apart: the least cost of turning one into the other, for hints at what a misspelt name was
/// meant to be. It costs the product of both lengths, so its callers bound them.
package enum EditDistance {
  /// Optimal string alignment: insertions, deletions, substitutions, swapped neighbours, each for 1.
  package static func between(_ a: [UInt8], _ b: [UInt8]) -> Int {
    between(
      a.count, b.count, gap: 1, swap: { a[$0] == b[$1 - 1] && a[$0 - 1] == b[$1] },
      replacement: { a[$0] == b[$1] ? 0 : 1 })
  }

  /// The same of two sequences of `a` and `b` elements, with weights.
  ///
  /// - Parameters:
  ///   - gap: what an insertion or a deletion costs.
  ///   - swap: whether the element at the first index and the one before it are those at the second index and before
  ///     it, swapped; a swap costs 1. Nil: swaps are two replacements.
  ///   - replacement: what it costs to put the element at the second index in the place of the first one; 0 if they are
  ///     the same.
  package static func between(
    _ a: Int, _ b: Int, gap: Int, swap: ((Int, Int) -> Bool)? = nil,
    replacement: (Int, Int) -> Int
  ) -> Int {
    var beforeLast = [Int](repeating: 0, count: b + 1)
    var last = (0...b).map { $0 * gap }
    var row = last
    for i in 0..<a {
      row[0] = (i + 1) * gap
      for j in 0..<b {
        var cost = min(last[j] + replacement(i, j), min(last[j + 1], row[j]) + gap)
        if i > 0, j > 0, let swap, swap(i, j) { cost = min(cost, beforeLast[j - 1] + 1) }
        row[j + 1] = cost
      }
      (beforeLast, last, row) = (last, row, beforeLast)
    }
    return last[b]
  }
}
