package import HTTPMessages

/// An exchange of several fetches, such as the pages of a list or the states of a job, whose caller gets one answer.
///
/// No part of an answer is sent to the caller before all of it was read, so a fetch can be repeated whatever happened
/// to the previous one.
extension ExchangeStateMachine {
  /// The final answer's head has arrived, and the gateway reads the body itself.
  package mutating func answerTaken() {
    switch phase {
    case .forwarding: phase = .readingAnswer
    default: ExchangeStateMachine.illegal("answerTaken")
    }
  }

  /// The fetch is over, or never started, and another one follows. Its waits end with it.
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

  /// Another fetch begins. Attempts, refusals and interim answers are counted from zero.
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

  /// Sets the method of the fetches that follow, if it is not the caller's; they carry no body of the caller. At the
  /// end it sets the caller's own method again, for the log.
  package mutating func asks(_ method: HTTPMethod) {
    switch phase {
    case .betweenFetches, .finished:
      self.method = method
      bodyHasBegun = false
      keepsBody = false
    default: ExchangeStateMachine.illegal("asks")
    }
  }

  /// The caller's own call waits: another call, without a body, is made first.
  package mutating func countBegins() {
    switch phase {
    case .planning:
      method = .get
      requestIsComplete = true
      bodyIsCollected = true
    default: ExchangeStateMachine.illegal("countBegins")
    }
  }

  /// That other call is over or has failed. What follows is the caller's own call, whose body has not been read yet.
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

  /// The part of the answer that was read is passed on to the caller after all, and the rest as it arrives.
  package mutating func answerGivenBack() {
    switch phase {
    case .readingAnswer: phase = .forwarding
    default: ExchangeStateMachine.illegal("answerGivenBack")
    }
  }

  /// The kept part of the body has been sent again: the caller continues sending, or the answer is awaited.
  package mutating func resent() {
    switch phase {
    case .resending: phase = .forwarding
    default: ExchangeStateMachine.illegal("resent")
    }
  }

  /// The upstream answers before it received all of the kept body: no more of the body is sent.
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

  /// A part of the final answer goes to the caller. From now on no other answer can be given.
  package mutating func partSent() {
    switch phase {
    case .betweenFetches: hasAnswered = true
    default: ExchangeStateMachine.illegal("partSent")
    }
  }
}
