/// Tokens that gateways share.
extension TokenManager {
  /// Whether a token of another gateway is acceptable for `slot`.
  package func mayShare(_ slot: TokenSlot, secret: UInt32) -> Bool {
    let rotation = rotations[slots[slot].app]
    return !notes[slot.index].needsOwn && rotation.generation == secret && !rotation.isRefused
      && !rotation.isProbing && basicChecks[slots[slot].app].slot != slot
  }

  /// The current token of `slot`.
  package func token(of slot: TokenSlot) -> PublishedToken? { machines[slot.index].token }
}
