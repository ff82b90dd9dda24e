internal import Memory

/// The templates of all operations as a tree of segments, in two flat arrays. A node's literal children are next to
/// each other in `literals`.
struct RouteTree {
  /// The most segments of a template. A path with more is not an operation.
  static let maximumDepth = 6
  /// Means "no operation" where an operation's index is expected.
  static let noOperation = UInt8.max

  /// The paths that have the same segments up to here.
  struct Node {
    /// Where the literal children begin in `literals`.
    var firstLiteral = 0
    var literalCount = 0
    /// The child that matches any segment; 0, the root, if there is none.
    var parameter = 0
    /// The operation for each method, by the method's raw value. `HEAD` is the `GET` operation if the API has no
    /// separate `HEAD`: RFC 9110 section 9.1 requires both of every server.
    var operations = InlineArray<5, UInt8>(repeating: noOperation)
    /// The methods that have an operation in `operations`.
    var methods: MethodSet = []
  }

  /// A child that matches one segment only.
  struct Literal {
    var segment: SegmentKey
    var child: Int
  }

  private(set) var nodes: [Node] = []
  private(set) var literals: [Literal] = []

  /// Builds the tree of `operations`, each of which is at its `index`.
  init(_ operations: [Operation]) {
    let draft = operations.reduce(into: Draft()) { draft, operation in
      let template = Array(operation.template.description.utf8)
      let depth = template.count { $0 == UInt8(ascii: "/") }
      precondition(depth <= RouteTree.maximumDepth, "a template is too deep")
      draft.insert(template, from: 0, operation)
    }
    _ = place(draft)
  }

  /// Copies `draft` and everything below it to the arrays. The root comes first.
  private mutating func place(_ draft: Draft) -> Int {
    let position = nodes.count
    var node = Node()
    for operation in draft.operations {
      node.operations[Int(operation.method.rawValue)] = operation.index
      node.methods.insert(MethodSet(operation.method))
    }
    if node.methods.contains(.get), !node.methods.contains(.head) {
      node.operations[Int(OperationMethod.head.rawValue)] =
        node.operations[Int(OperationMethod.get.rawValue)]
      node.methods.insert(MethodSet(.head))
    }
    nodes.append(node)
    // Children are placed first, so that this node's literals are next to each other.
    // The busiest branch is compared first.
    let children = draft.literals.sorted { $0.draft.weight > $1.draft.weight }
      .map { Literal(segment: $0.segment, child: place($0.draft)) }
    nodes[position].firstLiteral = literals.count
    nodes[position].literalCount = children.count
    literals += children
    if let parameter = draft.parameter.first { nodes[position].parameter = place(parameter) }
    return position
  }

  /// The tree while it is built, before it is laid out flat.
  private struct Draft {
    var operations: [Operation] = []
    var literals: [(segment: SegmentKey, draft: Draft)] = []
    /// At most one.
    var parameter: [Draft] = []
    /// Number of operations here or below.
    var weight = 0

    /// Inserts an operation. `start` is the offset of the slash before the segment, or the template's end. Uses bytes
    /// instead of characters, because the tree is built at every start.
    mutating func insert(_ template: [UInt8], from start: Int, _ operation: Operation) {
      weight += 1
      guard start < template.count else { return operations.append(operation) }
      var end = start + 1
      while end < template.count, template[end] != UInt8(ascii: "/") { end += 1 }
      if template[start + 1] == UInt8(ascii: "{") {
        if parameter.isEmpty { parameter.append(Draft()) }
        return parameter[0].insert(template, from: end, operation)
      }
      guard let key = SegmentKey(template.span.bytesOfElements, start + 1, end) else {
        preconditionFailure("a literal segment is too long")
      }
      let position =
        literals.firstIndex { $0.segment == key }
        ?? {
          literals.append((key, Draft()))
          return literals.count - 1
        }()
      literals[position].draft.insert(template, from: end, operation)
    }
  }
}
