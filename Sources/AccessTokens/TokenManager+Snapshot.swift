package import Memory

/// A token that another process of this gateway fetched. Times are of the monotonic clock, which all processes of a
/// machine share.
package struct HandedToken: Sendable {
  package let secret: SecretBytes
  /// The first four bytes of the text's SHA-256.
  package let fingerprint: UInt32
  /// Monotonic nanoseconds just before the request for it was sent.
  package let requestedAt: Int64
  /// Monotonic nanoseconds from which it must not be sent any more.
  package let usableUntil: Int64

  package init(secret: SecretBytes, fingerprint: UInt32, requestedAt: Int64, usableUntil: Int64) {
    self.secret = secret
    self.fingerprint = fingerprint
    self.requestedAt = requestedAt
    self.usableUntil = usableUntil
  }

  package init(_ token: PublishedToken) {
    self.init(
      secret: token.secret, fingerprint: token.fingerprint, requestedAt: token.requestedAt,
      usableUntil: token.usableUntil)
  }
}

extension TokenManager {
  /// Takes the token of `slot` from another process. It was granted for the secret that the app uses.
  package mutating func handedOver(
    _ slot: TokenSlot, _ token: HandedToken, at now: Int64, random: UInt64
  ) -> [TokenAction] {
    let decided = machines[slot.index].handedOver(token, at: now, random: random)
    guard !decided.isEmpty else { return [] }
    let app = slots[slot].app
    notes[slot.index].secretGeneration = rotations[app].generation
    notes[slot.index].isShared = false
    // The secret has worked, so it is not in doubt when the next fetch fails.
    _ = rotations[app].succeeded(slot, secret: rotations[app].generation)
    touchedApps.insert(app)
    return run(slot, decided, at: now)
  }
}

extension Int64 {
  /// The difference, clamped to the range.
  func subtractingClamped(_ other: Int64) -> Int64 {
    let (difference, overflows) = subtractingReportingOverflow(other)
    return overflows ? (other < 0 ? .max : .min) : difference
  }
}
