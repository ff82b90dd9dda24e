/// A configuration as text without secrets, one line per key. It shows what is in force, and a file can be compared
/// with it.
///
/// A line has the thing, the key and the value, separated by tabs: `limit app-writes`, `burst`, `20`. The key is empty
/// for a thing's main value, such as a limit's rate.
package struct ConfigurationText: Sendable {
  let things: [SettingsChanges.Thing]

  package init(_ settings: Settings) {
    things = settings.things.map { thing in
      SettingsChanges.Thing(name: thing.name, values: thing.values.filter { $0.hidden == nil })
    }
  }

  /// Returns nil if `text` does not have this form.
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

  /// All lines, each with its line feed.
  package var text: String {
    things.map { thing in
      thing.values.map { value in
        [thing.name, value.key, value.text].map(ConfigurationText.plain).joined(separator: "\t")
          + "\n"
      }.joined()
    }.joined()
  }

  /// All things with their keys, for output in another form.
  package var content: [(thing: String, keys: [(key: String, value: String)])] {
    things.map { ($0.name, $0.values.map { ($0.key, $0.text) }) }
  }

  /// The text without tabs and line ends, which only paths can contain.
  private static func plain(_ text: String) -> String {
    String(text.map { $0 == "\t" || $0.isNewline ? " " : $0 })
  }
}
