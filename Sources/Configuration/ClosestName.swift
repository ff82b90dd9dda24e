internal import TextCoding

/// Finds the name that a misspelt name probably means.
enum ClosestName {
  /// Longer words are not compared: the cost is the product of both lengths.
  private static let maximumLength = 64

  /// The candidate with the fewest edits from `word`, ignoring case. Nil if it needs more edits than a third of the
  /// word's length (at least two): then it is not a misspelling.
  static func to(_ word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(word.lowercased().utf8)
    guard !wanted.isEmpty, wanted.count <= maximumLength else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let other = Array(candidate.lowercased().utf8)
      guard other.count <= maximumLength else { continue }
      let distance = EditDistance.between(wanted, other)
      if distance <= max(2, wanted.count / 3), distance < best?.distance ?? .max {
        best = (candidate, distance)
      }
    }
    return best?.name
  }

  /// A hint that names the closest candidate, or all candidates if there are only a few.
  static func hint(for word: String, among candidates: [String]) -> String {
    if let closest = to(word, among: candidates) { return "did you mean \(closest)?" }
    guard !candidates.isEmpty, candidates.count <= 16 else { return "" }
    return "known: \(candidates.joined(separator: ", "))"
  }
}
