extension Operation {
  /// Whether its scopes may turn out to be insufficient, so that others are worth trying: SCORM Cloud does not publish
  /// them, and they follow from a pattern or are guessed.
  ///
  /// False for an operation about which nothing is known. It uses Basic from the start, and nothing allows more.
  package var hasDoubtfulScope: Bool {
    !scopes.isEmpty && !certainty.isPublished && certainty != .unknown
  }

  /// The scopes that are left to try, least privileged first, after a token with `tried` was refused.
  package func furtherScopes(beyond tried: ScopeList) -> [Scope] {
    scopes.filter { !tried.contains($0) }
  }
}
