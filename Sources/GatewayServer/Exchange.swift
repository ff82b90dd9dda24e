internal import AccessTokens
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import Telemetry

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

  /// Counts a wait that ends with the exchange.
  mutating func countWaits(until now: Int64) {
    if state.phase == .awaitingToken { tokenWait += now - tokenWaitStarted }
    if queueWaitStarted != 0 { queueWait += now - queueWaitStarted }
  }
}
