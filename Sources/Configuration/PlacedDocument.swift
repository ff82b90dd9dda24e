/// A YAML or JSON file that is not a configuration, with the places of its values: a seed of the sandbox.
package struct PlacedDocument: Sendable {
  /// The maximum size of such a file in bytes: a snapshot of about 100,000 registrations.
  package static let maximumSize = 64 << 20

  package indirect enum Value: Sendable {
    case null
    /// A scalar, and whether it is in quotes.
    case scalar(String, isQuoted: Bool)
    case list([Value])
    case group([(key: String, value: Value)])
  }

  package enum Step: Sendable, Equatable {
    case member(String)
    case element(Int)
  }

  private let file: String
  private let root: Node

  /// Reads the file at `path`.
  ///
  /// - Throws: every problem of the file as YAML.
  package init(path: String) throws(ConfigurationError) {
    var problems = ProblemList()
    var parsed: Node?
    do {
      let contents = try FileContents(path: path, limit: PlacedDocument.maximumSize)
      parsed = YAMLTree.parse(
        contents.bytes, file: path, limit: PlacedDocument.maximumSize, &problems)
    } catch {
      problems.add(Place(.file(path)), "", "not readable: \(error.reason)")
    }
    guard let parsed, problems.isEmpty else { throw problems.error }
    file = path
    root = parsed
  }

  package var value: Value { PlacedDocument.value(root) }

  private static func value(_ node: Node) -> Value {
    switch node.content {
    case .null, .refused: .null
    case .scalar(let text): .scalar(text, isQuoted: node.isQuoted)
    case .sequence(let nodes): .list(nodes.map(value))
    case .mapping(let members): .group(members.map { ($0.key, value($0.value)) })
    }
  }

  /// Makes a problem about the value at `path`. Its place in the file is that of the value, or of the last value on the
  /// path that exists.
  package func problem(at path: [Step], keyPath: String, _ message: String) -> Problem {
    var node = root
    var place = root.place
    for step in path {
      switch (step, node.content) {
      case (.member(let name), .mapping(let members)):
        guard let member = members.first(where: { $0.key == name }) else { break }
        place = member.place
        node = member.value
        continue
      case (.element(let index), .sequence(let nodes)) where nodes.indices.contains(index):
        node = nodes[index]
        place = node.place
        continue
      default: break
      }
      break
    }
    return Problem(at: place, keyPath: keyPath, message: message)
  }
}
