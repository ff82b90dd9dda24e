/// How different two sequences are: the least cost of turning one into the other. For hints about what a misspelt name
/// was meant to be. The computation takes time proportional to the product of both lengths, so its callers limit them.
package enum EditDistance {
  /// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost 1 each.
  package static func between(_ a: [UInt8], _ b: [UInt8]) -> Int {
    between(
      a.count, b.count, gap: 1, swap: { a[$0] == b[$1 - 1] && a[$0 - 1] == b[$1] },
      replacement: { a[$0] == b[$1] ? 0 : 1 })
  }

  /// The same for two sequences of `a` and `b` elements, with weights.
  ///
  /// - Parameters:
  ///   - gap: the cost of an insertion or a deletion.
  ///   - swap: whether the element at the first index and the one before it equal those at the second index and before
  ///     it, swapped. A swap costs 1. Nil treats swaps as two replacements.
  ///   - replacement: the cost of replacing the element at the first index by the one at the second; 0 if they are the
  ///     same.
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
