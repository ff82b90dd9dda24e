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
    let app: App

    static func == (a: SecretsOf, b: SecretsOf) -> Bool {
      guard a.app.secret.hasSameBytes(as: b.app.secret) else { return false }
      return switch (a.app.nextSecret, b.app.nextSecret) {
      case (nil, nil): true
      case (let a?, let b?): a.hasSameBytes(as: b)
      default: false
      }
    }
  }

  /// - Parameters:
  ///   - old: what is in force.
  ///   - new: what is to be.
  package init(from old: Settings, to new: Settings) {
    compare(old.listeners.map(\.asThing), new.listeners.map(\.asThing))
    compare([old.adminThing], [new.adminThing])
    compare([old.upstream.asThing], [new.upstream.asThing])
    compare(old.apps.map(\.asThing), new.apps.map(\.asThing))
    compare(old.callers.map(\.asThing), new.callers.map(\.asThing))
    compareOrder(of: "callers", old.callers.map(\.name), new.callers.map(\.name))
    compare(old.limits.map(\.asThing), new.limits.map(\.asThing))
    compare([old.generalThing], [new.generalThing])
    compare([old.tokens.asThing], [new.tokens.asThing])
    compare([old.pages.asThing], [new.pages.asThing])
    compare([old.jobs.asThing], [new.jobs.asThing])
    compare([old.policy.asThing], [new.policy.asThing])
    compare([old.traffic.asThing], [new.traffic.asThing])
    compare(old.traffic.captures.map(\.asThing), new.traffic.captures.map(\.asThing))
    refuse("admin.address", old.admin?.address.description, new.admin?.address.description)
    refuse("traffic.journal.path", old.traffic.journalText, new.traffic.journalText)
  }

  private mutating func refuse(_ key: String, _ old: String?, _ new: String?) {
    guard old != new else { return }
    impossible.append(
      "\(key): \(old ?? "none") → \(new ?? "none") takes a restart; put it back, or restart")
  }

  private mutating func compare(_ old: [Thing], _ new: [Thing]) {
    for thing in old where !new.contains(where: { $0.name == thing.name }) {
      lines.append("\(thing.name): removed")
    }
    for thing in new {
      guard let before = old.first(where: { $0.name == thing.name }) else {
        lines.append("\(thing.name): added")
        continue
      }
      let changes = zip(before.values, thing.values).compactMap { $0.change(to: $1) }
      if !changes.isEmpty { lines.append("\(thing.name): " + changes.joined(separator: ", ")) }
    }
  }

  /// The first caller that matches is taken.
  private mutating func compareOrder(of things: String, _ old: [String], _ new: [String]) {
    let kept = new.filter(old.contains)
    guard old.filter(new.contains) != kept else { return }
    lines.append("\(things): in another order: " + kept.joined(separator: ", "))
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
