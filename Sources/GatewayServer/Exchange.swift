internal import AccessTokens
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import Telemetry
internal import TrafficLog

/// One request of a caller, and everything done for it, until its line is written.
struct Exchange: ~Copyable {
  let caller: SlabHandle
  var upstream = SlabHandle.none
  var state = ExchangeStateMachine()
  var plan = RequestPlan()
  /// The plan was made: the request was not refused before.
  var isPlanned = false
  var method = HTTPMethod.other
  var isHTTP10 = false
  /// The caller's connection may carry another request after this one.
  var keepsCaller = true
  /// The request's head as it goes upstream, without the credential and the closing empty line.
  var head: ByteBuffer
  /// What was collected of the body, framed as it goes upstream; kept until the end, to be sent again.
  var body = ByteBuffer()
  /// The beginning of its line in the traffic log.
  var line: ByteBuffer
  /// Its bodies, when its operation is recorded with them.
  var capture: BodyCapture?
  /// Where the request id stands in `line`.
  var requestIDStart = 0
  var requestIDEnd = 0
  var requestFraming = BodyFraming.none
  var requestBody = BodyReader(.none)
  var responseBody = BodyReader(.none)
  var outgoingFraming = ResponseHeadRewriter.OutgoingFraming.unchanged
  /// The upstream connection may be used again when the answer is complete.
  var keepsUpstream = false
  var expectsContinue = false
  /// The attempt whose interim answers the caller has seen; 0 for none.
  var hintedIn = 0

  /// Its place among calls under way; empty for a call that no limit counts.
  var permit: LimitPermit?
  /// Its place in a queue.
  var ticket: WaitTicket?
  /// What limits have to say to the caller.
  var limitReport = LimitReport()

  // For the log. Times in monotonic nanoseconds.
  let startedAt: Int64
  var tokenWaitStarted: Int64 = 0
  var tokenWait: Int64 = 0
  var queueWaitStarted: Int64 = 0
  var queueWait: Int64 = 0
  var attemptStarted: Int64 = 0
  /// Status of the current attempt's answer; 0 before its head.
  var attemptStatus = 0
  var attemptsLogged = 0
  /// Status sent to the caller; 0 before.
  var status = 0
  var localBodySize = 0
  var tokenFingerprint: UInt32 = 0
  var tokenGeneration: UInt32 = 0
  /// The upstream refused our credential once already.
  var wasRefused = false
  /// The token's generation that was refused: its slot may still show it for a moment. Of a Basic credential
  /// the secret's.
  var refusedGeneration: UInt32 = 0
  /// Its trace and its own span; nil unless spans are exported.
  var trace: TraceContext?
  /// The trace is the caller's.
  var hasParentTrace = false
  /// The span of the current attempt; 0 before it is sent.
  var attemptSpan: UInt64 = 0
  /// The rung of its operation's ladder that it began with.
  var firstRung: UInt8 = 0
  /// It was refused for its scope, or might have been, and tries further ones.
  var hasClimbed = false
  /// Attempts that were answered, with a refusal that led to another one: no failures for ``RetryRule``.
  var answeredAttempts = 0
  /// Of a Basic credential that was refused: ``TokenView/basicChecks(app:)`` at that time.
  var basicChecks: UInt32 = 0
  /// Addresses that were tried.
  var connectAttempts = 0

  init(caller: SlabHandle, at now: Int64, head: consuming ByteBuffer, line: consuming ByteBuffer) {
    self.caller = caller
    startedAt = now
    self.head = head
    self.line = line
  }

  /// Notes what the head says that outlives its bytes. `keepsCaller` tells whether the caller's connection may
  /// carry another request.
  mutating func note(_ head: RequestHead, keepsCaller: Bool) {
    method = head.method
    if case .http10 = head.version { isHTTP10 = true }
    self.keepsCaller = keepsCaller
    requestFraming = head.framing
    requestBody = BodyReader(head.framing)
    expectsContinue = head.expectsContinue
    if case .none = head.framing {
      state.opened(hasBody: false)
    } else {
      state.opened(hasBody: true)
    }
  }

  /// Notes what the answer's head says.
  mutating func noteAnswer(_ head: ResponseHead) {
    responseBody = BodyReader(head.framing)
    attemptStatus = head.status
    status = head.status
  }

  /// Adds the last part of the line.
  mutating func putEnding(
    _ termination: Termination, error: StaticString?, at now: Int64
  ) {
    var ending = TrafficLine.Ending()
    ending.status = status
    ending.requestBodySize = requestBody.bytesRead
    ending.responseBodySize = responseBody.bytesRead + localBodySize
    ending.duration = Int((now - startedAt) / 1000)
    ending.queueWait = Int(queueWait / 1000)
    ending.tokenWait = Int(tokenWait / 1000)
    ending.tokenFingerprint = tokenFingerprint
    ending.termination = termination.text
    ending.errorType = error
    TrafficLine.putEnding(ending, hasAttempts: attemptsLogged > 0, into: &line)
  }

  /// Adds the attempt that just ended to the line, if one was under way. `reason` says why another one follows.
  ///
  /// - Parameters:
  ///   - span: its span, while spans are exported; else 0.
  ///   - climbed: its credential and the scopes of that, when it is another than the exchange began with.
  mutating func putAttempt(
    to upstreamName: borrowing ByteBuffer, reason: StaticString?, span: UInt64,
    climbedTo climbed: (credential: CredentialChoice, scope: String?)?, at now: Int64
  ) {
    guard attemptStarted != 0 else { return }
    var attempt = TrafficLine.Attempt(
      status: attemptStatus, duration: Int((now - attemptStarted) / 1000), retryReason: reason)
    attempt.span = span
    attempt.start = Int((attemptStarted - startedAt) / 1000)
    if let climbed {
      attempt.credential = climbed.credential == .basic ? "basic" : "token"
      attempt.scope = climbed.scope
    }
    TrafficLine.putAttempt(
      attempt, address: upstreamName, isFirst: attemptsLogged == 0, into: &line)
    attemptsLogged += 1
    attemptStarted = 0
    attemptStatus = 0
  }

  /// Counts a wait that ends with the exchange.
  mutating func countWaits(until now: Int64) {
    if case .awaitingToken = state.phase { tokenWait += now - tokenWaitStarted }
    if queueWaitStarted != 0 { queueWait += now - queueWaitStarted }
  }
}
