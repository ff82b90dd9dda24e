/// What fetches tokens, as event loops see it. Results arrive through the ``TokenStore``, with a wake-up.
package protocol TokenDemand: Sendable {
  /// Requests a token of `slot`. Requests during a fetch share its result. Never blocks.
  func need(_ slot: TokenSlot)
  /// Reports that the upstream refused the token of this generation: a fresh one is needed. With `withdraws`, no call
  /// uses this token until then. A newer token is not affected. Never blocks.
  func rejected(_ slot: TokenSlot, generation: UInt32, withdraws: Bool)
  /// Reports that the upstream refused (401) the Basic credential of the app at `app` for `operation`. The credential
  /// contained the secret of this generation. Never blocks.
  func basicRefused(app: Int, operation: UInt8, generation: UInt32)
}
