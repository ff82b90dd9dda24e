/// Where one exchange stands, and what is to be done next. Events go in, one action comes out; it knows no
/// socket, clock or buffer.
///
/// ```
/// awaitingQuota ─→ awaitingToken ─→ collectingBody ─→ awaitingConnection ─→ forwarding ─→ finished
///       └────────────────┴────────────────┴──────────────────┴──────────────────┘ (refused, failed, gone)
/// ```
package struct ExchangeStateMachine: Sendable {
  package enum Phase: UInt8, Sendable {
    /// A limit makes it wait for its turn.
    case awaitingQuota
    /// The credential is a token that is not there yet.
    case awaitingToken
    /// Its body, or the beginning of a long one, is read before an upstream connection is taken: who sends
    /// slowly holds up nobody but themselves, and a short body can be sent again.
    case collectingBody
    /// No upstream connection is ready yet.
    case awaitingConnection
    /// The request's head was handed to an upstream connection.
    case forwarding
    case finished
  }

  /// What the shell does next.
  package enum Action: Equatable, Sendable {
    case waitForToken
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
    /// Interim answers keep coming, or one that was not asked for.
    case refuseAnswer
  }

  /// Interim answers passed on for one request: RFC 9110 section 15.2 sets no bound, so we do.
  package static let interimLimit: UInt8 = 16

  package private(set) var phase = Phase.awaitingConnection
  /// The request's last body byte was handed on.
  package private(set) var requestIsComplete = false
  /// Some byte of a final answer was sent to the caller.
  package private(set) var answerHasBegun = false
  /// Bytes of the request's body were handed on, and are not at hand any more.
  package private(set) var bodyHasBegun = false
  /// Upstream requests made.
  package private(set) var attempts: UInt16 = 0
  /// What was to be collected of the body is there.
  private var bodyIsCollected = false
  private var interimAnswers: UInt8 = 0
  /// The current attempt has brought an interim answer: the upstream has seen the request.
  package private(set) var hasInterimAnswer = false

  package init() {}

  /// The request's head is there.
  package mutating func opened(hasBody: Bool) {
    requestIsComplete = !hasBody
    bodyIsCollected = !hasBody
  }

  /// A limit puts it into a queue.
  package mutating func queued() { phase = .awaitingQuota }

  /// It may go on, as far as limits are concerned.
  package mutating func admitted(hasCredential: Bool) -> Action {
    guard hasCredential else {
      phase = .awaitingToken
      return .waitForToken
    }
    return tokenArrived()
  }

  /// The credential it had is not good any more; nothing was sent with it that cannot be sent again.
  package mutating func credentialLost() -> Action {
    phase = .awaitingToken
    return .waitForToken
  }

  /// The token it waited for is there.
  package mutating func tokenArrived() -> Action {
    phase = bodyIsCollected ? .awaitingConnection : .collectingBody
    return bodyIsCollected ? .takeConnection : .collectBody
  }

  /// The body is there, or as much of it as is collected.
  package mutating func bodyCollected() -> Action {
    bodyIsCollected = true
    phase = .awaitingConnection
    return .takeConnection
  }

  /// An upstream connection is ready for it.
  package mutating func connectionReady() -> Action {
    phase = .forwarding
    attempts += 1
    hasInterimAnswer = false
    return .sendRequest
  }

  /// More of the request's body is to be read. An answer that has begun changes nothing about that: an
  /// upstream may answer while it reads.
  package var wantsBody: Bool {
    !requestIsComplete && (phase == .forwarding || phase == .collectingBody)
  }

  package mutating func bodyForwarded() { bodyHasBegun = true }

  package mutating func requestCompleted() { requestIsComplete = true }

  /// A 1xx answer arrived.
  package mutating func interimAnswerReceived(status: Int) -> Action {
    interimAnswers += 1
    hasInterimAnswer = true
    // We never ask to switch protocols (RFC 9110 section 7.8).
    return status == 101 || interimAnswers > ExchangeStateMachine.interimLimit
      ? .refuseAnswer : .passOn
  }

  /// The final answer's head goes to the caller.
  package mutating func answerBegan() { answerHasBegun = true }

  /// The upstream connection failed or ended too early.
  package mutating func upstreamFailed(mayRetry: Bool) -> Action {
    if answerHasBegun {
      phase = .finished
      return .abortCaller
    }
    if mayRetry {
      phase = .awaitingConnection
      return .retry
    }
    phase = .finished
    return .answerError
  }

  /// Whatever it was doing, it is over.
  package mutating func finished() { phase = .finished }
}
