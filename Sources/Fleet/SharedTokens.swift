/// A request to the store from the thread that fetches tokens. Tokens are sealed in both directions.
package struct SharedTokenQuestion: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// Looks for a token. The answer contains the ticket.
    case look(ticket: UInt64)
    /// - Parameters:
    ///   - mark: Identifies the token for gateways that have it.
    ///   - life: Nanoseconds until it expires.
    ///   - fresh: Nanoseconds until no gateway takes it any more.
    case put(sealed: String, mark: String, life: Int64, fresh: Int64)
    /// No gateway may take the token with this mark any more.
    case drop(mark: String)
    /// This gateway no longer fetches the token.
    case release
  }

  package var kind: Kind
  /// The key after the prefix.
  package var name: String

  package init(_ kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }
}

/// The answer to ``SharedTokenQuestion/Kind/look(ticket:)``.
package enum SharedTokenAnswer: Equatable, Sendable {
  /// - Parameters:
  ///   - remaining: Nanoseconds until it expires, from `askedAt`.
  ///   - askedAt: Monotonic nanoseconds.
  case found(sealed: String, remaining: Int64, askedAt: Int64)
  /// Another gateway is fetching one; a further answer follows.
  case another
  /// This gateway must fetch it.
  case yours
  /// The store is unreachable, or the key has a value of another program.
  case away
}
