/// The configuration settings of every thing that has some.
struct ConfigurationBook: Sendable {
  /// Settings a thing may have.
  static let maximumSettings = 200
  /// Longest name or value of a setting, in bytes.
  static let maximumText = 1_000

  private var settings: [Thing: [String: String]] = [:]

  subscript(thing: Thing) -> [String: String] {
    get { settings[thing] ?? [:] }
    set { settings[thing] = newValue.isEmpty ? nil : newValue }
  }

  /// Forgets the settings of a thing and of its parts.
  mutating func removeAll(_ kind: Thing.Kind, _ identifier: Identifier) {
    for thing in settings.keys where thing.kind == kind && thing.identifier == identifier {
      settings[thing] = nil
    }
  }
}
