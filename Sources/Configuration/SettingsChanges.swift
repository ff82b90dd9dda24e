internal import Memory

/// The differences between two configurations, thing by thing, in the words of the file. A reload reports what it has
/// changed, and `check --against` what it would change.
package struct SettingsChanges: Equatable, Sendable {
  /// One line per thing: `limit app-writes: 100/1m → 200/1m`.
  package private(set) var lines: [String] = []
  /// Differences in keys that cannot change while a gateway runs. If there are any, nothing is changed.
  package private(set) var impossible: [String] = []

  package var isEmpty: Bool { lines.isEmpty && impossible.isEmpty }

  /// A thing of a configuration, such as an app or a section.
  struct Thing {
    /// Its name, such as `limit app-writes`.
    let name: String
    /// Its keys with their values as text, in the order of the documentation.
    let values: [Value]

    struct Value {
      /// Empty for the thing's main value, such as a limit's rate.
      let key: String
      let text: String
      /// Compared instead of the text, which must not reveal it.
      var hidden: SecretsOf?
    }
  }

  /// Secrets that are compared and never shown.
  struct SecretsOf: Equatable {
    let secrets: [SecretBytes?]

    init(_ secrets: SecretBytes?...) { self.secrets = secrets }

    static func == (a: SecretsOf, b: SecretsOf) -> Bool {
      guard a.secrets.count == b.secrets.count else { return false }
      return zip(a.secrets, b.secrets).allSatisfy { pair in
        switch pair {
        case (nil, nil): true
        case (let a?, let b?): a.hasSameBytes(as: b)
        default: false
        }
      }
    }
  }

  /// - Parameters:
  ///   - old: the configuration in force.
  ///   - new: the configuration to compare with it.
  package init(from old: Settings, to new: Settings) {
    self.init(from: old.things, to: new.things)
  }

  /// Compares with the configuration in force as its gateway reports it. It has no secrets, so they are not compared.
  package init(from old: ConfigurationText, to new: Settings) {
    self.init(from: old.things, to: new.things)
  }

  private init(from old: [Thing], to new: [Thing]) {
    for thing in old where !new.contains(where: { $0.name == thing.name }) {
      lines.append("\(thing.name): removed")
    }
    for thing in new {
      guard let before = old.first(where: { $0.name == thing.name }) else {
        lines.append("\(thing.name): added")
        continue
      }
      let changes = thing.values.compactMap { value in
        before.values.first { $0.key == value.key }.flatMap { $0.change(to: value) }
      }
      if thing.isFixed {
        impossible += changes.map { "\($0) needs a restart; undo the change, or restart" }
      } else if !changes.isEmpty {
        lines.append("\(thing.name): " + changes.joined(separator: ", "))
      }
    }
    compareOrder(of: "callers", Thing.callers(of: old), Thing.callers(of: new))
  }

  /// Reports a changed order, which matters because the first caller that matches is used.
  private mutating func compareOrder(of things: String, _ old: [String], _ new: [String]) {
    let kept = new.filter(old.contains)
    guard old.filter(new.contains) != kept else { return }
    lines.append("\(things): in another order: " + kept.joined(separator: ", "))
  }
}

extension SettingsChanges.Thing {
  /// The name of the thing with all keys that cannot change while a gateway runs.
  static let fixed = "what needs a restart"
  var isFixed: Bool { name == SettingsChanges.Thing.fixed }

  static func callers(of things: [SettingsChanges.Thing]) -> [String] {
    things.map(\.name).filter { $0.hasPrefix("caller ") }.map { String($0.dropFirst(7)) }
  }
}

extension SettingsChanges.Thing.Value {
  init(_ key: String, _ text: String) { self.init(key: key, text: text) }

  /// The longest old and new text, together, that a line repeats.
  private static let longest = 120

  func change(to new: Self) -> String? {
    let isSame = hidden != nil || new.hidden != nil ? hidden == new.hidden : text == new.text
    guard !isSame else { return nil }
    guard hidden == nil, new.hidden == nil else { return "\(key) replaced" }
    let label = key.isEmpty ? "" : key + " "
    guard text.count + new.text.count <= Self.longest else { return "\(label)changed" }
    return "\(label)\(text) → \(new.text)"
  }
}
