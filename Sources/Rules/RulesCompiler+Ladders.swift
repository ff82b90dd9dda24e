internal import AccessTokens
internal import Configuration
internal import Forwarding
internal import SCORMCloudAPI

/// The credentials to try if a scope turns out to be insufficient.
extension RulesCompiler {
  /// The first scopes of a token for `operation`; nil if scopes are fixed, whatever it needs.
  static func firstScopes(
    of operation: Operation, _ least: Scope, _ tokens: TokenSettings
  ) -> ScopeList? {
    switch tokens.scopes {
    case .exact: ScopeList(least)
    case .service: operation.serviceScopes
    case .fixed: nil
    }
  }

  /// The ladders of the app at `index`, whose operations start with `credentials`.
  ///
  /// With `exact` and `service`, an operation whose scope is not published has the first credential, then each further
  /// scope that it lists, one by one, then Basic. With `fixed` the operator has decided, so there is no ladder.
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
