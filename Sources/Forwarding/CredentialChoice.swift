package import AccessTokens

/// Which credential a call to the upstream carries.
package enum CredentialChoice: Sendable, Equatable {
  /// A Bearer token with just the scopes of this slot.
  case token(TokenSlot)
  /// The app's id and secret: for operations of the catalogue whose scope nobody knows, and for the token
  /// endpoints.
  case basic
  /// Nothing: the one operation that a browser follows by itself.
  case none

  /// As log, `explain` and rehearsals tell it.
  package var name: StaticString {
    switch self {
    case .token: "token"
    case .basic: "basic"
    case .none: "none"
    }
  }
}

/// The tokens for paths that are not in the catalogue. Never Basic: nobody knows what the upstream makes of such a
/// path, and the secret must not go there.
package struct UnknownCredential: Sendable, Equatable {
  /// For GET and HEAD.
  package var reads: TokenSlot
  /// For every other method.
  package var writes: TokenSlot

  package init(reads: TokenSlot, writes: TokenSlot) {
    self.reads = reads
    self.writes = writes
  }
}
