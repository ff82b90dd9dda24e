internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import TrafficLog

/// Limits: asked before the token and before any byte goes upstream, given back when the exchange ends.
extension Relay {
  /// Asks the limits about the planned exchange: it goes on, waits for its turn, or is refused.
  mutating func takeQuota(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    guard !limiter.isIdle else { return exchanges[id].state.admitted(waited: 0, at: loop.now) }
    switch limiter.admit(
      limitedRequest(id), for: WaitingParty(loop: loopNumber, tag: id.bits), at: loop.now)
    {
    case .admitted(let permit, let report):
      exchanges[id].permit = consume permit
      note(id, report)
      return exchanges[id].state.admitted(waited: 0, at: loop.now)
    case .queued(let ticket, _):
      exchanges[id].ticket = ticket
      exchanges[id].state.queued(at: loop.now)
    case .refused(let refusal): refuse(id, refusal, on: &loop)
    }
    return .wait
  }

  /// The planned exchange as the limits see it.
  @inline(__always)
  func limitedRequest(_ id: SlabHandle) -> LimitedRequest {
    let plan = exchanges[id].plan
    return LimitedRequest(
      app: plan.app, caller: plan.caller, operation: plan.operation, isWrite: plan.isWrite,
      priority: plan.isBatch ? .batch : .interactive)
  }

  /// Starts or refuses calls that have waited long enough.
  mutating func serveQueuedCalls(on loop: inout EventLoop) {
    guard !limiter.isIdle else { return }
    limiter.advance(to: loop.now, loop: loopNumber)
    while let due = limiter.takeDue(loop: loopNumber) {
      let id = SlabHandle(bits: due.tag)
      let waited = due.waited
      let isWaiting = exchanges.contains(id) && exchanges[id].state.phase == .awaitingQuota
      if isWaiting { exchanges[id].ticket = nil }
      switch due.take() {
      case .start(let permit, let report):
        guard isWaiting else {
          limiter.release(permit, at: loop.now, loop: loopNumber)
          continue
        }
        exchanges[id].permit = consume permit
        note(id, report)
        run(exchanges[id].state.admitted(waited: waited, at: loop.now), of: id, on: &loop)
      case .refused(let refusal):
        if isWaiting { refuse(id, refusal, on: &loop) }
      }
    }
  }

  /// Keeps what the limits said for the caller, and for the log what limits in shadow mode would have done.
  private mutating func note(_ id: SlabHandle, _ report: LimitReport) {
    exchanges[id].limitReport = report
    guard !report.shadowed.isEmpty else { return }
    TrafficLine.putWouldQueue(names(of: report.shadowed), into: &exchanges[id].line)
  }

  func names(of limits: LimitSet) -> [String] {
    var limits = limits
    var names: [String] = []
    while let limit = limits.popFirst() { names.append(generation.limitName(limit)) }
    return names
  }

  mutating func refuse(
    _ id: SlabHandle, _ refusal: LimitRefusal, on loop: inout EventLoop
  ) {
    let names = names(of: refusal.violated)
    let cause =
      refusal.isUpstreamPaused
      ? "SCORM Cloud asked callers to wait"
      : "The limit \(names.joined(separator: ", ")) is exceeded"
    var error = GatewayError(
      .quotaExceeded,
      "\(cause); try again in \(refusal.retryAfter) s. Waiting any longer here would exceed maxWait "
        + "or maxQueue.",
      retryAfter: refusal.retryAfter)
    error.violatedPolicies = names
    answer(id, error, .init(refusedAt: .quota), refusal: refusal, on: &loop)
  }

  /// Gives back what the exchange holds in the limits: its place among calls under way, or in a queue.
  mutating func releaseQuota(_ id: SlabHandle, now: Int64) {
    if let ticket = exchanges[id].ticket.take() {
      limiter.cancel(ticket, at: now, loop: loopNumber)
    }
    if let permit = exchanges[id].permit.take() {
      limiter.release(permit, at: now, loop: loopNumber)
    }
  }

  /// Notes that the upstream itself refused for too much traffic: callers pause as it demands (RFC 9110 section
  /// 10.2.3).
  mutating func noteUpstreamRefusal(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) {
    var delay: Int64?
    if head.present.contains(.retryAfter), let line = responseParser.fields.first(.retryAfter) {
      delay = RetryAfter.delay(line.value(in: bytes), wallTime: loop.wallTime)
    }
    // A 503 that names no time means that something is broken, not that there is too much traffic.
    guard head.status == 429 || delay != nil else { return }
    limiter.upstreamAnswered(
      limitedRequest(id), status: head.status, retryAfter: delay,
      startedAt: exchanges[id].state.attemptStarted, at: loop.now, loop: loopNumber)
  }
}
