/// The configuration settings of every thing that has some.
struct ConfigurationBook: Sendable {
  /// Settings a thing may have.
  static let maximumSettings = 200
  /// Longest name or value of a setting, in bytes.
  static let maximumText = 1_000

  /// By whole thing, then by its part; nil is the thing itself.
  private var settings: [Thing: [Int?: [String: String]]] = [:]

  /// The settings of a thing or of one of its parts.
  subscript(thing: Thing) -> [String: String] {
    get { settings[whole(thing)]?[thing.part] ?? [:] }
    set { settings[whole(thing), default: [:]][thing.part] = newValue }
  }

  /// Forgets the settings of a thing and of its parts.
  mutating func removeAll(_ kind: Thing.Kind, _ identifier: Identifier) {
    settings[Thing(kind, identifier)] = nil
  }

  private func whole(_ thing: Thing) -> Thing { Thing(thing.kind, thing.identifier) }
}
