/// How tokens are shared with other gateways.
package struct TokenShareFigures: Equatable, Sendable {
  /// Names the key that they are sealed with, to compare with other gateways.
  package var keyMark: String
  /// Tokens that another gateway had fetched.
  package var taken: UInt64 = 0
  /// Tokens that were put for others.
  package var put: UInt64 = 0
  /// Looks while the store was not connected.
  package var away: UInt64 = 0
  /// Looks that had no answer in time.
  package var late: UInt64 = 0
  /// Tokens that could not be opened, or are no tokens.
  package var unopened: UInt64 = 0
  /// Tokens that the upstream has refused, and that nobody takes any more.
  package var withdrawn: UInt64 = 0

  package init(keyMark: String) { self.keyMark = keyMark }
}
