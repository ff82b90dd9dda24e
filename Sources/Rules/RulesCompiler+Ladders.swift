internal import AccessTokens
internal import Configuration
internal import Forwarding
internal import SCORMCloudAPI

/// What is tried when a scope proves to be too little.
extension RulesCompiler {
  /// The scopes that a token for `operation` has at first; nil when they are fixed, whatever it needs.
  static func firstScopes(
    of operation: Operation, _ least: Scope, _ tokens: TokenSettings
  ) -> ScopeList? {
    switch tokens.scopes {
    case .exact: ScopeList(least)
    case .service: operation.serviceScopes
    case .fixed: nil
    }
  }

  /// The ladders of the app at `index`, whose operations begin with `credentials`.
  ///
  /// With `exact` and `service` an operation whose scope is not published has the first credential, then each
  /// scope it lists beyond that, by itself, then Basic. With `fixed` the operator has decided: no ladder.
  func ladders(
    of index: Int, _ tokens: TokenSettings, _ credentials: [CredentialChoice],
    _ slots: inout TokenSlotTable
  ) throws(TokenSlotTable.Refusal) -> ScopeLadders {
    var ladders = ScopeLadders()
    for operation in OperationTable.all where operation.hasDoubtfulScope {
      let first = credentials[Int(operation.index)]
      guard case .token = first, let least = operation.scopes.first,
        let tried = RulesCompiler.firstScopes(of: operation, least, tokens)
      else { continue }
      var rungs = [first]
      for scope in operation.furtherScopes(beyond: tried) {
        rungs.append(.token(try slots.slot(for: index, scopes: scope.name.description)))
      }
      rungs.append(.basic)
      ladders.set(rungs, for: operation.index)
    }
    return ladders
  }
}
