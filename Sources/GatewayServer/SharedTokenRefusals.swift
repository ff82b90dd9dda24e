package import AccessTokens
internal import Synchronization

/// One ``TokenRefusals`` for all event loops. Only a call that was refused takes the lock.
package final class SharedTokenRefusals: Sendable {
  private let refusals = Mutex(TokenRefusals())

  /// Forgets what was learnt about `slots`, which mean something else from now on.
  package func startOver(_ slots: [TokenSlot]) {
    refusals.withLock { refusals in
      for slot in slots { refusals.forget(slot) }
    }
  }

  func refused(
    _ slot: TokenSlot, operation: UInt8, _ refusal: TokenRefusals.Refusal, at now: Int64
  ) -> TokenRefusals.Verdict {
    refusals.withLock { $0.refused(slot, operation: operation, refusal, at: now) }
  }

  func mayRenew(_ slot: TokenSlot, operation: UInt8, at now: Int64) -> Bool {
    refusals.withLock { $0.mayRenew(slot, operation: operation, at: now) }
  }

  func worked(_ slot: TokenSlot, operation: UInt8) {
    refusals.withLock { $0.worked(slot, operation: operation) }
  }
}
