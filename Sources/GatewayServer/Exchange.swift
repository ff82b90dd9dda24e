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
  /// The upstream connection of its fetch; none without a fetch.
  var upstream = SlabHandle.none
  var state = ExchangeStateMachine()
  var plan = RequestPlan()
  /// `plan` names an app, and the operation if it is known: the request was not refused before that.
  var knowsApp = false
  /// The request's head as it goes upstream, without the credential and the closing empty line.
  var head: ByteBuffer
  /// The part of its body that was collected before anything was sent. Kept until the end, so that it can be sent
  /// again.
  var body = ByteBuffer()
  /// The part of its body that was handed on after that; nil when that is not kept.
  var spool: UploadSpool?
  /// The beginning of its line in the traffic log.
  var line: ByteBuffer
  /// The recorded bodies, if its operation is recorded.
  var capture: BodyCapture?
  /// What an exchange with several fetches holds: ``errand``.
  private var errandPlace = ErrandPlace()
  /// Where the request id is in `line`.
  var requestIDPlace: (start: UInt16, end: UInt16) = (0, 0)
  var requestFraming = BodyFraming.none
  var requestBody = BodyReader()
  var outgoingFraming = ResponseHeadRewriter.OutgoingFraming.unchanged
  var expectsContinue = false
  /// The caller already has ``Relay/answerBeginning`` of the answer to come.
  var hasSentBeginning = false

  /// Its place among calls under way; nil when no limit counts the call.
  var permit: LimitPermit?
  /// Its place in the queue for a connection; negative for none.
  var connectionPlace = ConnectionShares.none
  /// Its place in a limit's queue.
  var ticket: WaitTicket?
  /// What the limits report to the caller.
  var limitReport = LimitReport()

  // For the log. Times in monotonic nanoseconds.
  let startedAt: Int64
  var attemptsLogged: UInt16 = 0
  /// Status sent to the caller; 0 before that.
  var status: UInt16 = 0
  /// Bytes of the answer's body, as they came from the upstream or were written here.
  var answerBytes = 0
  var tokenFingerprint: UInt32 = 0
  /// The credential that was refused. `generation` is that of the token, whose slot may still show it for a moment, or
  /// of the secret. `checks` is, for a Basic credential, ``TokenView/basicChecks(app:)`` at that time.
  var refused: (generation: UInt32, checks: UInt32) = (0, 0)
  /// Its trace and its own span; nil unless spans are exported.
  var trace: TraceContext?
  /// The trace was begun by the caller.
  var hasParentTrace = false
  /// The rung of its operation's ladder that it began with.
  var firstRung: UInt8 = 0

  init(
    caller: SlabHandle, at now: Int64, head: consuming ByteBuffer,
    line: consuming ByteBuffer
  ) {
    self.caller = caller
    startedAt = now
    self.head = head
    self.line = line
  }

  /// Notes what is needed of the head after its bytes are gone. `keepsCaller`: the caller's connection may carry
  /// another request.
  mutating func note(_ head: RequestHead, keepsCaller: Bool) {
    requestFraming = head.framing
    requestBody = BodyReader(head.framing)
    expectsContinue = head.expectsContinue
    let hasBody = if case .none = head.framing { false } else { true }
    let isHTTP10 = if case .http10 = head.version { true } else { false }
    state.opened(
      method: head.method, isHTTP10: isHTTP10, hasBody: hasBody, keepsCaller: keepsCaller)
  }

  /// Notes that the request may pass, by `plan`.
  @inline(__always)
  mutating func begin(_ plan: RequestPlan) {
    self.plan = plan
    firstRung = plan.rung
    knowsApp = true
  }

  /// It uses another credential than it began with.
  var hasClimbed: Bool { plan.rung != firstRung }

  /// When the attempt under way began, and whether it uses another credential than its exchange began with. Read
  /// together: each access to a record of the slab checks its handle.
  @inline(__always)
  var attempt: (started: Int64, hasClimbed: Bool) { (state.attemptStarted, hasClimbed) }

  /// Bytes of memory that the kept part of its body holds, in buffers that count.
  var heldBody: Int { body.allocatedBytes + (spool?.heldBytes ?? 0) }

  /// Whether more of its body must be collected, up to `limit` bytes.
  @inline(__always)
  func collects(upTo limit: Int) -> Bool { !requestBody.isFinished && body.count < limit }

  /// Releases the body, which is not sent again.
  mutating func releaseBody() {
    body.release()
    spool = nil
  }

  /// Whether it has several fetches.
  @inline(__always)
  var isErrand: Bool { errandPlace.isTaken }

  /// What an exchange with several fetches holds.
  var errand: Errand? {
    get { errandPlace.errand }
    set { errandPlace.errand = newValue }
  }

  /// What an answer is parsed by: the method, and whether the fetch may be another than the caller's own.
  @inline(__always)
  var asked: (method: HTTPMethod, isErrand: Bool) { (state.method, isErrand) }

  /// Notes that its fetch is over.
  @inline(__always)
  mutating func noteEnd(of fetch: Fetch.Figures) {
    upstream = .none
    answerBytes = fetch.answerBytes
  }

  /// Appends the last part of the line.
  mutating func putEnding(
    _ termination: Termination, error: StaticString?, at now: Int64
  ) {
    var ending = TrafficLine.Ending()
    ending.status = Int(status)
    ending.requestBodySize = requestBody.bytesRead
    ending.responseBodySize = answerBytes
    ending.duration = Int((now - startedAt) / 1000)
    ending.queueWait = Int(state.queueWait / 1000)
    ending.tokenWait = Int(state.tokenWait / 1000)
    ending.tokenFingerprint = tokenFingerprint
    ending.termination = termination.text
    ending.errorType = error
    TrafficLine.putEnding(ending, hasAttempts: attemptsLogged > 0, into: &line)
  }

  /// Appends the attempt that has ended to the line. `reason` says why another one follows. `scope`: the scopes of the
  /// credential, if the exchange began with another.
  mutating func putAttempt(
    status: UInt16, span: UInt64, to upstreamName: borrowing ByteBuffer, reason: StaticString?,
    scope: String?, at now: Int64
  ) {
    let started = state.attemptStarted
    if isErrand, !lists(status: status, reason: reason) {
      attemptsLogged &+= 1
      state.attemptEnded()
      return
    }
    var attempt = TrafficLine.Attempt(
      status: Int(status), duration: Int((now - started) / 1000), retryReason: reason)
    if span != 0 {
      attempt.span = span
      attempt.start = Int((started - startedAt) / 1000)
    }
    if hasClimbed {
      attempt.credential = if case .basic = plan.credential { "basic" } else { "token" }
    }
    TrafficLine.putAttempt(
      attempt, scope: scope, address: upstreamName, isFirst: attemptsLogged == 0, into: &line)
    attemptsLogged += 1
    state.attemptEnded()
  }
}
