package import Memory

/// A token as an endpoint has just granted it.
package struct AccessToken: Sendable {
  /// The token text, checked against the `b64token` rule.
  package let secret: SecretBytes
  /// First four bytes of the text's SHA-256: what logs and listings show in its place.
  package let fingerprint: UInt32
  /// Nanoseconds of life, counted from before the request was sent; above 0.
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
  /// Counts the tokens of one slot, from 1. An upstream's refusal names the generation it refused, so
  /// that a late refusal cannot evict the token that replaced it.
  package let generation: UInt32
  /// Monotonic nanoseconds just before the request for it was sent.
  package let requestedAt: Int64
  /// Monotonic nanoseconds from which it must not be sent any more: its end less the safety margin.
  package let usableUntil: Int64
  /// Finds it in answers.
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
  /// The same grant: the secret is compared by identity, never by content.
  package static func == (a: Self, b: Self) -> Bool {
    a.secret === b.secret && a.generation == b.generation && a.fingerprint == b.fingerprint
      && a.requestedAt == b.requestedAt && a.usableUntil == b.usableUntil
  }
}

/// What is published about one slot.
package struct TokenEntry: Equatable, Sendable {
  /// The token to send, if there is one.
  package var token: PublishedToken?
  /// Why the last fetch failed. Without a token, callers are refused with it at once; beside a token it
  /// says that renewing fails while the old one is still served.
  package var failure: TokenFailure?

  package init(token: PublishedToken? = nil, failure: TokenFailure? = nil) {
    self.token = token
    self.failure = failure
  }

  /// Nothing known: whoever needs the token asks for it and waits.
  package static var empty: TokenEntry { TokenEntry() }
}
