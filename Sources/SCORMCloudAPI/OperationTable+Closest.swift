internal import TextCoding

extension OperationTable {
  /// The operation that a caller most likely meant, for the text of a 404.
  ///
  /// Compares segment by segment and ignores case. A misspelled literal costs its edit distance, a missing or
  /// additional segment costs more, another method a little. Slow, but bounded for any input: only the first seven
  /// segments count, and the first 24 bytes of each.
  package static func closest(to path: String, method: String) -> Operation {
    let segments = path.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 7)
      .prefix(7).map { bounded($0) }
    // Literals recur in many templates, so their distances are computed once.
    var costs: [String: [Int]] = [:]
    var best = all[0]
    var least = Int.max
    for operation in all {
      let parts = operation.template.description.split(separator: "/").map { part -> [Int] in
        if part.first == "{" { return [Int](repeating: Cost.parameter, count: segments.count) }
        let name = String(part)
        if let known = costs[name] { return known }
        let literal = bounded(name.utf8[...])
        let fresh = segments.map { Cost.misspelling(of: literal, as: $0) }
        costs[name] = fresh
        return fresh
      }
      let cost =
        alignment(of: parts, with: segments.count)
        + (operation.method.name.description == method ? 0 : Cost.method)
      if cost < least {
        least = cost
        best = operation
      }
    }
    return best
  }

  /// The cost of differences between a path and a template. A completely different literal costs 10.
  private enum Cost {
    /// Small, so that a matching literal is preferred to a parameter.
    static let parameter = 1
    static let method = 3
    static let segment = 6

    static func misspelling(of literal: [UInt8], as segment: [UInt8]) -> Int {
      let longer = max(literal.count, segment.count)
      let changes = EditDistance.between(
        literal.count, segment.count, gap: 1,
        replacement: { literal[$0] == segment[$1] ? 0 : 1 })
      return (changes * 10 + longer - 1) / longer
    }
  }

  /// The least cost of turning a template into a path of `count` segments. For each part of the template, `parts` has
  /// the cost of each segment of the path in its place.
  private static func alignment(of parts: [[Int]], with count: Int) -> Int {
    EditDistance.between(
      parts.count, count, gap: Cost.segment, replacement: { parts[$0][$1] })
  }

  /// The first 24 bytes, with ASCII letters in lower case.
  private static func bounded(_ segment: Substring.UTF8View) -> [UInt8] {
    segment.prefix(24).map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 }
  }
}
