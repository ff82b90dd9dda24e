/// The admin pages that take parameters: each closure gets the query and answers it, on the admin server's
/// thread, without blocking.
package struct AdminActions: Sendable {
  /// The tokens: `app` and `scope` filter, `format` chooses.
  package var tokens: @Sendable (AdminQuery) -> AdminAnswer
  /// Has tokens fetched anew, those that `app` and `scope` name, or `all`.
  package var renewTokens: @Sendable (AdminQuery) -> AdminAnswer
  /// Forgets tokens, named as for `renewTokens`.
  package var dropTokens: @Sendable (AdminQuery) -> AdminAnswer
  /// What would happen to a call.
  package var explain: @Sendable (AdminQuery) -> AdminAnswer

  /// The jobs that callers have waited for.
  package var jobs: @Sendable (AdminQuery) -> AdminAnswer = { _ in .json("{\"jobs\":[]}\n") }
  /// The modes that an operator has set.
  package var modes: @Sendable (AdminQuery) -> AdminAnswer = { _ in .json("{\"modes\":[]}\n") }
  /// Sets one: `mode`, `caller` or `app`, `for`, `fleet`. With `fleet` it may block.
  package var setMode: @Sendable (AdminQuery) -> AdminAnswer = { _ in .json("{\"modes\":[]}\n") }
  /// Takes away the modes whose time is over: what they are, as queries that would end them, and nanoseconds until the
  /// next one ends; nil when none will.
  package var endModes: @Sendable () -> (ended: [String], next: Int64?) = { ([], nil) }

  /// Ends the pauses of the app that `app` names.
  package var resume: @Sendable (AdminQuery) -> AdminAnswer = { _ in .notFound("There is no app.") }
  /// The configuration in force.
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

  /// Nothing behind the pages: for tests of the others.
  package static let none = AdminActions(
    tokens: { _ in .json("{}\n") }, renewTokens: { _ in .json("{}\n") },
    dropTokens: { _ in .json("{}\n") }, explain: { _ in .json("{}\n") })
}

/// How one of them answers.
package enum AdminAnswer: Sendable {
  case json(String)
  case table(String)
  /// 400: the query asks for what cannot be; the text tells what to ask for.
  case badQuery(String)
  /// 422: what was asked for cannot be done, and nothing has changed; the text tells all that is wrong.
  case refused(String)
  /// 404: what it names is not there; the text tells what is.
  case notFound(String)
  /// 503: it takes something that is not there at the moment, and nothing has changed.
  case unavailable(String)
}
