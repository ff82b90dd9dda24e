package import AccessTokens
internal import JSONText

/// The answer to an operator who renewed or dropped tokens: which ones were changed.
package struct ChangedTokens {
  private let listing: TokenListing
  private let keys: [TokenRecord]
  /// What was done: `renewed` or `dropped`.
  private let done: String

  package init(_ keys: [TokenRecord], of listing: TokenListing, _ done: String) {
    self.keys = keys
    self.listing = listing
    self.done = done
  }

  /// The tokens as JSON, for scripts.
  package var json: String {
    let rows = keys.map {
      "{\"app\":\(listing.apps[$0.app].name.quotedAsJSON),\"scope\":\($0.scopes.quotedAsJSON)}"
    }
    return "{\"\(done)\":[\(rows.joined(separator: ","))]}\n"
  }

  /// The tokens as text, for people.
  package var table: String {
    guard !keys.isEmpty else { return "no tokens are being \(done): none are held or needed\n" }
    let names = keys.map { "\(listing.apps[$0.app].name) \($0.scopes)" }
    return "being \(done):\n  " + names.joined(separator: "\n  ") + "\n"
  }
}
