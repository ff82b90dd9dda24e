package import HTTPMessages

/// An exchange of many fetches: the pages of a list, or the states of a job, of which its caller gets one answer.
///
/// Nothing of an answer goes to the caller before all of it was read, so a fetch may be repeated whatever has become of
/// the one before.
extension ExchangeStateMachine {
  /// The final answer's head is there, and the gateway reads the body itself.
  package mutating func answerTaken() {
    switch phase {
    case .forwarding: phase = .readingAnswer
    default: ExchangeStateMachine.illegal("answerTaken")
    }
  }

  /// The fetch is over, or did not come about, and another one follows. Waits end with it.
  package mutating func fetchEnded(at now: Int64) {
    switch phase {
    case .planning, .collectingBody, .answering, .resending, .finished:
      ExchangeStateMachine.illegal("fetchEnded")
    case .betweenFetches: break
    case .awaitingQuota, .awaitingToken, .awaitingConnection, .forwarding, .readingAnswer:
      finished(at: now)
      (phase, since) = (.betweenFetches, 0)
    }
  }

  /// Another fetch begins: it has attempts, refusals and interim answers of its own.
  package mutating func fetchBegins() {
    switch phase {
    case .betweenFetches:
      answeredAttempts = attempts
      refusedAddresses = 0
      wasRefused = false
      interimAnswers = 0
    default: ExchangeStateMachine.illegal("fetchBegins")
    }
  }

  /// The fetches from here on ask for something else than the caller did, and nothing of its body goes with them; or, at
  /// the end, the exchange is told of as the caller's own call once more.
  package mutating func asks(_ method: HTTPMethod) {
    switch phase {
    case .betweenFetches, .finished:
      self.method = method
      bodyHasBegun = false
      keepsBody = false
    default: ExchangeStateMachine.illegal("asks")
    }
  }

  /// What its caller asks for waits: first another call is made, without a body.
  package mutating func countBegins() {
    switch phase {
    case .planning:
      method = .get
      requestIsComplete = true
      bodyIsCollected = true
    default: ExchangeStateMachine.illegal("countBegins")
    }
  }

  /// That is over, or has failed: from here on it is its caller's own call, of which the body was not read yet.
  package mutating func ownCallFollows(_ method: HTTPMethod, hasBody: Bool) {
    switch phase {
    case .collectingBody, .answering, .resending, .finished:
      ExchangeStateMachine.illegal("ownCallFollows")
    case .planning, .awaitingQuota, .awaitingToken, .awaitingConnection, .forwarding,
      .readingAnswer,
      .betweenFetches:
      self.method = method
      requestIsComplete = !hasBody
      bodyIsCollected = !hasBody
    }
  }

  /// What was read of the answer goes to the caller after all, and the rest of it as it comes.
  package mutating func answerGivenBack() {
    switch phase {
    case .readingAnswer: phase = .forwarding
    default: ExchangeStateMachine.illegal("answerGivenBack")
    }
  }

  /// What was kept of the body has been sent once more: the caller sends on, or the answer is waited for.
  package mutating func resent() {
    switch phase {
    case .resending: phase = .forwarding
    default: ExchangeStateMachine.illegal("resent")
    }
  }

  /// The upstream answers before it has got what was kept of the body: nothing more of it is sent.
  package mutating func answeredWhileResending() {
    switch phase {
    case .resending:
      phase = .forwarding
      requestIsComplete = false
      keepsBody = false
      bodyHasBegun = true
    default: ExchangeStateMachine.illegal("answeredWhileResending")
    }
  }

  /// A part of the final answer goes to the caller: from now on no other can be given.
  package mutating func partSent() {
    switch phase {
    case .betweenFetches: hasAnswered = true
    default: ExchangeStateMachine.illegal("partSent")
    }
  }
}
