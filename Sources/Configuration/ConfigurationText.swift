/// A configuration as text, a line for each key: what runs, for those who look, and to compare a file with. It has no
/// secrets.
///
/// A line is the thing, the key and the value, with a tab between: `limit app-writes`, `burst`, `20`. Of a value that
/// everybody knows the thing by, as a limit's rate, the key is empty.
package struct ConfigurationText: Sendable {
  let things: [SettingsChanges.Thing]

  package init(_ settings: Settings) {
    things = settings.things.map { thing in
      SettingsChanges.Thing(name: thing.name, values: thing.values.filter { $0.hidden == nil })
    }
  }

  /// Nil when `text` is none.
  package init?(reading text: String) {
    var things: [SettingsChanges.Thing] = []
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { return nil }
      let value = SettingsChanges.Thing.Value(parts[1], parts[2])
      if let last = things.last, last.name == parts[0] {
        things[things.count - 1] = SettingsChanges.Thing(
          name: last.name, values: last.values + [value])
      } else {
        things.append(SettingsChanges.Thing(name: parts[0], values: [value]))
      }
    }
    guard !things.isEmpty else { return nil }
    self.things = things
  }

  /// All lines, each with its end.
  package var text: String {
    things.map { thing in
      thing.values.map { value in
        [thing.name, value.key, value.text].map(ConfigurationText.plain).joined(separator: "\t")
          + "\n"
      }.joined()
    }.joined()
  }

  /// Its things with their keys, for a listing in another form.
  package var content: [(thing: String, keys: [(key: String, value: String)])] {
    things.map { ($0.name, $0.values.map { ($0.key, $0.text) }) }
  }

  /// Without tabs and line ends, which no value but a path can have.
  private static func plain(_ text: String) -> String {
    String(text.map { $0 == "\t" || $0.isNewline ? " " : $0 })
  }
}
