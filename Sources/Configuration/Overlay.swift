/// Overlays values from the environment and the command line on the file's tree.
///
/// Every key with one word or a list of words has a variable, except in the lists of apps, callers and limits. In
/// `listen`, the variables set the first entry. `upstream.connectTimeout` is `SCORM_GATEWAY_UPSTREAM_CONNECT_TIMEOUT`;
/// underscores within the path are optional.
struct Overlay {
  static let prefix = "SCORM_GATEWAY_"

  /// A key whose value can be overlaid.
  struct Target {
    /// The keys from the root. The first element of a list is ``first``.
    let steps: [Step]
    let isList: Bool

    /// The key path, such as `listen[0].address`.
    var path: String {
      steps.reduce("") { path, step in
        switch step {
        case .first: "\(path)[0]"
        case .key(let key): KeyPathText.joined(path, key)
        }
      }
    }

    /// The variable's documented name.
    var variable: String {
      let words = steps.compactMap { step in
        if case .key(let key) = step { KeyPathText.upperSnake(key) } else { nil }
      }
      return Overlay.prefix + words.joined(separator: "_")
    }
  }

  enum Step: Sendable {
    case key(String)
    case first
  }

  /// All keys that have a variable.
  static let targets: [Target] = targets(of: Schema.root, below: [])

  private static func targets(of schema: SectionSchema, below steps: [Step]) -> [Target] {
    schema.keys.flatMap { key -> [Target] in
      let path = steps + [.key(key.name)]
      switch key.kind {
      case .scalar: return [Target(steps: path, isList: false)]
      case .words: return [Target(steps: path, isList: true)]
      case .section(let inner): return targets(of: inner, below: path)
      case .sections(let inner):
        return key.name == "listen" ? targets(of: inner, below: path + [.first]) : []
      case .reference: return []
      }
    }
  }

  /// The value that the environment gives the key at `path`, under any spelling of the variable's name; nil if it is
  /// not set.
  static func value(of path: String, in environment: Environment) -> String? {
    guard let target = targets.first(where: { $0.path == path }) else { return nil }
    let wanted = normalized(target.variable)
    for name in environment.names.sorted() where normalized(name) == wanted {
      if let value = environment.value(name) { return value }
    }
    return nil
  }

  static func normalized(_ name: String) -> String {
    name.uppercased().filter { $0 != "_" && $0 != "." }
  }

  /// Overlays the variables of `environment` on `root`, except those in `referenced`, which the file refers to.
  static func apply(
    _ environment: Environment, to root: inout Node, referenced: Set<String>,
    _ problems: inout ProblemList
  ) {
    let names = environment.names.filter { $0.hasPrefix(prefix) }.sorted()
    if names.isEmpty { return }
    var byName: [String: Target] = [:]
    for target in targets { byName[normalized(target.variable)] = target }
    var used: [String: String] = [:]
    for name in names {
      guard !referenced.contains(name), let value = environment.value(name) else { continue }
      let place = Place(.environment(name))
      let key = normalized(name)
      guard let target = byName[key] else {
        if ServiceVariable.isOne(name.dropFirst(prefix.count), value: value) { continue }
        problems.add(
          place, "", "unknown setting",
          hint: hint(for: name))
        continue
      }
      if let other = used[key] {
        problems.add(
          place, target.path, "set twice", hint: "\(other) means the same key; unset one")
        continue
      }
      used[key] = name
      set(node(value, for: target, at: place), at: target.steps[...], in: &root)
    }
  }

  /// Overlays `overrides` on `root`: values by key path, where `listen.address` is the first listener's.
  static func apply(
    _ overrides: [String: String], to root: inout Node, _ problems: inout ProblemList
  ) {
    let place = Place(.commandLine)
    for (path, value) in overrides.sorted(by: { $0.key < $1.key }) {
      let wanted = path.replacing("[0]", with: "")
      guard
        let target = targets.first(where: { $0.path.replacing("[0]", with: "") == wanted })
      else {
        problems.add(
          place, KeyPathText.shown(path), "unknown key",
          hint: ClosestName.hint(for: path, among: targets.map(\.path)))
        continue
      }
      set(node(value, for: target, at: place), at: target.steps[...], in: &root)
    }
  }

  private static func node(_ value: String, for target: Target, at place: Place) -> Node {
    guard target.isList else { return .plain(value, at: place) }
    let words = value.split { $0 == "," || $0 == " " }.map { Node(.scalar(String($0)), at: place) }
    return Node(.sequence(words), at: place)
  }

  /// Sets `value` at `steps` and creates missing groups. A value of the wrong kind on the path is left alone, because
  /// decoding reports it.
  private static func set(_ value: Node, at steps: ArraySlice<Step>, in node: inout Node) {
    guard let step = steps.first else {
      node = value
      return
    }
    let rest = steps.dropFirst()
    if case .null = node.content {
      node = Node(step.isFirst ? .sequence([]) : .mapping([]), at: value.place)
    }
    var child = Node(.null, at: value.place)
    switch (step, node.content) {
    case (.first, .sequence(var elements)):
      if let first = elements.first { child = first }
      set(value, at: rest, in: &child)
      if elements.isEmpty { elements.append(child) } else { elements[0] = child }
      node.content = .sequence(elements)
    case (.key(let key), .mapping(var members)):
      let index = members.firstIndex { $0.key == key }
      if let index { child = members[index].value }
      set(value, at: rest, in: &child)
      if let index {
        members[index].value = child
      } else {
        members.append(Node.Member(key: key, place: value.place, value: child))
      }
      node.content = .mapping(members)
    default: break
    }
  }
}

extension Overlay.Step {
  fileprivate var isFirst: Bool { if case .first = self { true } else { false } }
}
