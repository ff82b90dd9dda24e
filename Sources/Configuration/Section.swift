/// One mapping of the configuration, read key by key.
///
/// Reading never fails: a value of the wrong kind adds a problem and counts as absent. So the whole file is read and
/// every problem is reported.
struct Section {
  let path: String
  let place: Place
  private let members: [Node.Member]

  /// Reads `node` as a mapping with the keys of `schema`. Other keys are problems. Null is an empty mapping. Nil if
  /// `node` is anything else.
  init?(_ node: Node, at path: String, _ schema: SectionSchema, _ problems: inout ProblemList) {
    self.path = path
    place = node.place
    switch node.content {
    case .mapping(let members): self.members = members
    case .null: members = []
    case .refused: return nil
    case .scalar, .sequence:
      problems.add(
        node.place, path, "expected a group of keys, found \(node.kind)",
        hint: "its keys: \(schema.names.joined(separator: ", "))")
      return nil
    }
    for member in members where !schema.names.contains(member.key) {
      problems.add(
        member.place, KeyPathText.joined(path, member.key), "unknown key",
        hint: ClosestName.hint(for: member.key, among: schema.names))
    }
  }

  func path(_ key: String) -> String { KeyPathText.joined(path, key) }

  /// The value of `key`, unless it is absent or null.
  func node(_ key: String) -> Node? {
    guard let node = members.first(where: { $0.key == key })?.value else { return nil }
    if case .null = node.content { return nil }
    return node
  }

  /// Whether `key` is present with the value null, which turns some sections off.
  func isNull(_ key: String) -> Bool {
    guard let node = members.first(where: { $0.key == key })?.value else { return false }
    if case .null = node.content { return true }
    return false
  }

  /// The place for messages about `key`: its value's, or the section's if it is missing.
  func place(of key: String) -> Place {
    members.first { $0.key == key }?.value.place ?? place
  }

  /// The section under `key`; nil if it is absent, null or refused.
  func section(_ key: String, _ schema: SectionSchema, _ problems: inout ProblemList) -> Section? {
    guard let node = node(key) else { return nil }
    return Section(node, at: path(key), schema, &problems)
  }

  /// The elements of the list under `key`; nil if it is absent or null.
  func list(_ key: String, limit: Int, example: String, _ problems: inout ProblemList) -> [Node]? {
    guard let node = node(key) else { return nil }
    switch node.content {
    case .sequence(let elements):
      if elements.count > limit {
        problems.add(node.place, path(key), "more than \(limit) entries")
      }
      return Array(elements.prefix(limit))
    case .refused: return []
    default:
      problems.add(
        node.place, path(key), "expected a list, found \(node.kind)", hint: "for example \(example)"
      )
      return []
    }
  }

  /// The mappings in the list under `key`; nil if it is absent or null.
  func sections(
    _ key: String, _ schema: SectionSchema, limit: Int, _ problems: inout ProblemList
  ) -> [Section]? {
    let example = "\(key): [{\(schema.keys[0].name): …}]"
    guard let nodes = list(key, limit: limit, example: example, &problems) else { return nil }
    var sections: [Section] = []
    for (index, node) in nodes.enumerated() {
      if let section = Section(node, at: "\(path(key))[\(index)]", schema, &problems) {
        sections.append(section)
      }
    }
    return sections
  }

  /// The words in the list under `key`, each with its place and path; nil if it is absent or null.
  func words(
    _ key: String, limit: Int, example: String, _ problems: inout ProblemList
  ) -> [Word]? {
    guard let nodes = list(key, limit: limit, example: example, &problems) else { return nil }
    var words: [Word] = []
    for (index, node) in nodes.enumerated() {
      let path = "\(path(key))[\(index)]"
      switch node.content {
      case .scalar(let text): words.append(Word(text: text, place: node.place, path: path))
      case .refused: break
      default:
        problems.add(
          node.place, path, "expected a single word, found \(node.kind)",
          hint: "for example \(example)")
      }
    }
    return words
  }

  /// The text under `key`; nil if it is absent, null or of another kind.
  func text(_ key: String, example: String, _ problems: inout ProblemList) -> Word? {
    guard let node = node(key) else { return nil }
    switch node.content {
    case .scalar(let text): return Word(text: text, place: node.place, path: path(key))
    case .refused: return nil
    default:
      problems.add(
        node.place, path(key), "expected a single value, found \(node.kind)",
        hint: "for example \(key): \(example)")
      return nil
    }
  }

  /// The value under `key` within its range; the default if it is absent or invalid.
  func value<Value>(_ key: Key<Value>, _ problems: inout ProblemList) -> Value {
    value(key.word, &problems) ?? key.fallback
  }

  /// The value under `key` within its range; nil if it is absent or invalid.
  func value<Value>(_ key: OptionalKey<Value>, _ problems: inout ProblemList) -> Value? {
    let example = key.example.configurationText
    guard let word = text(key.name, example: example, &problems) else { return nil }
    guard let value = Value(configurationText: word.text) else {
      problems.add(
        word.place, word.path,
        "expected \(Value.expectation), found \(word.quoted)",
        hint: "for example \(key.name): \(example)")
      return nil
    }
    guard key.range.contains(value) else {
      let lowest = key.range.lowerBound.configurationText
      let highest = key.range.upperBound.configurationText
      problems.add(
        word.place, word.path, "\(value.configurationText) is out of range",
        hint: "from \(lowest) to \(highest)")
      return nil
    }
    return value
  }

  /// The choice under `key`; the default if it is absent or invalid.
  func choice<Value>(_ key: ChoiceKey<Value>, _ problems: inout ProblemList) -> Value {
    choice(key.name, of: Value.self, example: key.fallback, &problems) ?? key.fallback
  }

  /// The choice under `key`, one of the cases of `Value`; nil if it is absent or invalid.
  func choice<Value: RawRepresentable & CaseIterable>(
    _ key: String, of type: Value.Type, example: Value, _ problems: inout ProblemList
  ) -> Value? where Value.RawValue == String {
    guard let word = text(key, example: example.rawValue, &problems) else { return nil }
    if let value = Value(rawValue: word.text) { return value }
    let choices = Value.allCases.map(\.rawValue)
    problems.add(
      word.place, word.path,
      "expected one of \(choices.joined(separator: ", ")), found \(word.quoted)",
      hint: ClosestName.to(word.text, among: choices).map { "did you mean \($0)?" } ?? "")
    return nil
  }

  /// The `true` or `false` under `key`; `absent` if there is none.
  func flag(
    _ key: String, absent: Bool = false, _ problems: inout ProblemList
  ) -> Bool {
    guard let word = text(key, example: "true", &problems) else { return absent }
    switch word.text {
    case "true", "True", "TRUE": return true
    case "false", "False", "FALSE": return false
    default:
      problems.add(
        word.place, word.path, "expected true or false, found \(word.quoted)",
        hint: "for example \(key): true")
      return false
    }
  }
}

/// A single value with its place, for problems that are found after its kind was checked.
struct Word {
  let text: String
  let place: Place
  let path: String

  /// The text as messages quote it. Values below `apps` are not quoted: a secret on the wrong line must not reach a
  /// terminal or a log.
  var quoted: String {
    path.hasPrefix("apps[") ? "this value" : "\"\(KeyPathText.shown(text))\""
  }
}

extension Section {
  /// An empty section, for one that the configuration leaves out.
  init(emptyAt path: String, _ place: Place) {
    self.path = path
    self.place = place
    members = []
  }
}
