package import AccessTokens

/// The tokens that an operator selects: those of an app, those with a scope, both, or all.
package struct TokenSelection {
  let app: String?
  let scope: String?
  /// Whether tokens that no call has needed so far are selected too.
  let wantsAll: Bool

  package init(app: String?, scope: String?, wantsAll: Bool) {
    self.app = app
    self.scope = scope
    self.wantsAll = wantsAll
  }

  package var isEmpty: Bool { app == nil && scope == nil && !wantsAll }

  /// Why the selection can match nothing, and what could match; nil if it is valid.
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

  /// Whether `key` has this app and this scope: one of its scopes, or all of them as listed.
  func selects(_ key: TokenRecord, in listing: TokenListing) -> Bool {
    if let app, listing.apps[key.app].name != app { return false }
    guard let scope else { return true }
    return key.scopes == scope || key.scopes.split(separator: " ").contains { $0 == scope }
  }

  /// The tokens to list: without ``wantsAll`` only those that were needed.
  func listed(of listing: TokenListing) -> [TokenRecord] {
    listing.keys.filter { selects($0, in: listing) && (wantsAll || $0.hasHistory) }
  }

  /// The tokens to change: those that are in use or hold something. With a scope, also unused ones.
  package func changed(of listing: TokenListing) -> [TokenRecord] {
    listing.keys.filter { key in
      selects(key, in: listing) && (scope != nil || key.state != .empty || key.isUsed)
    }
  }
}

extension TokenRecord {
  /// Whether anything has happened to the token since the start.
  var hasHistory: Bool { state != .empty || !fetches.isEmpty || uses > 0 }
}
