extension Operation {
  /// The scopes of a token that operations of this service with the same access share: for operators who prefer few
  /// tokens, one to read a service and one to change it.
  ///
  /// That is `read:course` for an operation that reads, and `write:course delete:course` for one that writes, as far as
  /// they are published, followed by other scopes of a service that the catalogue lists for this operation. An
  /// operation whose least scope belongs to no service (`admin`, `read`) gets only that scope. The operation's own
  /// least scope is always included. Empty if it takes no token.
  package var serviceScopes: ScopeList {
    guard let least = scopes.first else { return ScopeList() }
    guard let service = least.serviceName else { return ScopeList(least) }
    var result = ScopeList()
    for verb in access == .read ? ["read"] : ["write", "delete"] {
      if let scope = Scope(name: verb + ":" + service) { result = result.adding(scope) }
    }
    for scope in scopes where scope.serviceName != nil { result = result.adding(scope) }
    return result
  }
}

extension Scope {
  /// `course` of `read:course`; `nil` for a scope that applies to every service.
  fileprivate var serviceName: String? {
    let parts = name.description.split(separator: ":")
    return parts.count == 2 ? String(parts[1]) : nil
  }
}
