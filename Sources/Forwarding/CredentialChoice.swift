package import AccessTokens

/// Which credential a call to the upstream carries.
package enum CredentialChoice: Sendable, Equatable {
  /// A Bearer token with exactly the scopes of this slot.
  case token(TokenSlot)
  /// The app's id and secret key: for operations of the catalogue whose scope is not known, and for the token
  /// endpoints.
  case basic
  /// Nothing: for the one operation that a browser follows directly.
  case none

  /// As named in the log, `explain` and rehearsals.
  package var name: StaticString {
    switch self {
    case .token: "token"
    case .basic: "basic"
    case .none: "none"
    }
  }
}

/// The tokens for paths that are not in the catalogue. Basic is never used for them: what the upstream does with such a
/// path is not known, and the secret key must not be sent there.
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
