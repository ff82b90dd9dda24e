/// What the thread that fetches tokens wants of the store. Tokens come sealed, and go sealed.
package struct SharedTokenQuestion: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    /// Is there one to take? The answer names the ticket.
    case look(ticket: UInt64)
    /// - Parameters:
    ///   - mark: names the token to those who have it.
    ///   - life: nanoseconds until it ends.
    ///   - fresh: nanoseconds until nobody takes it any more.
    case put(sealed: String, mark: String, life: Int64, fresh: Int64)
    /// The token with this mark is not to be taken any more.
    case drop(mark: String)
    /// It is not being fetched any more.
    case release
  }

  package var kind: Kind
  /// The key behind the prefix.
  package var name: String

  package init(_ kind: Kind, name: String) {
    self.kind = kind
    self.name = name
  }
}

/// What the store says to ``SharedTokenQuestion/Kind/look(ticket:)``.
package enum SharedTokenAnswer: Equatable, Sendable {
  /// - Parameters:
  ///   - remaining: nanoseconds until it ends, from `askedAt`.
  ///   - askedAt: monotonic nanoseconds.
  case found(sealed: String, remaining: Int64, askedAt: Int64)
  /// Another gateway fetches one; a further answer follows.
  case another
  /// This gateway is to fetch it.
  case yours
  /// The store is away, or another program's value stands there.
  case away
}
