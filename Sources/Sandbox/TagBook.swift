/// The tags of every thing that has some.
struct TagBook: Sendable {
  /// Tags a thing may have.
  static let maximumTags = 100
  /// Longest tag, in bytes.
  static let maximumLength = 255

  private var tags: [Thing: [String]] = [:]

  /// The tags of `thing`, in the order in which they were put.
  subscript(thing: Thing) -> [String] {
    get { tags[thing] ?? [] }
    set { tags[thing] = newValue.isEmpty ? nil : newValue }
  }

  mutating func remove(_ thing: Thing) { tags[thing] = nil }

  static func check(_ tags: [String]) throws(Refusal) {
    guard tags.count <= maximumTags else {
      throw .message(400, "The sandbox keeps at most \(maximumTags) tags of a thing.")
    }
    guard tags.allSatisfy({ !$0.isEmpty && $0.utf8.count <= maximumLength }) else {
      throw .message(400, "A tag has 1 to \(maximumLength) bytes.")
    }
  }
}
