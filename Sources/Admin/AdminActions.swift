/// The admin pages that take parameters. Each closure gets the query and answers it on the admin server's thread. It
/// must not block, except ``setMode`` with `fleet`.
package struct AdminActions: Sendable {
  /// Lists the tokens: `app` and `scope` filter, `format` selects the form.
  package var tokens: @Sendable (AdminQuery) -> AdminAnswer
  /// Fetches new tokens for those that `app`, `scope` or `all` select.
  package var renewTokens: @Sendable (AdminQuery) -> AdminAnswer
  /// Drops tokens, selected as for `renewTokens`.
  package var dropTokens: @Sendable (AdminQuery) -> AdminAnswer
  /// Explains what would happen to a call.
  package var explain: @Sendable (AdminQuery) -> AdminAnswer

  /// Lists the jobs that callers have waited for.
  package var jobs: @Sendable (AdminQuery) -> AdminAnswer = { _ in .json("{\"jobs\":[]}\n") }
  /// Lists the modes that an operator has set.
  package var modes: @Sendable (AdminQuery) -> AdminAnswer = { _ in .json("{\"modes\":[]}\n") }
  /// Sets a mode: `mode`, `caller` or `app`, `for`, `fleet`. With `fleet` it may block.
  package var setMode: @Sendable (AdminQuery) -> AdminAnswer = { _ in .json("{\"modes\":[]}\n") }
  /// Ends the modes whose time is over. Returns them as queries that would end them, and the nanoseconds until the next
  /// one ends; nil if none will.
  package var endModes: @Sendable () -> (ended: [String], next: Int64?) = { ([], nil) }

  /// Ends the pauses of the app that `app` names.
  package var resume: @Sendable (AdminQuery) -> AdminAnswer = { _ in .notFound("There is no app.") }
  /// Shows the configuration in force.
  package var configuration: @Sendable (AdminQuery) -> AdminAnswer = { _ in .json("{}\n") }
  /// Reads the configuration again.
  package var reload: @Sendable (AdminQuery) -> AdminAnswer = { _ in
    .refused("There is no configuration file to reload.")
  }

  package init(
    tokens: @escaping @Sendable (AdminQuery) -> AdminAnswer,
    renewTokens: @escaping @Sendable (AdminQuery) -> AdminAnswer,
    dropTokens: @escaping @Sendable (AdminQuery) -> AdminAnswer,
    explain: @escaping @Sendable (AdminQuery) -> AdminAnswer
  ) {
    self.tokens = tokens
    self.renewTokens = renewTokens
    self.dropTokens = dropTokens
    self.explain = explain
  }

  /// Placeholders, for tests of other pages.
  package static let none = AdminActions(
    tokens: { _ in .json("{}\n") }, renewTokens: { _ in .json("{}\n") },
    dropTokens: { _ in .json("{}\n") }, explain: { _ in .json("{}\n") })
}

/// The answer to a query.
package enum AdminAnswer: Sendable {
  case json(String)
  case table(String)
  /// 400: the query cannot be answered. The text says what to ask for.
  case badQuery(String)
  /// 422: the request cannot be carried out, and nothing has changed. The text lists everything that is wrong.
  case refused(String)
  /// 404: what the query names does not exist. The text lists what does.
  case notFound(String)
  /// 503: something needed is unavailable at the moment, and nothing has changed.
  case unavailable(String)
}
