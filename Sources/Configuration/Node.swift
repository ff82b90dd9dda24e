/// Where a value stands.
struct Place: Sendable, Equatable {
  /// Whose word a value is.
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
  /// From 1; 0 outside files.
  let line: Int
  let column: Int

  init(_ origin: Origin, line: Int = 0, column: Int = 0) {
    self.origin = origin
    self.line = line
    self.column = column
  }
}

/// One value of the configuration before its meaning is known: what YAML, the environment and the command
/// line have in common. Settings are decoded from it, so precedence is settled once, here.
struct Node: Sendable {
  enum Content: Sendable {
    case null
    case scalar(String)
    case sequence([Node])
    case mapping([Member])
    /// Already reported (an alias, a tagged value): readers pass over it without a second problem.
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
  /// A scalar in quotes: a text whatever it looks like.
  var isQuoted = false

  init(_ content: Content, at place: Place) {
    self.content = content
    self.place = place
  }

  /// A value outside files: plain text, where `null` means none.
  static func plain(_ text: String, at place: Place) -> Node {
    Node(isNull(text) ? .null : .scalar(text), at: place)
  }

  /// Whether unquoted `text` is YAML's null (YAML 1.2.2, section 10.3.2, core schema).
  static func isNull(_ text: String) -> Bool {
    text.isEmpty || text == "null" || text == "~" || text == "Null" || text == "NULL"
  }

  /// What it is, for messages about the wrong kind of value.
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

  /// Where the value of `keyPath`, as `listen[0].address`, stands; of the last thing on the way that is there when
  /// it is left out.
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
