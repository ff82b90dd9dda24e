package import HTTPMessages

/// Where one exchange stands, and what is done next. Events go in with the time they happened at, one action comes
/// out; it knows no socket, clock or buffer.
///
/// ```
/// planning ─→ awaitingQuota ─→ awaitingToken ─→ collectingBody ─→ awaitingConnection ─→ forwarding ─→ answering
///     └─────────────┴────────────────┴────────────────┴──────────────────┴───────────────────┴───────────┴─→ finished
/// ```
///
/// An exchange of many fetches (`ExchangeStateMachine+Fetches.swift`) goes from `forwarding` to `readingAnswer`, to
/// `betweenFetches`, and from there once more to the limits.
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
    /// An answer is read by the gateway itself: a page of a list.
    case readingAnswer
    /// Another fetch follows, after a while: when its caller has read what it got, or some time has passed.
    case betweenFetches
    /// What was kept of its body is sent once more, before the caller sends on.
    case resending
    case finished
  }

  /// What the shell does next. Each has its function in the relay, which brings the event that follows.
  @usableFromInline package enum Action: Equatable, Sendable {
    /// Nothing: another event will come.
    case wait
    case requireCredential
    case waitForToken
    case collectBody
    case takeConnection
    /// Connect to the next address.
    case connect
    /// Take a connection that carried no request before.
    case connectAfresh
    case sendRequest
    /// The same, and what was kept of its body after that.
    case resendRequest
  }

  /// What the shell does when something failed.
  @usableFromInline package enum FailureAction: Equatable, Sendable {
    case tryAgain(Action)
    /// Answer with the gateway's own error: nothing was sent to the caller yet.
    case answerError
    /// The caller has seen a part of an answer: cut its connection, visibly.
    case abortCaller
  }

  /// What becomes of an interim answer.
  @usableFromInline package enum InterimAction: Equatable, Sendable {
    case passOn
    /// It is ours to give, or the caller has seen it or cannot read it.
    case drop
    /// Interim answers keep coming, or it was not asked for.
    case refuse
  }

  /// What becomes of the rest of the request when its answer begins.
  @usableFromInline package enum AnswerAction: Equatable, Sendable {
    /// There is no rest.
    case relay
    /// The upstream answers while it reads on.
    case relayWhileReading
    /// Nobody needs the rest, but the caller may have to send all of it before it reads.
    case relayAndDropRest
  }

  /// What it means that the caller has let its deadline pass.
  @usableFromInline package enum CallerLateness: Equatable, Sendable {
    /// Another deadline ends this wait.
    case wait
    case tokenTimedOut
    case connectionTimedOut
    case callerIsSlow
  }

  /// What it means that the upstream has let its deadline pass.
  @usableFromInline package enum UpstreamLateness: Equatable, Sendable {
    /// It takes more of the request: it gets more time.
    case extend
    case connectTimedOut
    /// It is the caller that keeps it waiting.
    case callerIsSlow
    case answerTimedOut
  }

  /// Interim answers passed on for one request: RFC 9110 section 15.2 sets no bound, so we do.
  package static let interimLimit: UInt8 = 16
  /// Addresses that one attempt tries.
  package static let addressLimit: UInt16 = 3

  @usableFromInline package internal(set) var phase = Phase.planning
  /// Since when it waits for a token, or in the queue for a connection; 0 while it does not queue. The phase is kept
  /// apart from it, not as its payload, so that asking for a phase costs one load: it is asked with every event.
  @usableFromInline var since: Int64 = 0
  package internal(set) var method = HTTPMethod.other
  package private(set) var isHTTP10 = false
  /// The request's last body byte was handed on.
  @usableFromInline package internal(set) var requestIsComplete = false
  /// Bytes of the request's body were handed on, and are not at hand any more.
  @usableFromInline package internal(set) var bodyHasBegun = false
  /// What was handed on of the body was kept as well.
  @usableFromInline package internal(set) var keepsBody = false
  /// What was to be collected of the body is there.
  @usableFromInline var bodyIsCollected = false
  /// Bytes of a final answer were sent to the caller, and further fetches follow.
  @usableFromInline package internal(set) var hasAnswered = false
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
  /// When the attempt under way began, its connection included; 0 for none.
  @usableFromInline package internal(set) var attemptStarted: Int64 = 0
  /// Addresses that refused a connection, since a credential was found.
  @usableFromInline var refusedAddresses: UInt16 = 0
  /// The caller's connection may carry another request after this one.
  @usableFromInline package internal(set) var keepsCaller = true
  /// What comes of the body is thrown away: the upstream refused the request before it had all of it, or the request is
  /// only rehearsed.
  @usableFromInline package internal(set) var dropsBody = false
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

  /// What is missing of the request is waited for: without it there is none.
  package var needsRest: Bool { !requestIsComplete && (!dropsBody || phase == .collectingBody) }

  /// Some byte of a final answer was sent to the caller.
  @inlinable package var answerHasBegun: Bool { phase == .answering }

  /// An upstream connection carries it.
  @inlinable package var isUpstream: Bool { phase == .forwarding || phase == .answering }

  /// It waits for something that is neither its caller nor its answer, and no byte of an answer was sent.
  package var isWaiting: Bool {
    switch phase {
    case .awaitingQuota, .awaitingToken, .awaitingConnection: !hasAnswered
    default: false
    }
  }

  /// Everything of the request is at hand, to be sent again; what its caller has not sent yet follows.
  package var isReplayable: Bool { (requestIsComplete || keepsBody) && !bodyHasBegun }

  /// The part of an exchange that it is in, for the log.
  package var logPhase: Termination.Phase {
    switch phase {
    case .planning: .request
    case .awaitingQuota: .queue
    case .awaitingToken: .token
    case .collectingBody: .requestBody
    case .awaitingConnection: .connect
    case .answering, .readingAnswer, .betweenFetches: .responseBody
    case .forwarding, .finished: requestIsComplete ? .responseHead : .requestBody
    case .resending: .requestBody
    }
  }

  // MARK: Events

  /// The request's head is there. `keepsCaller`: the caller's connection may carry another request.
  package mutating func opened(
    method: HTTPMethod, isHTTP10: Bool, hasBody: Bool, keepsCaller: Bool
  ) {
    self.keepsCaller = keepsCaller
    self.method = method
    self.isHTTP10 = isHTTP10
    requestIsComplete = !hasBody
    bodyIsCollected = !hasBody
  }

  /// The caller's connection ends with this exchange.
  @inlinable @inline(__always)
  package mutating func endsCaller() { keepsCaller = false }

  /// A limit puts it into a queue.
  package mutating func queued(at now: Int64) {
    switch phase {
    case .planning, .betweenFetches: (phase, since) = (.awaitingQuota, now)
    default: ExchangeStateMachine.illegal("queued")
    }
  }

  /// The limits let it pass, after `waited` nanoseconds in their queues.
  @inlinable @inline(__always)
  package mutating func admitted(waited: Int64, at now: Int64) -> Action {
    switch phase {
    case .planning, .awaitingQuota, .betweenFetches:
      queueWait += waited
      (phase, since) = (.awaitingToken, now)
      return .requireCredential
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

  /// It is only rehearsed: what its caller sends of the body is read and thrown away.
  package mutating func rehearsalBegins() {
    switch phase {
    case .planning: (phase, dropsBody) = (.collectingBody, !requestIsComplete)
    default: ExchangeStateMachine.illegal("rehearsalBegins")
    }
  }

  /// The body of a request that is only rehearsed has come to its end.
  package mutating func bodyDropped() {
    switch phase {
    case .collectingBody where dropsBody: (requestIsComplete, dropsBody) = (true, false)
    default: ExchangeStateMachine.illegal("bodyDropped")
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

  /// A connection is being made for it.
  package mutating func connecting(at now: Int64) {
    switch phase {
    case .awaitingConnection:
      if attemptStarted == 0 { attemptStarted = now }
    default: ExchangeStateMachine.illegal("connecting")
    }
  }

  /// No connection could be made to one of `addressCount` addresses. `mayTryNext`: another address may work where
  /// this one does not.
  package mutating func connectFailed(mayTryNext: Bool, addressCount: Int) -> FailureAction {
    switch phase {
    case .awaitingConnection:
      refusedAddresses += 1
      let limit = min(addressCount, Int(ExchangeStateMachine.addressLimit))
      return mayTryNext && Int(refusedAddresses) < limit ? .tryAgain(.connect) : .answerError
    default:
      ExchangeStateMachine.illegal("connectFailed")
      return .answerError
    }
  }

  /// The attempt under way is over.
  @inlinable @inline(__always)
  package mutating func attemptEnded() { attemptStarted = 0 }

  /// An upstream connection is ready for it. `hasCredential` is false when its token has ended meanwhile: nothing
  /// was sent with it that cannot be sent again.
  @inlinable @inline(__always)
  package mutating func connectionReady(hasCredential: Bool, at now: Int64) -> Action {
    switch phase {
    case .awaitingConnection:
      if since != 0 { queueWait += now - since }
      guard hasCredential else {
        (phase, since) = (.awaitingToken, now)
        return .requireCredential
      }
      phase = keepsBody ? .resending : .forwarding
      attempts += 1
      if attemptStarted == 0 { attemptStarted = now }
      hasInterimAnswer = false
      return keepsBody ? .resendRequest : .sendRequest
    default:
      ExchangeStateMachine.illegal("connectionReady")
      return .wait
    }
  }

  /// Body bytes were handed on, the last ones among them when `isComplete`. `isKept`: these are kept, as all before them
  /// were.
  package mutating func bodyForwarded(isComplete: Bool, isKept: Bool = false) {
    switch phase {
    case .forwarding, .answering: break
    default:
      ExchangeStateMachine.illegal("bodyForwarded")
      return
    }
    keepsBody = isKept
    if !isKept { bodyHasBegun = true }
    if isComplete { requestIsComplete = true }
  }

  /// A 1xx answer arrived.
  package mutating func interimAnswerReceived(status: Int) -> InterimAction {
    switch phase {
    case .forwarding: break
    default:
      ExchangeStateMachine.illegal("interimAnswerReceived")
      return .refuse
    }
    interimAnswers += 1
    hasInterimAnswer = true
    // We never ask to switch protocols (RFC 9110 section 7.8).
    if status == 101 || interimAnswers > ExchangeStateMachine.interimLimit { return .refuse }
    // 100 is ours to say, HTTP/1.0 has no interim answers, and none follows the beginning of a final one.
    if status == 100 || isHTTP10 || hasAnswered { return .drop }
    // A request that is made again brings the same hints again.
    if hintedIn != 0, hintedIn != attempts { return .drop }
    hintedIn = attempts
    return .passOn
  }

  /// The final answer's head is there. `endsCaller`: the caller's connection ends with it.
  @inlinable @inline(__always)
  package mutating func answerReceived(status: Int, endsCaller: Bool) -> AnswerAction {
    switch phase {
    case .forwarding:
      if endsCaller { keepsCaller = false }
      if requestIsComplete { return .relay }
      // It came before the whole request, after which no other can be found on the caller's connection.
      keepsCaller = false
      // With 2xx the upstream may be reading on. A refusal means that nothing more needs to be sent
      // (RFC 9112 section 9.5).
      guard status >= 300 else { return .relayWhileReading }
      dropsBody = true
      return .relayAndDropRest
    default:
      ExchangeStateMachine.illegal("answerReceived")
      return .relay
    }
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
  package mutating func upstreamFailed(_ failure: UpstreamFailure) -> FailureAction {
    switch phase {
    case .answering: return .abortCaller
    case .readingAnswer, .resending: return .answerError
    case .forwarding:
      let attempt = RetryRule.Attempt(
        method: method, number: Int(attempts - answeredAttempts), wasReused: failure.wasReused,
        wroteBytes: failure.wroteBytes,
        receivedBytes: failure.receivedBytes || hasInterimAnswer, isReplayable: !bodyHasBegun,
        isPartial: keepsBody && !requestIsComplete)
      guard failure.mayRetry, RetryRule.allowsRetry(after: attempt) else {
        return .answerError
      }
      (phase, since) = (.awaitingConnection, 0)
      return .tryAgain(.connectAfresh)
    default:
      ExchangeStateMachine.illegal("upstreamFailed")
      return .answerError
    }
  }

  /// The upstream refused the credential (401). `mayHelp`: another one can be had.
  package mutating func credentialRefused(mayHelp: Bool, at now: Int64) -> FailureAction {
    switch phase {
    case .forwarding:
      guard isReplayable, !wasRefused, mayHelp else {
        return .answerError
      }
      wasRefused = true
      hasToProve = true
      (phase, since) = (.awaitingToken, now)
      return .tryAgain(.waitForToken)
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
    refusedAddresses = 0
    return .requireCredential
  }

  /// It cannot be served to its end, whatever the reason: whether the caller can still be told.
  package mutating func failed() -> FailureAction {
    switch phase {
    case .answering: return .abortCaller
    default: return .answerError
    }
  }

  /// The gateway answers by itself. `endsCaller`: the caller's connection ends with it.
  package mutating func answersItself(endsCaller: Bool) {
    // What is left of the request's body is not read.
    if endsCaller || !requestIsComplete { keepsCaller = false }
  }

  /// The caller has let its deadline pass.
  package func callerIsLate() -> CallerLateness {
    switch phase {
    case .awaitingQuota: .wait
    case .awaitingToken: .tokenTimedOut
    case .awaitingConnection: .connectionTimedOut
    case .planning, .collectingBody, .forwarding, .answering, .readingAnswer, .betweenFetches,
      .resending, .finished:
      .callerIsSlow
    }
  }

  /// The upstream has let its deadline pass. `takesMore`: it has taken some of the request since the last one;
  /// `hasAll`: it has taken all there is of it.
  package func upstreamIsLate(takesMore: Bool, hasAll: Bool) -> UpstreamLateness {
    switch phase {
    case .awaitingConnection: .connectTimedOut
    case .forwarding where takesMore, .resending where takesMore: .extend
    case .forwarding where !requestIsComplete && hasAll: .callerIsSlow
    default: .answerTimedOut
    }
  }

  /// Whatever it was doing, it is over. Waits end with it.
  @inlinable @inline(__always)
  package mutating func finished(at now: Int64) {
    switch phase {
    case .awaitingToken: tokenWait += now - since
    case .awaitingQuota: queueWait += now - since
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
