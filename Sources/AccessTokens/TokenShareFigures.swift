/// How tokens are shared with other gateways.
package struct TokenShareFigures: Equatable, Sendable {
  /// Identifies the key that seals them, for comparison with other gateways.
  package var keyMark: String
  /// Tokens taken that another gateway had fetched.
  package var taken: UInt64 = 0
  /// Tokens stored for other gateways.
  package var put: UInt64 = 0
  /// Lookups while the store was not connected.
  package var away: UInt64 = 0
  /// Lookups that were not answered in time.
  package var late: UInt64 = 0
  /// Tokens that could not be unsealed, or were not tokens.
  package var unopened: UInt64 = 0
  /// Tokens that the upstream has refused and no gateway takes any more.
  package var withdrawn: UInt64 = 0

  package init(keyMark: String) { self.keyMark = keyMark }
}
