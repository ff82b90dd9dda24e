package import HTTPMessages

/// The state of one exchange, and what is done next. Each event goes in with its time, and one action comes out. There
/// is no socket, clock or buffer in it.
///
/// ```
/// planning ─→ awaitingQuota ─→ awaitingToken ─→ collectingBody ─→ awaitingConnection ─→ forwarding ─→ answering
///     └─────────────┴────────────────┴────────────────┴──────────────────┴───────────────────┴───────────┴─→ finished
/// ```
///
/// An exchange of several fetches (`ExchangeStateMachine+Fetches.swift`) goes from `forwarding` to `readingAnswer` and
/// `betweenFetches`, and from there to the limits again.
///
/// An exchange goes back from `forwarding` if the request is sent again: to `awaitingConnection` after a connection
/// broke (``RetryRule``), to `awaitingToken` after a credential was refused. It cannot go back from `answering`: the
/// caller has received a part of the answer.
///
/// An event that cannot happen in a state is a mistake in the relay. It traps in debug builds and changes nothing in
/// release builds.
@usableFromInline package struct ExchangeStateMachine: ~Copyable {
  /// The state, without its payload.
  @usableFromInline package enum Phase: UInt8, CaseIterable, Sendable {
    /// The head has arrived; the planner, and then the limits, have not decided yet.
    case planning
    /// A limit makes it wait its turn.
    case awaitingQuota
    /// The credential is being looked up, or is a token that has not arrived yet.
    case awaitingToken
    /// The body, or the beginning of a long one, is read before an upstream connection is taken. A slow sender then
    /// delays only itself, and a short body can be sent again.
    case collectingBody
    /// No upstream connection is ready yet.
    case awaitingConnection
    /// The request's head was handed to an upstream connection.
    case forwarding
    /// At least one byte of a final answer was sent to the caller.
    case answering
    /// The gateway reads an answer itself, such as a page of a list.
    case readingAnswer
    /// Another fetch follows later: when the caller has read what it received, or after some time.
    case betweenFetches
    /// The kept part of the body is sent again before more is read from the caller.
    case resending
    case finished
  }

  /// What the relay does next. Each action has its function in the relay, which reports the event that follows.
  @usableFromInline package enum Action: Equatable, Sendable {
    /// Nothing: another event will come.
    case wait
    case requireCredential
    case waitForToken
    case collectBody
    case takeConnection
    /// Connect to the next address.
    case connect
    /// Take a connection that has not carried a request yet.
    case connectAfresh
    case sendRequest
    /// The same, followed by the kept part of the body.
    case resendRequest
  }

  /// What the relay does after a failure.
  @usableFromInline package enum FailureAction: Equatable, Sendable {
    case tryAgain(Action)
    /// Answer with the gateway's own error: nothing has been sent to the caller yet.
    case answerError
    /// The caller has received a part of an answer: reset its connection, so that it notices.
    case abortCaller
  }

  /// What happens to an interim answer.
  @usableFromInline package enum InterimAction: Equatable, Sendable {
    case passOn
    /// It is for the gateway to send, or the caller has received it already or cannot read it.
    case drop
    /// There are too many interim answers, or this one was not asked for.
    case refuse
  }

  /// What happens to the rest of the request when its answer begins.
  @usableFromInline package enum AnswerAction: Equatable, Sendable {
    /// There is no rest.
    case relay
    /// The upstream answers while it still reads.
    case relayWhileReading
    /// The upstream does not need the rest, but the caller may have to send all of it before it reads the answer.
    case relayAndDropRest
  }

  /// What it means that the caller has missed its deadline.
  @usableFromInline package enum CallerLateness: Equatable, Sendable {
    /// Another deadline ends this wait.
    case wait
    case tokenTimedOut
    case connectionTimedOut
    case callerIsSlow
  }

  /// What it means that the upstream has missed its deadline.
  @usableFromInline package enum UpstreamLateness: Equatable, Sendable {
    /// It is still taking parts of the request, so it gets more time.
    case extend
    case connectTimedOut
    /// The caller keeps the upstream waiting.
    case callerIsSlow
    case answerTimedOut
  }

  /// Interim answers passed on for one request. RFC 9110 section 15.2 sets no bound, so the gateway does.
  package static let interimLimit: UInt8 = 16
  /// Addresses that one attempt tries.
  package static let addressLimit: UInt16 = 3

  @usableFromInline package internal(set) var phase = Phase.planning
  /// When it began to wait for a token or in the queue for a connection; 0 while it is not queued. This is separate
  /// from the phase, not its payload, so that reading the phase costs one load: every event reads it.
  @usableFromInline var since: Int64 = 0
  package internal(set) var method = HTTPMethod.other
  package private(set) var isHTTP10 = false
  /// The last byte of the request's body was passed on.
  @usableFromInline package internal(set) var requestIsComplete = false
  /// Bytes of the request's body were passed on and are no longer at hand.
  @usableFromInline package internal(set) var bodyHasBegun = false
  /// All bytes of the body that were passed on were also kept.
  @usableFromInline package internal(set) var keepsBody = false
  /// The part of the body that had to be collected has arrived.
  @usableFromInline var bodyIsCollected = false
  /// Bytes of a final answer were sent to the caller, and further fetches follow.
  @usableFromInline package internal(set) var hasAnswered = false
  @usableFromInline var interimAnswers: UInt8 = 0
  /// The current attempt received an interim answer: the upstream has seen the request.
  @usableFromInline var hasInterimAnswer = false
  /// The attempt whose interim answers the caller has received; 0 for none.
  @usableFromInline var hintedIn: UInt16 = 0
  /// Upstream requests made.
  @usableFromInline package internal(set) var attempts: UInt16 = 0
  /// Attempts that were answered with a refusal that led to another attempt. ``RetryRule`` does not count them as
  /// failures.
  @usableFromInline var answeredAttempts: UInt16 = 0
  /// The upstream has already refused the current credential once.
  @usableFromInline package internal(set) var wasRefused = false
  /// It was, or may have been, refused because of its scope, and tries further credentials.
  @usableFromInline package internal(set) var hasClimbed = false
  /// It was refused and goes out with another credential, and the outcome should be recorded.
  @usableFromInline package internal(set) var hasToProve = false
  /// When the current attempt began, including its connection; 0 for none.
  @usableFromInline package internal(set) var attemptStarted: Int64 = 0
  /// Addresses that refused a connection since a credential was found.
  @usableFromInline var refusedAddresses: UInt16 = 0
  /// The caller's connection may carry another request after this one.
  @usableFromInline package internal(set) var keepsCaller = true
  /// The rest of the body is discarded as it arrives: the upstream refused the request before it had all of it, or the
  /// request is only rehearsed.
  @usableFromInline package internal(set) var dropsBody = false
  /// Nanoseconds it has waited for tokens.
  @usableFromInline package internal(set) var tokenWait: Int64 = 0
  /// Nanoseconds it has waited for limits and in the queue for a connection.
  @usableFromInline package internal(set) var queueWait: Int64 = 0

  package init() {}

  // MARK: What can be asked

  /// Whether more of the request's body should be read. That does not change when an answer begins: an upstream may
  /// answer while it reads.
  @inlinable package var wantsBody: Bool {
    !requestIsComplete && (phase == .collectingBody || isUpstream)
  }

  /// Whether the request cannot go on without the rest of it.
  package var needsRest: Bool { !requestIsComplete && (!dropsBody || phase == .collectingBody) }

  /// Whether a byte of a final answer was sent to the caller.
  @inlinable package var answerHasBegun: Bool { phase == .answering }

  /// Whether an upstream connection carries it.
  @inlinable package var isUpstream: Bool { phase == .forwarding || phase == .answering }

  /// Whether it waits for something other than its caller or its answer, and no byte of an answer was sent.
  package var isWaiting: Bool {
    switch phase {
    case .awaitingQuota, .awaitingToken, .awaitingConnection: !hasAnswered
    default: false
    }
  }

  /// Whether all of the request received so far is at hand and can be sent again.
  package var isReplayable: Bool { (requestIsComplete || keepsBody) && !bodyHasBegun }

  /// The phase of the exchange as the log names it.
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

  /// The request's head has arrived. `keepsCaller`: the caller's connection may carry another request.
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

  /// A limit puts it in a queue.
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

  /// Its credential was looked up: it needs a token, which is requested now.
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

  /// The body has arrived, or as much of it as is collected.
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

  /// It is only rehearsed: the body that its caller sends is read and discarded.
  package mutating func rehearsalBegins() {
    switch phase {
    case .planning: (phase, dropsBody) = (.collectingBody, !requestIsComplete)
    default: ExchangeStateMachine.illegal("rehearsalBegins")
    }
  }

  /// The body of a rehearsed request has ended.
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

  /// A connection is being established for it.
  package mutating func connecting(at now: Int64) {
    switch phase {
    case .awaitingConnection:
      if attemptStarted == 0 { attemptStarted = now }
    default: ExchangeStateMachine.illegal("connecting")
    }
  }

  /// No connection could be established to one of `addressCount` addresses. `mayTryNext`: another address may work
  /// where this one does not.
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

  /// The current attempt is over.
  @inlinable @inline(__always)
  package mutating func attemptEnded() { attemptStarted = 0 }

  /// An upstream connection is ready for it. `hasCredential` is false if its token has expired meanwhile; nothing has
  /// been sent, so a new one can be fetched.
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

  /// Body bytes were passed on, including the last ones if `isComplete`. `isKept`: these bytes are kept, as were all
  /// before them.
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
    // The gateway never asks to switch protocols (RFC 9110 section 7.8).
    if status == 101 || interimAnswers > ExchangeStateMachine.interimLimit { return .refuse }
    // The gateway sends 100 itself, HTTP/1.0 has no interim answers, and none may follow the beginning of a final
    // answer.
    if status == 100 || isHTTP10 || hasAnswered { return .drop }
    // A request that is sent again brings the same hints again.
    if hintedIn != 0, hintedIn != attempts { return .drop }
    hintedIn = attempts
    return .passOn
  }

  /// The final answer's head has arrived. `endsCaller`: the caller's connection ends with it.
  @inlinable @inline(__always)
  package mutating func answerReceived(status: Int, endsCaller: Bool) -> AnswerAction {
    switch phase {
    case .forwarding:
      if endsCaller { keepsCaller = false }
      if requestIsComplete { return .relay }
      // It arrived before the whole request, so the next request cannot be found on the caller's connection.
      keepsCaller = false
      // With 2xx the upstream may still be reading. A refusal means that nothing more needs to be sent (RFC 9112
      // section 9.5).
      guard status >= 300 else { return .relayWhileReading }
      dropsBody = true
      return .relayAndDropRest
    default:
      ExchangeStateMachine.illegal("answerReceived")
      return .relay
    }
  }

  /// The final answer's head, or more of its body, goes to the caller.
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

  /// The upstream refused the credential (401). `mayHelp`: another one is available.
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

  /// According to the upstream or the token endpoint, the credential may allow too little: another one is tried
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
    // A different token: its first refusal is still to come.
    wasRefused = false
    refusedAddresses = 0
    return .requireCredential
  }

  /// It cannot be completed, whatever the reason. Returns whether the caller can still get an error.
  package mutating func failed() -> FailureAction {
    switch phase {
    case .answering: return .abortCaller
    default: return .answerError
    }
  }

  /// The gateway answers itself. `endsCaller`: the caller's connection ends with it.
  package mutating func answersItself(endsCaller: Bool) {
    // The rest of the request's body is not read.
    if endsCaller || !requestIsComplete { keepsCaller = false }
  }

  /// The caller has missed its deadline.
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

  /// The upstream has missed its deadline. `takesMore`: it has taken some of the request since the last one. `hasAll`:
  /// it has taken all of the request that has arrived.
  package func upstreamIsLate(takesMore: Bool, hasAll: Bool) -> UpstreamLateness {
    switch phase {
    case .awaitingConnection: .connectTimedOut
    case .forwarding where takesMore, .resending where takesMore: .extend
    case .forwarding where !requestIsComplete && hasAll: .callerIsSlow
    default: .answerTimedOut
    }
  }

  /// It is over, in whatever phase it was. Waits end with it.
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

  /// Reports that `event` arrived in a phase in which it cannot. The phase stays as it is.
  @usableFromInline @inline(never)
  static func illegal(_ event: StaticString) {
    assertionFailure("an exchange cannot meet `\(event)` here")
  }
}

/// What is known about an attempt whose upstream connection failed.
package struct UpstreamFailure: Sendable {
  /// The connection had carried a request before.
  package var wasReused: Bool
  /// Some byte of the request may have left.
  package var wroteBytes: Bool
  /// Some byte of an answer arrived.
  package var receivedBytes: Bool
  /// The failure was not a fault of the answer.
  package var mayRetry: Bool

  package init(wasReused: Bool, wroteBytes: Bool, receivedBytes: Bool, mayRetry: Bool) {
    self.wasReused = wasReused
    self.wroteBytes = wroteBytes
    self.receivedBytes = receivedBytes
    self.mayRetry = mayRetry
  }
}
