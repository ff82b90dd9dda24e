import Testing

@testable import SCORMCloudAPI

/// A slow and plain implementation of the matching rules, with strings, recursion and the templates themselves. The
/// matcher must agree with it on every path.
struct ReferenceMatcher {
  private struct Route {
    let segments: [String]
    let method: String
    let index: UInt8
  }

  private let routes: [Route]

  init() {
    var routes: [Route] = []
    for operation in OperationTable.all {
      routes.append(
        Route(
          segments: operation.template.description.split(separator: "/").map(String.init),
          method: operation.method.name.description, index: operation.index))
    }
    // HEAD is treated as GET if the API has no HEAD for the same template.
    let heads = Set(routes.filter { $0.method == "HEAD" }.map(\.segments))
    routes += routes.filter { $0.method == "GET" && !heads.contains($0.segments) }
      .map { Route(segments: $0.segments, method: "HEAD", index: $0.index) }
    self.routes = routes
  }

  func match(_ method: String?, _ path: String) -> OperationMatch {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 2, parts[0].isEmpty, parts.count <= 7,
      !parts.dropFirst().contains("")
    else { return .unknown }
    var allowed: MethodSet = []
    let result = descend(routes, Array(parts.dropFirst()), 0, method, &allowed)
    return result ?? (allowed.isEmpty ? .unknown : .methodNotAllowed(allowed))
  }

  /// `routes` all agree in the first `depth` segments.
  private func descend(
    _ routes: [Route], _ path: [String], _ depth: Int, _ method: String?,
    _ allowed: inout MethodSet
  ) -> OperationMatch? {
    if routes.isEmpty { return nil }
    if depth == path.count {
      let ends = routes.filter { $0.segments.count == depth }
      if let hit = ends.first(where: { $0.method == method }) { return .operation(hit.index) }
      for method in OperationMethod.allCases
      where ends.contains(where: { $0.method == method.name.description }) {
        allowed.insert(MethodSet(method))
      }
      return nil
    }
    let deeper = routes.filter { $0.segments.count > depth }
    let literal = deeper.filter { $0.segments[depth] == path[depth] }
    if let found = descend(literal, path, depth + 1, method, &allowed) { return found }
    let decoded = Self.percentDecoded(path[depth])
    if decoded != Array(path[depth].utf8),
      deeper.contains(where: {
        Array($0.segments[depth].utf8) == decoded && !isParameter($0, depth)
      })
    {
      return .encodedLiteral
    }
    let parameter = deeper.filter { isParameter($0, depth) }
    return descend(parameter, path, depth + 1, method, &allowed)
  }

  private func isParameter(_ route: Route, _ depth: Int) -> Bool {
    route.segments[depth].hasPrefix("{")
  }

  static func percentDecoded(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == UInt8(ascii: "%"), digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit),
        digits.allSatisfy(\.isASCII), let value = UInt8(digits, radix: 16)
      {
        result.append(value)
        rest = rest.dropFirst(2)
      } else {
        result.append(byte)
      }
    }
    return result
  }
}
