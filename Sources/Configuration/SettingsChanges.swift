internal import Memory

/// What differs between two configurations, thing by thing, in the words of the file: what a reload says it has changed,
/// and `check --against` that it would change.
package struct SettingsChanges: Equatable, Sendable {
  /// One line for each thing: `limit app-writes: 100/1m → 200/1m`.
  package private(set) var lines: [String] = []
  /// Keys of what cannot change while a gateway runs, with what differs: then nothing is changed.
  package private(set) var impossible: [String] = []

  package var isEmpty: Bool { lines.isEmpty && impossible.isEmpty }

  /// One thing of a configuration: an app, a section.
  struct Thing {
    /// `limit app-writes`.
    let name: String
    /// Its keys with their values as text, in the order of the documentation.
    let values: [Value]

    struct Value {
      /// Empty for the value that everybody knows the thing by, as a limit's rate.
      let key: String
      let text: String
      /// Compared instead of the text, which must not show it.
      var hidden: SecretsOf?
    }
  }

  /// Secrets to compare, never to show.
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
  ///   - old: what is in force.
  ///   - new: what is to be.
  package init(from old: Settings, to new: Settings) {
    self.init(from: old.things, to: new.things)
  }

  /// What is in force as its gateway tells it: without secrets, which are then not compared.
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

  /// The first caller that matches is taken.
  private mutating func compareOrder(of things: String, _ old: [String], _ new: [String]) {
    let kept = new.filter(old.contains)
    guard old.filter(new.contains) != kept else { return }
    lines.append("\(things): in another order: " + kept.joined(separator: ", "))
  }
}

extension SettingsChanges.Thing {
  /// What cannot change while a gateway runs, by its keys.
  static let fixed = "what needs a restart"
  var isFixed: Bool { name == SettingsChanges.Thing.fixed }

  static func callers(of things: [SettingsChanges.Thing]) -> [String] {
    things.map(\.name).filter { $0.hasPrefix("caller ") }.map { String($0.dropFirst(7)) }
  }
}

extension SettingsChanges.Thing.Value {
  init(_ key: String, _ text: String) { self.init(key: key, text: text) }

  /// Texts longer than this are not repeated.
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
