extension Operation {
  /// Whether its scopes may turn out to be too little, so that others are worth trying: SCORM Cloud does not
  /// publish them, they follow from a pattern or are guessed.
  ///
  /// An operation of which nothing is known does not count. It goes with Basic from the start, and there is
  /// nothing above that.
  package var hasDoubtfulScope: Bool {
    !scopes.isEmpty && !certainty.isPublished && certainty != .unknown
  }

  /// The scopes that are left to try, least privileged first, when a token with `tried` was refused.
  package func furtherScopes(beyond tried: ScopeList) -> [Scope] {
    scopes.filter { !tried.contains($0) }
  }
}
