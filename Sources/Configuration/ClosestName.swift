internal import TextCoding

/// Finds what a misspelt name was meant to be.
enum ClosestName {
  /// Longer words are not compared: the distance costs the product of both lengths.
  private static let maximumLength = 64

  /// The candidate with the fewest edits from `word`, letters compared without case; nil when the best
  /// one is further away than a third of the word (at least two edits), for then it is no misspelling.
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

  /// A hint naming the closest candidate, or else all of them while they are few.
  static func hint(for word: String, among candidates: [String]) -> String {
    if let closest = to(word, among: candidates) { return "did you mean \(closest)?" }
    guard !candidates.isEmpty, candidates.count <= 16 else { return "" }
    return "known: \(candidates.joined(separator: ", "))"
  }
}
