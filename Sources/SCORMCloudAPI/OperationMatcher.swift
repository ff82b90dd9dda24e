internal import Memory

/// What a method and a path mean in the API.
package enum OperationMatch: Sendable, Equatable {
  /// The operation with this index in `OperationTable.all`.
  case operation(UInt8)
  /// A path of the API that does not support this method, with the methods it supports.
  case methodNotAllowed(MethodSet)
  /// Not a path of the API.
  case unknown
  /// A segment percent-encodes a literal of the API (`/%63ourses`). An upstream that decodes before it routes would
  /// take it for a different operation than the gateway does, so it must not be forwarded.
  case encodedLiteral
}

/// Finds the operation that a request names in the whole API.
///
/// Literal segments take precedence over parameters, as in `PUT /courses/tags`. If a literal leads to no operation for
/// the method, the parameter is tried, so `GET /courses/tags` is the course named "tags". Matching reads the raw bytes,
/// decodes nothing that it returns, and allocates nothing. It does not check dot segments: `..` is a segment like any
/// other here, and must be refused beforehand.
package struct OperationMatcher: Sendable {
  private let nodes: [RouteTree.Node]
  private let literals: [RouteTree.Literal]

  /// Builds the tree of all operations. Do this once.
  package init() {
    let tree = RouteTree(OperationTable.all)
    nodes = tree.nodes
    literals = tree.literals
  }

  /// What `method` on `path` means.
  ///
  /// - Parameters:
  ///   - method: `nil` for a method that the API does not use.
  ///   - path: The raw path below the base path, without query: `/courses/a%2Fb`. Segments are not empty,
  ///     so neither `/` nor a path with a trailing slash is an operation.
  package func match(_ method: OperationMethod?, path: RawSpan) -> OperationMatch {
    // slashes[k] is the offset of the slash before segment k; after the last segment, the path's end.
    var slashes = InlineArray<7, Int>(repeating: 0)
    var count = 0
    var offset = 0
    guard path.byteCount > 0, path[0] == 0x2F else { return .unknown }
    while offset < path.byteCount {
      guard count < RouteTree.maximumDepth else { return .unknown }
      let next = path.firstIndex(of: 0x2F, from: offset &+ 1)
      guard next > offset &+ 1 else { return .unknown }
      count &+= 1
      slashes[count] = next
      offset = next
    }

    // A walk down the tree, literals first. If both a literal and a parameter match a segment, the parameter is
    // remembered and tried if the literal leads nowhere: at most once at each depth.
    var pending = InlineArray<6, Candidate>(repeating: Candidate(node: 0, depth: 0))
    var pendingCount = 0
    var known: MethodSet = []
    var at = Candidate(node: 0, depth: 0)
    while true {
      let parameter = nodes[at.node].parameter
      if at.depth == count {
        if let method {
          let index = nodes[at.node].operations[Int(method.rawValue)]
          if index != RouteTree.noOperation { return .operation(index) }
        }
        known.formUnion(nodes[at.node].methods)
      } else {
        switch literalChild(of: at.node, path, slashes[at.depth] &+ 1, slashes[at.depth &+ 1]) {
        case .child(let child):
          if parameter != 0 {
            pending[pendingCount] = Candidate(node: parameter, depth: at.depth &+ 1)
            pendingCount &+= 1
          }
          at = Candidate(node: child, depth: at.depth &+ 1)
          continue
        case .encoded:
          return .encodedLiteral
        case .none:
          if parameter != 0 {
            at = Candidate(node: parameter, depth: at.depth &+ 1)
            continue
          }
        }
      }
      guard pendingCount > 0 else { break }
      pendingCount &-= 1
      at = pending[pendingCount]
    }
    return known.isEmpty ? .unknown : .methodNotAllowed(known)
  }

  /// A node, reached by the segments before `depth`.
  private struct Candidate {
    var node: Int
    var depth: Int
  }

  private enum LiteralChild {
    case child(Int)
    case encoded, none
  }

  /// The literal child of `node` that the segment `start..<end` names, unencoded or percent-encoded.
  private func literalChild(
    of node: Int, _ path: RawSpan, _ start: Int, _ end: Int
  ) -> LiteralChild {
    let first = nodes[node].firstLiteral
    let behind = first &+ nodes[node].literalCount
    if first == behind { return .none }
    if let key = SegmentKey(path, start, end), let child = child(key, first, behind) {
      return .child(child)
    }
    if let key = SegmentKey(decoding: path, start, end), child(key, first, behind) != nil {
      return .encoded
    }
    return .none
  }

  private func child(_ key: SegmentKey, _ first: Int, _ behind: Int) -> Int? {
    var i = first
    while i < behind {
      if literals[i].segment == key { return literals[i].child }
      i &+= 1
    }
    return nil
  }
}
