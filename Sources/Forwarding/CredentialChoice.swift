package import AccessTokens

/// Which credential a call to the upstream carries.
package enum CredentialChoice: Sendable, Equatable {
  /// A Bearer token with just the scopes of this slot.
  case token(TokenSlot)
  /// The app's id and secret: for operations whose scope nobody knows, and for the token endpoints.
  case basic
  /// Nothing: the one operation that a browser follows by itself.
  case none
}
