internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI
internal import System
internal import Telemetry
internal import TrafficLog

/// Where an exchange begins and ends, and its line is written: exactly one for each.
extension Relay {
  /// Opens the exchange of what a caller sent, and its line up to the caller's address. `present` are the fields
  /// of a head that was parsed, which lies in `bytes`; none for bytes that are no request.
  mutating func openExchange(
    _ caller: SlabHandle, _ present: FieldSet, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> SlabHandle {
    let id = exchanges.insert(
      Exchange(caller: caller, at: loop.now, head: spares.take(), line: spares.take()))
    callers[caller].exchange = id
    dates.update(wallTime: loop.wallTime)
    // The line is taken out while it is written: it would be looked up for each of its parts.
    var line = ByteBuffer()
    swap(&line, &exchanges[id].line)
    TrafficLine.open(into: &line)
    dates.putStampPrefix(into: &line)
    TrafficLine.putMicrosecond(Int(loop.wallTime % 1_000_000_000) / 1000, into: &line)
    let idStart = line.count
    putRequestID(present, bytes, into: &line)
    let idEnd = line.count
    TrafficLine.openAddress(into: &line)
    callers[caller].peer.put(into: &line)
    swap(&line, &exchanges[id].line)
    exchanges[id].requestIDStart = UInt16(idStart)
    exchanges[id].requestIDEnd = UInt16(idEnd)
    return id
  }

  /// Opens the exchange of bytes that are no request, or of none: it ends with its caller's connection.
  mutating func openExchangeOfNoRequest(
    _ caller: SlabHandle, on loop: inout EventLoop
  ) -> SlabHandle {
    let id = openExchange(caller, FieldSet(), RawSpan(), on: &loop)
    TrafficLine.closeAddress(into: &exchanges[id].line)
    if isTracing { beginTrace(id, nil, RawSpan()) }
    exchanges[id].keepsCaller = false
    return id
  }

  /// Notes what a request's head says, and adds it to the line.
  mutating func note(_ head: RequestHead, _ bytes: RawSpan, of id: SlabHandle) {
    // Behind a caller's last request nothing follows.
    let isLast = callers[exchanges[id].caller].hasEnded && bytes.byteCount == head.length
    exchanges[id].note(head, keepsCaller: head.keepsAlive && !isLast)
    var line = ByteBuffer()
    swap(&line, &exchanges[id].line)
    TrafficLine.putRequest(
      method: head.method(in: bytes), path: head.path(in: bytes),
      hasParameter: head.hasPathParameter,
      query: head.queryStart < head.targetEnd
        ? bytes.slice(head.queryStart + 1, head.targetEnd) : RawSpan(),
      masked: shared.settings.queryMask, into: &line)
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

  private mutating func putRequestID(
    _ present: FieldSet, _ bytes: RawSpan, into line: inout ByteBuffer
  ) {
    if present.contains(.xRequestID),
      let field = requestParser.fields.first(.xRequestID),
      RequestIDs.isSafe(field.value(in: bytes))
    {
      line.put(field.value(in: bytes))
    } else {
      requestIDs.putNew(into: &line)
    }
  }

  /// Adds what the plan decided to the line; nil when the request was refused before.
  mutating func logPlan(_ id: SlabHandle, _ plan: RequestPlan?) {
    let caller = Int(callers[exchanges[id].caller].callerNumber)
    shared.planTexts.putCaller(caller == 0 ? nil : caller - 1, into: &exchanges[id].line)
    guard let plan else { return }
    exchanges[id].knowsApp = true
    shared.planTexts.put(plan, into: &exchanges[id].line)
  }

  /// Adds what was known of a request that the planner refused to the line.
  mutating func logRefusal(_ id: SlabHandle, _ refusal: PlanRefusal) {
    logPlan(id, nil)
    guard refusal.knowsApp else { return }
    exchanges[id].knowsApp = true
    exchanges[id].plan = refusal.plan
    shared.planTexts.putTarget(refusal.plan, into: &exchanges[id].line)
  }

  /// Adds the attempt that just ended to the line. `reason` says why another one follows.
  mutating func logAttempt(_ id: SlabHandle, reason: StaticString?, now: Int64) {
    guard exchanges[id].attemptStarted != 0 else { return }
    figures.countAttempt(
      status: Int(exchanges[id].attemptStatus), duration: now - exchanges[id].attemptStarted,
      retryReason: reason, at: now)
    if isTracing { endAttemptSpan(id) }
    let isClimbed = exchanges[id].plan.rung != exchanges[id].firstRung
    exchanges[id].putAttempt(
      to: upstreamName, reason: reason,
      scope: isClimbed ? shared.scopeText(of: exchanges[id].plan.credential) : nil, at: now)
  }

  /// Cuts what is still under way, for an end that waits no longer.
  mutating func cutAll(on loop: inout EventLoop) {
    for id in exchanges.handles where exchanges.contains(id) {
      let phase = exchanges[id].state.logPhase
      abandonUpstream(id, on: &loop)
      // A connection that became free may have been given to another exchange, and that have ended.
      guard exchanges.contains(id) else { continue }
      cutCaller(id, .init(.gateway, phase), error: "draining", on: &loop)
    }
  }

  /// Ends the exchange whose answer cannot be finished: the caller's connection is cut, so that it sees
  /// that something is missing.
  mutating func cutCaller(
    _ id: SlabHandle, _ termination: Termination, error: StaticString, on loop: inout EventLoop
  ) {
    let caller = exchanges[id].caller
    loop.abort(callers[caller].socket)
    finish(id, termination, error: error, on: &loop)
  }

  /// The single end of every exchange: its line is written, its memory kept for the next one, and its
  /// caller's connection goes on or ends.
  mutating func finish(
    _ id: SlabHandle, _ termination: Termination, error: StaticString?, on loop: inout EventLoop
  ) {
    logAttempt(id, reason: nil, now: loop.now)
    if exchanges[id].connectionPlace >= 0 { leaveConnectionQueue(id) }
    exchanges[id].state.finished(at: loop.now)
    releaseQuota(id, now: loop.now)
    count(id, termination, error: error, at: loop.now)
    writeLine(id, termination, error: error, on: &loop)
    let caller = exchanges[id].caller
    let keepsCaller = exchanges[id].keepsCaller
    // Only who has all of its request sent is sure to read.
    let awaitsRest = !exchanges[id].state.requestIsComplete
    recycle(id)
    callers[caller].exchange = .none
    let socket = callers[caller].socket
    guard loop.contains(socket), keepsCaller else {
      loop.finish(socket, awaitingRest: awaitsRest && !callers[caller].hasEnded)
      // Who is further up the stack, or asked for the cut, finds the caller gone.
      dropCaller(caller)
      return
    }
    let queued = loop.queuedBytes(socket)
    loop.setDeadline(
      socket,
      at: loop.now
        + (queued == 0 ? shared.settings.keepAliveTimeout : shared.settings.idleTimeout))
    // Who is further up the stack goes on by itself, and so does a caller that reads its answers first.
    guard !callers[caller].isServing, queued <= highWater else { return }
    if !callers[caller].input.isEmpty {
      serveInput(caller, on: &loop)
    } else if isDraining || callers[caller].hasEnded {
      // Its answer's head, written before, did not say that the connection ends.
      loop.finish(socket)
      dropCaller(caller)
    } else {
      loop.resumeReading(socket)
    }
  }

  private mutating func recycle(_ id: SlabHandle) {
    var head = ByteBuffer()
    var line = ByteBuffer()
    var body = ByteBuffer()
    swap(&head, &exchanges[id].head)
    swap(&line, &exchanges[id].line)
    swap(&body, &exchanges[id].body)
    exchanges.discard(id)
    spares.keep(body)
    spares.keep(head)
    spares.keep(line)
  }

  private mutating func writeLine(
    _ id: SlabHandle, _ termination: Termination, error: StaticString?, on loop: inout EventLoop
  ) {
    let isExported = isTracing && exchanges[id].trace?.isSampled ?? false
    let isKept = shared.log != nil || shared.journal != nil
    guard isKept || isExported else { return }
    exchanges[id].putEnding(termination, error: error, at: loop.now)
    if isKept {
      lines.put(exchanges[id].line)
      lineCount &+= 1
      // Not into the exchange's own line: spans are made of that.
      if let capture = exchanges[id].capture {
        capture.put(
          requestIsComplete: exchanges[id].requestBody.isFinished,
          responseIsComplete: termination == .completed, into: &lines)
      }
    }
    if isExported { spanLines.put(exchanges[id].line) }
    if max(lines.count, spanLines.count) >= Relay.lineBatchBytes {
      flushLines()
    } else if flushAt == 0 {
      flushAt = loop.now + Relay.lineDelay
      loop.setAlarm(at: flushAt)
    }
  }

  /// Hands the waiting lines to the log's thread, and to the journal's.
  mutating func flushLines() {
    flushAt = 0
    if !lines.isEmpty {
      shared.journal?.write(lines)
      shared.log?.write(&lines, count: lineCount)
      lines.removeAll()
      lineCount = 0
      // Bodies made it larger than lines alone do.
      if lines.allocatedBytes > 8 * Relay.lineBatchBytes { lines.release() }
    }
    if !spanLines.isEmpty {
      shared.spans?.write(spanLines)
      spanLines.removeAll()
    }
  }
}
