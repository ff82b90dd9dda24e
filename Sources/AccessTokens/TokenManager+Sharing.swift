/// Tokens that gateways take from each other.
extension TokenManager {
  /// Whether a token of another gateway does for `slot`.
  package func mayShare(_ slot: TokenSlot, secret: UInt32) -> Bool {
    let rotation = rotations[slots[slot].app]
    return !notes[slot.index].needsOwn && rotation.generation == secret && !rotation.isRefused
      && !rotation.isProbing && basicChecks[slots[slot].app].slot != slot
  }

  /// The token that `slot` has.
  package func token(of slot: TokenSlot) -> PublishedToken? { machines[slot.index].token }
}
