extension Operation {
  /// The scopes of a token that this service's operations of the same access share: for operators who
  /// prefer few tokens, one to read a service and one to change it.
  ///
  /// That is `read:course` for a reading operation and `write:course delete:course` for a changing one, as
  /// far as published, followed by whatever other scopes of a service the catalogue lists for this
  /// operation. An operation whose least scope belongs to no service (`admin`, `read`) gets just that.
  /// The operation's own least scope is always among them. Empty when it takes no token.
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
  /// `course` of `read:course`; `nil` for a scope that holds for every service.
  fileprivate var serviceName: String? {
    let parts = name.description.split(separator: ":")
    return parts.count == 2 ? String(parts[1]) : nil
  }
}
