internal import Memory

/// The HTTP methods that the API uses.
package enum OperationMethod: UInt8, CaseIterable, Sendable {
  case get, head, post, put, delete

  /// The method spelled by `token`, which is case-sensitive (RFC 9110 section 9.1); `nil` for a method
  /// that no operation uses.
  package init?(_ token: RawSpan) {
    switch token.byteCount {
    case 3 where token.equals("GET"): self = .get
    case 3 where token.equals("PUT"): self = .put
    case 4 where token.equals("POST"): self = .post
    case 4 where token.equals("HEAD"): self = .head
    case 6 where token.equals("DELETE"): self = .delete
    default: return nil
    }
  }

  /// The method as written in a request line.
  package var name: StaticString {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    }
  }
}

/// The methods that a path answers to.
package struct MethodSet: OptionSet, Sendable, Hashable {
  /// One bit for each method, at the position of its raw value.
  package var rawValue: UInt8

  package init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The set of one method.
  package init(_ method: OperationMethod) { self.init(rawValue: 1 << method.rawValue) }

  /// Whether `method` is in the set.
  package func contains(_ method: OperationMethod) -> Bool { contains(MethodSet(method)) }

  /// The value of an `Allow` field (RFC 9110 section 10.2.1): `GET, HEAD, POST`.
  package var allowField: String {
    OperationMethod.allCases.filter(contains).map(\.name.description).joined(separator: ", ")
  }
}
