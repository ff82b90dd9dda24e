package import AccessTokens

/// Which tokens an operator means: those of an app, those with a scope, both, or all.
package struct TokenSelection {
  let app: String?
  let scope: String?
  /// Keys too that nobody has needed so far.
  let wantsAll: Bool

  package init(app: String?, scope: String?, wantsAll: Bool) {
    self.app = app
    self.scope = scope
    self.wantsAll = wantsAll
  }

  package var isEmpty: Bool { app == nil && scope == nil && !wantsAll }

  /// Why nothing can be meant by it, and what can; nil when something can.
  package func problem(in listing: TokenListing) -> String? {
    if let app, !listing.appsInForce.contains(where: { $0.app.name == app }) {
      return "Unknown app \(app). Apps: "
        + listing.appsInForce.map(\.app.name).joined(separator: ", ") + "."
    }
    if let scope, !listing.keys.contains(where: { selects($0, in: listing) }) {
      return "No operation of \(app ?? "any app") uses a token with the scope \(scope); "
        + "scorm-gateway tokens --all lists the scopes."
    }
    return nil
  }

  /// Whether `key` has this app and scope: one of its scopes, or all of them as listed.
  func selects(_ key: TokenRecord, in listing: TokenListing) -> Bool {
    if let app, listing.apps[key.app].name != app { return false }
    guard let scope else { return true }
    return key.scopes == scope || key.scopes.split(separator: " ").contains { $0 == scope }
  }

  /// The keys to list: without ``wantsAll`` only those that somebody has needed.
  func listed(of listing: TokenListing) -> [TokenRecord] {
    listing.keys.filter { selects($0, in: listing) && (wantsAll || $0.hasHistory) }
  }

  /// The keys to change: those that are in use or hold something, and one that is named by its scope.
  package func changed(of listing: TokenListing) -> [TokenRecord] {
    listing.keys.filter { key in
      selects(key, in: listing) && (scope != nil || key.state != .empty || key.isUsed)
    }
  }
}

extension TokenRecord {
  /// Whether anything has happened to it since the start.
  var hasHistory: Bool { state != .empty || !fetches.isEmpty || uses > 0 }
}
