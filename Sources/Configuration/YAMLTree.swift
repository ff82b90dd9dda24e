internal import Memory

/// Builds the node tree of one YAML document. It refuses the parts of YAML that a configuration does not need and an
/// attacker could use: aliases (a few lines that expand to gigabytes), tags, second documents, duplicate keys.
struct YAMLTree: ~Copyable {
  /// The maximum size of a configuration file in bytes. Typical files have a few KiB.
  static let maximumSize = 1 << 20
  /// The maximum depth of nesting. The configuration needs five levels.
  static let maximumDepth = 32

  private var events: YAMLEvents
  private let bytes: [UInt8]
  private let origin: Place.Origin
  private var problems = ProblemList()

  /// Stops reading after a problem that makes the rest unreliable. The problem was already added.
  private struct Stopped: Error {}

  private init(_ events: consuming YAMLEvents, of bytes: [UInt8], origin: Place.Origin) {
    self.events = events
    self.bytes = bytes
    self.origin = origin
  }

  /// The tree of `bytes`. Adds at least one problem and returns nil if there is nothing to decode.
  static func parse(
    _ bytes: [UInt8], file: String, limit: Int = maximumSize, _ problems: inout ProblemList
  ) -> Node? {
    let origin = Place.Origin.file(file)
    let start = Place(origin, line: 1, column: 1)
    guard bytes.count <= limit else {
      problems.add(start, "", "the file is larger than \(ByteSize(limit))")
      return nil
    }
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      problems.add(place(ofByte: error.byteOffsets.lowerBound, in: bytes, origin), "", "not UTF-8")
      return nil
    }
    // libyaml is told that the text is UTF-8, so it would treat the byte order mark as text.
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    guard let events = YAMLEvents(text) else {
      problems.add(start, "", "out of memory")
      return nil
    }
    var tree = YAMLTree(events, of: text, origin: origin)
    tree.problems = problems
    let root = try? tree.document()
    problems = tree.problems
    return root
  }

  private static func place(ofByte offset: Int, in bytes: [UInt8], _ origin: Place.Origin) -> Place
  {
    let before = bytes.prefix(offset)
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let lineStart = (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
    // Continuation bytes (10xxxxxx) do not begin a character.
    let column = before[lineStart...].count { $0 & 0xC0 != 0x80 } + 1
    return Place(origin, line: line, column: column)
  }

  private mutating func next() throws(Stopped) -> YAMLEvent {
    do {
      return try events.next()
    } catch {
      let place =
        error.byte.map { YAMLTree.place(ofByte: $0, in: bytes, origin) }
        ?? Place(origin, line: error.line, column: error.column)
      problems.add(
        place, "",
        "not valid YAML: \(error.message)",
        hint: error.message.contains("cannot start any token")
          ? "indent with spaces, not tabs, and quote texts that start with %, @ or `"
          : "")
      throw Stopped()
    }
  }

  private mutating func document() throws(Stopped) -> Node {
    var root: Node?
    while true {
      let event = try next()
      switch event.kind {
      case .streamEnd:
        // An empty file is allowed: everything has its default.
        return root ?? Node(.null, at: Place(origin, line: 1, column: 1))
      case .documentStart:
        if root != nil {
          problems.add(
            place(of: event), "", "a second document starts here",
            hint: "a configuration is one document; remove the --- line")
          throw Stopped()
        }
      default:
        root = try node(event, path: "", depth: 1)
      }
    }
  }

  private func place(of event: YAMLEvent) -> Place {
    Place(origin, line: event.line, column: event.column)
  }

  private mutating func node(_ event: YAMLEvent, path: String, depth: Int) throws(Stopped) -> Node {
    let place = place(of: event)
    guard depth <= YAMLTree.maximumDepth else {
      problems.add(place, "", "nested deeper than \(YAMLTree.maximumDepth) levels")
      throw Stopped()
    }
    var refused = false
    if event.hasAnchor {
      problems.add(place, path, "anchors (&name) are not allowed", hint: "write the value itself")
      refused = true
    }
    if event.hasTag {
      problems.add(place, path, "tags (!name) are not allowed", hint: "write the value without it")
      refused = true
    }
    let content: Node.Content
    var isQuoted = false
    switch event.kind {
    case .scalar(let text, let plain):
      isQuoted = !plain
      content = plain && Node.isNull(text) ? .null : .scalar(text)
    case .sequenceStart:
      content = try sequence(path: path, depth: depth)
    case .mappingStart:
      content = try mapping(path: path, depth: depth)
    default:
      problems.add(place, path, "aliases (*name) are not allowed", hint: "write the value itself")
      content = .refused
    }
    var node = Node(refused ? .refused : content, at: place)
    node.isQuoted = isQuoted
    return node
  }

  private mutating func sequence(path: String, depth: Int) throws(Stopped) -> Node.Content {
    var elements: [Node] = []
    while true {
      let event = try next()
      if case .sequenceEnd = event.kind { return .sequence(elements) }
      elements.append(try node(event, path: "\(path)[\(elements.count)]", depth: depth + 1))
    }
  }

  private mutating func mapping(path: String, depth: Int) throws(Stopped) -> Node.Content {
    var members: [Node.Member] = []
    var lines: [String: Int] = [:]
    while true {
      let event = try next()
      if case .mappingEnd = event.kind { return .mapping(members) }
      let place = place(of: event)
      let key = try node(event, path: path, depth: depth + 1)
      var name: String?
      switch key.content {
      case .scalar(let text): name = text
      case .refused: break
      case .null: problems.add(place, path, "a key is missing before the colon")
      case .sequence, .mapping: problems.add(place, path, "a key must be a single word")
      }
      // A secret may have been written as a key in place of a reference, so such keys are not shown.
      let shownName = SecretRules.isReference(path) ? nil : name
      let memberPath = shownName.map { KeyPathText.joined(path, $0) } ?? path
      let value = try node(try next(), path: memberPath, depth: depth + 1)
      guard let name else { continue }
      if let first = lines[name] {
        problems.add(
          place, memberPath, "given twice", hint: "it is already on line \(first); keep one")
        continue
      }
      lines[name] = place.line
      members.append(Node.Member(key: name, place: place, value: value))
    }
  }
}
