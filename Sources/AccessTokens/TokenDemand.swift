/// Whoever fetches tokens, as seen from an event loop. The answers come through the ``TokenStore``, with a
/// wake-up.
package protocol TokenDemand: Sendable {
  /// Asks for a token of `slot`. Calls that come while a fetch is under way share it. Never blocks.
  func need(_ slot: TokenSlot)
  /// The upstream refused the token of that generation: a fresh one is wanted, and with `withdraws` nobody is
  /// served with this one meanwhile. A newer one is left alone. Never blocks.
  func rejected(_ slot: TokenSlot, generation: UInt32, withdraws: Bool)
  /// The upstream refused (401) to `operation` the Basic credential of the app at `app`, made of the secret of that
  /// generation. Never blocks.
  func basicRefused(app: Int, operation: UInt8, generation: UInt32)
}
