package import Memory

/// A token just granted by an endpoint.
package struct AccessToken: Sendable {
  /// The token's text, which conforms to the `b64token` rule.
  package let secret: SecretBytes
  /// The first four bytes of the text's SHA-256. Logs and listings show it instead of the text.
  package let fingerprint: UInt32
  /// Lifetime in nanoseconds, above 0, counted from before the request was sent.
  package let lifetime: Int64

  package init(secret: SecretBytes, fingerprint: UInt32, lifetime: Int64) {
    self.secret = secret
    self.fingerprint = fingerprint
    self.lifetime = lifetime
  }
}

/// A token in use, as the state machine publishes it.
package struct PublishedToken: Sendable {
  package let secret: SecretBytes
  package let fingerprint: UInt32
  /// Counts the tokens of one slot, from 1. An upstream's refusal gives the generation that it refused, so a late
  /// refusal cannot evict the token that replaced it.
  package let generation: UInt32
  /// Monotonic nanoseconds just before the request for it was sent.
  package let requestedAt: Int64
  /// Monotonic nanoseconds from which it must not be sent any more: its expiry minus the safety margin.
  package let usableUntil: Int64
  /// Finds the token in answers.
  let search: CredentialSearch

  package init(
    secret: SecretBytes, fingerprint: UInt32, generation: UInt32, requestedAt: Int64,
    usableUntil: Int64
  ) {
    self.secret = secret
    self.fingerprint = fingerprint
    self.generation = generation
    self.requestedAt = requestedAt
    self.usableUntil = usableUntil
    search = CredentialSearch([secret])
  }
}

extension PublishedToken: Equatable {
  /// Whether both are the same grant. Secrets are compared by identity, never by content.
  package static func == (a: Self, b: Self) -> Bool {
    a.secret === b.secret && a.generation == b.generation && a.fingerprint == b.fingerprint
      && a.requestedAt == b.requestedAt && a.usableUntil == b.usableUntil
  }
}

/// What is published about one slot.
package struct TokenEntry: Equatable, Sendable {
  /// The token to send, if there is one.
  package var token: PublishedToken?
  /// Why the last fetch failed. Without a token, callers are refused with this failure immediately. With a token,
  /// renewal fails while the old token is still in use.
  package var failure: TokenFailure?

  package init(token: PublishedToken? = nil, failure: TokenFailure? = nil) {
    self.token = token
    self.failure = failure
  }

  /// Nothing is known: a call that needs the token requests it and waits.
  package static var empty: TokenEntry { TokenEntry() }
}
