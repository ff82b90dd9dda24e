/// The place where a value was written.
struct Place: Sendable, Equatable {
  /// The source of a value.
  enum Origin: Sendable, Equatable {
    case file(String)
    case environment(String)
    case commandLine
    case defaults

    var text: String {
      switch self {
      case .file(let name): name
      case .environment(let name): "environment variable \(name)"
      case .commandLine: "command line"
      case .defaults: "defaults"
      }
    }
  }

  let origin: Origin
  /// From 1; 0 outside of files.
  let line: Int
  let column: Int

  init(_ origin: Origin, line: Int = 0, column: Int = 0) {
    self.origin = origin
    self.line = line
    self.column = column
  }
}

/// A configuration value before its meaning is known: the common form of YAML, the environment and the command line.
/// Settings are decoded from it, so precedence is resolved in one place.
struct Node: Sendable {
  enum Content: Sendable {
    case null
    case scalar(String)
    case sequence([Node])
    case mapping([Member])
    /// Already reported (an alias, a tagged value). Readers skip it without a second problem.
    case refused
  }

  /// One `key: value` of a mapping.
  struct Member: Sendable {
    let key: String
    let place: Place
    var value: Node
  }

  let place: Place
  var content: Content
  /// Whether the scalar is in quotes. Such a scalar is always text.
  var isQuoted = false

  init(_ content: Content, at place: Place) {
    self.content = content
    self.place = place
  }

  /// A value from outside of files: plain text, where `null` means no value.
  static func plain(_ text: String, at place: Place) -> Node {
    Node(isNull(text) ? .null : .scalar(text), at: place)
  }

  /// Whether unquoted `text` is null in YAML (YAML 1.2.2, section 10.3.2, core schema).
  static func isNull(_ text: String) -> Bool {
    text.isEmpty || text == "null" || text == "~" || text == "Null" || text == "NULL"
  }

  /// The kind of the value, for messages about a wrong kind.
  var kind: String {
    switch content {
    case .null: "nothing"
    case .scalar: "a single value"
    case .sequence: "a list"
    case .mapping: "a group of keys"
    case .refused: "a refused value"
    }
  }

  /// The value of `key`, if this is a mapping that has it.
  func member(_ key: String) -> Node? {
    guard case .mapping(let members) = content else { return nil }
    return members.first { $0.key == key }?.value
  }

  /// The place of the value of `keyPath`, such as `listen[0].address`. If it is left out, the place of the last value
  /// on the path that exists.
  func place(of keyPath: String) -> Place {
    var node = self
    for step in keyPath.split(whereSeparator: { ".[]".contains($0) }) {
      if let member = node.member(String(step)) {
        node = member
      } else if case .sequence(let elements) = node.content, let index = Int(step),
        elements.indices.contains(index)
      {
        node = elements[index]
      } else {
        break
      }
    }
    return node.place
  }
}
