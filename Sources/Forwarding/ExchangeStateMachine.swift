package import HTTPMessages

/// Where one exchange stands, and what is done next. Events go in with the time they happened at, one action comes
/// out; it knows no socket, clock or buffer.
///
/// ```
/// planning ─→ awaitingQuota ─→ awaitingToken ─→ collectingBody ─→ awaitingConnection ─→ forwarding ─→ answering
///     └─────────────┴────────────────┴────────────────┴──────────────────┴───────────────────┴───────────┴─→ finished
/// ```
///
/// It goes back from `forwarding` when the request is made again: to `awaitingConnection` after a connection broke
/// (``RetryRule``), to `awaitingToken` after a credential was refused. From `answering` there is no way back: the
/// caller has seen a part of the answer.
///
/// An event that cannot happen in a state is a mistake of the shell: it traps in debug builds, and changes nothing
/// in release builds.
@usableFromInline package struct ExchangeStateMachine: ~Copyable {
  /// A state by its name.
  @usableFromInline package enum Phase: UInt8, CaseIterable, Sendable {
    /// Its head is there; the planner, then the limits, have not decided yet.
    case planning
    /// A limit makes it wait for its turn.
    case awaitingQuota
    /// The credential is looked up, or is a token that is not there yet.
    case awaitingToken
    /// Its body, or the beginning of a long one, is read before an upstream connection is taken: a slow sender
    /// holds up only itself, and a short body can be sent again.
    case collectingBody
    /// No upstream connection is ready yet.
    case awaitingConnection
    /// The request's head was handed to an upstream connection.
    case forwarding
    /// Some byte of a final answer was sent to the caller.
    case answering
    case finished
  }

  /// What the shell does next.
  @usableFromInline package enum Action: Equatable, Sendable {
    /// Nothing: another event will come.
    case wait
    case waitForToken
    case findCredential
    case collectBody
    case takeConnection
    case sendRequest
    /// Send the request again over a fresh connection.
    case retry
    /// Answer with the gateway's own error: nothing was sent to the caller yet.
    case answerError
    /// The caller has seen a part of an answer: cut its connection, visibly.
    case abortCaller
    case passOn
    /// An interim answer that is ours to give, or that the caller has seen or cannot read.
    case dropAnswer
    /// Interim answers keep coming, or one that was not asked for.
    case refuseAnswer
  }

  /// Interim answers passed on for one request: RFC 9110 section 15.2 sets no bound, so we do.
  package static let interimLimit: UInt8 = 16

  @usableFromInline package internal(set) var phase = Phase.planning
  /// Since when it waits for a token, or in the queue for a connection; 0 while it does not queue. The phase is kept
  /// apart from it, not as its payload, so that asking for a phase costs one load: it is asked with every event.
  @usableFromInline var since: Int64 = 0
  private var method = HTTPMethod.other
  private var isHTTP10 = false
  /// The request's last body byte was handed on.
  @usableFromInline package internal(set) var requestIsComplete = false
  /// Bytes of the request's body were handed on, and are not at hand any more.
  @usableFromInline package internal(set) var bodyHasBegun = false
  /// What was to be collected of the body is there.
  @usableFromInline var bodyIsCollected = false
  @usableFromInline var interimAnswers: UInt8 = 0
  /// The current attempt has brought an interim answer: the upstream has seen the request.
  @usableFromInline var hasInterimAnswer = false
  /// The attempt whose interim answers the caller has seen; 0 for none.
  @usableFromInline var hintedIn: UInt16 = 0
  /// Upstream requests made.
  @usableFromInline package internal(set) var attempts: UInt16 = 0
  /// Attempts that were answered, with a refusal that led to another one: no failures for ``RetryRule``.
  @usableFromInline var answeredAttempts: UInt16 = 0
  /// The upstream refused the credential at hand once already.
  @usableFromInline package internal(set) var wasRefused = false
  /// It was refused for its scope, or might have been, and tries further ones.
  @usableFromInline package internal(set) var hasClimbed = false
  /// It was refused and goes up with another credential: what becomes of that is worth knowing.
  @usableFromInline package internal(set) var hasToProve = false
  /// Nanoseconds it has waited for tokens.
  @usableFromInline package internal(set) var tokenWait: Int64 = 0
  /// Nanoseconds it has waited for limits and in the queue for a connection.
  @usableFromInline package internal(set) var queueWait: Int64 = 0

  package init() {}

  // MARK: What can be asked

  /// More of the request's body is to be read. An answer that has begun changes nothing about that: an
  /// upstream may answer while it reads.
  @inlinable package var wantsBody: Bool {
    !requestIsComplete && (phase == .collectingBody || isUpstream)
  }

  /// Some byte of a final answer was sent to the caller.
  @inlinable package var answerHasBegun: Bool { phase == .answering }

  /// An upstream connection carries it.
  @inlinable package var isUpstream: Bool { phase == .forwarding || phase == .answering }

  /// It waits for something that is neither its caller nor its answer.
  package var isWaiting: Bool {
    switch phase {
    case .awaitingQuota, .awaitingToken, .awaitingConnection: true
    default: false
    }
  }

  /// Everything of the request is at hand, to be sent again.
  package var isReplayable: Bool { requestIsComplete && !bodyHasBegun }

  /// The part of an exchange that it is in, for the log.
  package var logPhase: Termination.Phase {
    switch phase {
    case .planning: .request
    case .awaitingQuota: .queue
    case .awaitingToken: .token
    case .collectingBody: .requestBody
    case .awaitingConnection: .connect
    case .answering: .responseBody
    case .forwarding, .finished: requestIsComplete ? .responseHead : .requestBody
    }
  }

  // MARK: Events

  /// The request's head is there.
  package mutating func opened(method: HTTPMethod, isHTTP10: Bool, hasBody: Bool) {
    self.method = method
    self.isHTTP10 = isHTTP10
    requestIsComplete = !hasBody
    bodyIsCollected = !hasBody
  }

  /// A limit puts it into a queue.
  package mutating func queued() {
    switch phase {
    case .planning: phase = .awaitingQuota
    default: ExchangeStateMachine.illegal("queued")
    }
  }

  /// The limits let it pass, after `waited` nanoseconds in their queues.
  @inlinable @inline(__always)
  package mutating func admitted(waited: Int64, at now: Int64) -> Action {
    switch phase {
    case .planning, .awaitingQuota:
      queueWait += waited
      (phase, since) = (.awaitingToken, now)
      return .findCredential
    default:
      ExchangeStateMachine.illegal("admitted")
      return .wait
    }
  }

  /// Its credential was looked up: it is a token that is asked for now.
  package mutating func credentialMissing() -> Action {
    switch phase {
    case .awaitingToken: return .waitForToken
    default:
      ExchangeStateMachine.illegal("credentialMissing")
      return .wait
    }
  }

  /// Its credential is at hand.
  @inlinable @inline(__always)
  package mutating func credentialFound(at now: Int64) -> Action {
    switch phase {
    case .awaitingToken:
      tokenWait += now - since
      (phase, since) = (bodyIsCollected ? .awaitingConnection : .collectingBody, 0)
      return bodyIsCollected ? .takeConnection : .collectBody
    default:
      ExchangeStateMachine.illegal("credentialFound")
      return .wait
    }
  }

  /// The body is there, or as much of it as is collected.
  package mutating func bodyCollected(isComplete: Bool) -> Action {
    switch phase {
    case .collectingBody:
      if isComplete { requestIsComplete = true }
      bodyIsCollected = true
      (phase, since) = (.awaitingConnection, 0)
      return .takeConnection
    default:
      ExchangeStateMachine.illegal("bodyCollected")
      return .wait
    }
  }

  /// No connection is free: it waits in the queue for one.
  package mutating func connectionQueued(at now: Int64) {
    switch phase {
    case .awaitingConnection:
      if since == 0 { since = now }
    default: ExchangeStateMachine.illegal("connectionQueued")
    }
  }

  /// An upstream connection is ready for it. `hasCredential` is false when its token has ended meanwhile: nothing
  /// was sent with it that cannot be sent again.
  @inlinable @inline(__always)
  package mutating func connectionReady(hasCredential: Bool, at now: Int64) -> Action {
    switch phase {
    case .awaitingConnection:
      if since != 0 { queueWait += now - since }
      guard hasCredential else {
        (phase, since) = (.awaitingToken, now)
        return .findCredential
      }
      phase = .forwarding
      attempts += 1
      hasInterimAnswer = false
      return .sendRequest
    default:
      ExchangeStateMachine.illegal("connectionReady")
      return .wait
    }
  }

  /// Body bytes were handed on, the last ones among them when `isComplete`.
  package mutating func bodyForwarded(isComplete: Bool) {
    switch phase {
    case .forwarding, .answering: break
    default:
      ExchangeStateMachine.illegal("bodyForwarded")
      return
    }
    bodyHasBegun = true
    if isComplete { requestIsComplete = true }
  }

  /// A 1xx answer arrived.
  package mutating func interimAnswerReceived(status: Int) -> Action {
    switch phase {
    case .forwarding: break
    default:
      ExchangeStateMachine.illegal("interimAnswerReceived")
      return .refuseAnswer
    }
    interimAnswers += 1
    hasInterimAnswer = true
    // We never ask to switch protocols (RFC 9110 section 7.8).
    if status == 101 || interimAnswers > ExchangeStateMachine.interimLimit { return .refuseAnswer }
    // 100 is ours to say, and HTTP/1.0 has no interim answers.
    if status == 100 || isHTTP10 { return .dropAnswer }
    // A request that is made again brings the same hints again.
    if hintedIn != 0, hintedIn != attempts { return .dropAnswer }
    hintedIn = attempts
    return .passOn
  }

  /// The final answer's head goes to the caller, or more of its body.
  @inlinable @inline(__always)
  package mutating func answerSent() {
    switch phase {
    case .forwarding, .answering: phase = .answering
    default: ExchangeStateMachine.illegal("answerSent")
    }
  }

  /// The upstream connection failed or ended too early.
  package mutating func upstreamFailed(_ failure: UpstreamFailure) -> Action {
    switch phase {
    case .answering: return .abortCaller
    case .forwarding:
      let attempt = RetryRule.Attempt(
        method: method, number: Int(attempts - answeredAttempts), wasReused: failure.wasReused,
        wroteBytes: failure.wroteBytes,
        receivedBytes: failure.receivedBytes || hasInterimAnswer, isReplayable: !bodyHasBegun)
      guard failure.mayRetry, RetryRule.allowsRetry(after: attempt) else {
        return .answerError
      }
      (phase, since) = (.awaitingConnection, 0)
      return .retry
    default:
      ExchangeStateMachine.illegal("upstreamFailed")
      return .answerError
    }
  }

  /// The upstream refused the credential (401). `mayHelp`: another one can be had.
  package mutating func credentialRefused(mayHelp: Bool, at now: Int64) -> Action {
    switch phase {
    case .forwarding:
      guard isReplayable, !wasRefused, mayHelp else {
        return .answerError
      }
      wasRefused = true
      hasToProve = true
      (phase, since) = (.awaitingToken, now)
      return .waitForToken
    default:
      ExchangeStateMachine.illegal("credentialRefused")
      return .answerError
    }
  }

  /// The credential may do too little, say the upstream or the token endpoint: another one is tried
  /// (``ClimbRule``).
  package mutating func climbed(at now: Int64) -> Action {
    switch phase {
    case .forwarding: (phase, since) = (.awaitingToken, now)
    case .awaitingToken: break
    default:
      ExchangeStateMachine.illegal("climbed")
      return .wait
    }
    hasClimbed = true
    hasToProve = true
    answeredAttempts = attempts
    // Another token, which has a first refusal of its own to come.
    wasRefused = false
    return .findCredential
  }

  /// It cannot be served to its end, whatever the reason: whether the caller can still be told.
  package mutating func failed() -> Action {
    switch phase {
    case .answering: return .abortCaller
    default: return .answerError
    }
  }

  /// Whatever it was doing, it is over. Waits end with it.
  @inlinable @inline(__always)
  package mutating func finished(at now: Int64) {
    switch phase {
    case .awaitingToken: tokenWait += now - since
    case .awaitingConnection where since != 0: queueWait += now - since
    default: break
    }
    phase = .finished
  }

  /// `event` came in a state in which it cannot, which stays as it is.
  @usableFromInline @inline(never)
  static func illegal(_ event: StaticString) {
    assertionFailure("an exchange cannot meet `\(event)` here")
  }
}

/// What is known of an attempt whose upstream connection failed.
package struct UpstreamFailure: Sendable {
  /// The connection had carried a request before.
  package var wasReused: Bool
  /// Some byte of the request may have left.
  package var wroteBytes: Bool
  /// Some byte of an answer arrived.
  package var receivedBytes: Bool
  /// It is not the answer that is wrong.
  package var mayRetry: Bool

  package init(wasReused: Bool, wroteBytes: Bool, receivedBytes: Bool, mayRetry: Bool) {
    self.wasReused = wasReused
    self.wroteBytes = wroteBytes
    self.receivedBytes = receivedBytes
    self.mayRetry = mayRetry
  }
}
