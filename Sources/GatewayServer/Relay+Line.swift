internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI
internal import Telemetry
internal import TrafficLog

/// An exchange's line in the traffic log, part by part. Each exchange has exactly one.
extension Relay {
  /// Notes what a request's head says, and appends it to the line.
  mutating func note(_ head: RequestHead, _ bytes: RawSpan, of id: SlabHandle) {
    // Nothing follows after a caller's last request.
    let isLast = callers[exchanges[id].caller].http.hasEnded && bytes.byteCount == head.length
    exchanges[id].note(head, keepsCaller: head.keepsAlive && !isLast)
    var line = ByteBuffer()
    swap(&line, &exchanges[id].line)
    TrafficLine.putRequest(
      method: head.method(in: bytes), path: head.path(in: bytes),
      hasParameter: head.hasPathParameter,
      query: head.queryStart < head.targetEnd
        ? bytes.slice(head.queryStart + 1, head.targetEnd) : RawSpan(),
      masked: generation.settings.queryMask, into: &line)
    if head.present.contains(.userAgent), let field = requestParser.fields.first(.userAgent) {
      TrafficLine.putUserAgent(field.value(in: bytes), into: &line)
    }
    if case .http10 = head.version { TrafficLine.putVersion10(into: &line) }
    if !isTracing, head.present.contains(.traceparent),
      let field = requestParser.fields.first(.traceparent)
    {
      TrafficLine.putTraceID(fromTraceparent: field.value(in: bytes), into: &line)
    }
    swap(&line, &exchanges[id].line)
    if isTracing { beginTrace(id, head, bytes) }
  }

  /// Appends what the plan decided to the line.
  mutating func logPlan(_ id: SlabHandle, _ plan: RequestPlan, of caller: Int?) {
    generation.planTexts.put(plan, of: caller, into: &exchanges[id].line)
  }

  /// Appends the caller of a request without a plan to the line.
  mutating func logCaller(_ id: SlabHandle) {
    let caller = callers[exchanges[id].caller].origin.caller
    generation.planTexts.putCaller(caller, into: &exchanges[id].line)
  }

  /// Appends what was known of a request that the planner refused to the line.
  mutating func logRefusal(_ id: SlabHandle, _ refusal: PlanRefusal) {
    logCaller(id)
    guard refusal.knowsApp else { return }
    exchanges[id].knowsApp = true
    exchanges[id].plan = refusal.plan
    generation.planTexts.putTarget(refusal.plan, into: &exchanges[id].line)
  }

  /// Appends the attempt under way to the line, with what its fetch has seen. `reason` says why another attempt
  /// follows.
  mutating func putAttempt(
    _ id: SlabHandle, _ fetch: Fetch.Figures, reason: StaticString?, now: Int64
  ) {
    let (started, hasClimbed) = exchanges[id].attempt
    figures.countAttempt(
      status: Int(fetch.status), duration: now &- started, retryReason: reason, at: now)
    // An attempt that sent nothing has no span yet.
    let span = isTracing && fetch.span == 0 ? traceIDs.next() : fetch.span
    let scope = hasClimbed ? generation.scopeText(of: exchanges[id].plan.credential) : nil
    if !retirement.isEmpty {
      putFormerAttempt(id, fetch.status, span, reason, scope, at: now)
      return
    }
    exchanges[id].putAttempt(
      status: fetch.status, span: span, to: destination.name, reason: reason, scope: scope, at: now)
  }

  /// Like ``putAttempt(_:_:reason:now:)``, when the upstream may have another name by now.
  @inline(never)
  private mutating func putFormerAttempt(
    _ id: SlabHandle, _ status: UInt16, _ span: UInt64, _ reason: StaticString?, _ scope: String?,
    at now: Int64
  ) {
    var name = ByteBuffer(capacity: 64)
    name.put(text: generation(of: id).settings.upstreamName)
    exchanges[id].putAttempt(
      status: status, span: span, to: name, reason: reason, scope: scope, at: now)
  }

  /// Appends the end of the exchange's line, and adds the line to those that wait to be handed over.
  mutating func writeLine(
    _ id: SlabHandle, _ termination: Termination, error: StaticString?, on loop: inout EventLoop
  ) {
    let isExported = isTracing && exchanges[id].trace?.isSampled ?? false
    let isKept = generation.log != nil || shared.journal != nil || shared.logRecords != nil
    guard isKept || isExported else { return }
    exchanges[id].putEnding(termination, error: error, at: loop.now)
    if isKept {
      lines.add(exchanges[id].line)
      // Not into the exchange's own line: spans are made from that.
      if isCapturing, let capture = exchanges[id].capture {
        capture.put(
          requestIsComplete: exchanges[id].requestBody.isFinished,
          responseIsComplete: termination == .completed, into: &lines.text)
      }
    }
    if isExported { lines.addSpan(exchanges[id].line) }
    if lines.isFull {
      flushLines()
    } else if lines.flushAt == 0 {
      lines.flushAt = loop.now + LineBatch.delay
      loop.setAlarm(at: lines.flushAt)
    }
  }

  /// Hands the waiting lines to the threads of the log and the journal.
  mutating func flushLines() {
    lines.flush(to: shared, generation.log)
  }
}
