internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI
internal import Telemetry
internal import TrafficLog

/// Where an exchange begins and ends, and its line is written: exactly one for each.
extension Relay {
  /// Opens the exchange of a request and writes what its bytes tell into its line. `head` is nil for bytes
  /// that are no request.
  mutating func openExchange(
    _ caller: SlabHandle, _ head: RequestHead?, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> SlabHandle {
    let id = exchanges.insert(
      Exchange(caller: caller, at: loop.now, head: takeBuffer(), line: takeBuffer()))
    callers[caller].exchange = id
    dates.update(wallTime: loop.wallTime)
    putLineStart(id, head, bytes, on: &loop)
    beginTrace(id, head, bytes)
    guard let head else {
      exchanges[id].keepsCaller = false
      return id
    }
    exchanges[id].method = head.method
    exchanges[id].isHTTP10 = head.version == .http10
    exchanges[id].keepsCaller = head.keepsAlive && !callers[caller].hasEnded
    exchanges[id].requestFraming = head.framing
    exchanges[id].requestBody = BodyReader(head.framing)
    exchanges[id].expectsContinue = head.expectsContinue
    exchanges[id].state.opened(hasBody: head.framing != .none)
    return id
  }

  private mutating func putLineStart(
    _ id: SlabHandle, _ head: RequestHead?, _ bytes: RawSpan, on loop: inout EventLoop
  ) {
    TrafficLine.open(into: &exchanges[id].line)
    dates.putStampPrefix(into: &exchanges[id].line)
    TrafficLine.putMicrosecond(
      Int(loop.wallTime % 1_000_000_000) / 1000, into: &exchanges[id].line)
    exchanges[id].requestIDStart = exchanges[id].line.count
    putRequestID(id, head, bytes)
    exchanges[id].requestIDEnd = exchanges[id].line.count
    TrafficLine.openAddress(into: &exchanges[id].line)
    let peer = callers[exchanges[id].caller].peer
    peer.put(into: &exchanges[id].line)
    guard let head else {
      TrafficLine.closeAddress(into: &exchanges[id].line)
      return
    }
    TrafficLine.putRequest(
      method: head.method(in: bytes), path: head.path(in: bytes),
      query: head.queryStart < head.targetEnd
        ? bytes.slice(head.queryStart + 1, head.targetEnd) : RawSpan(),
      into: &exchanges[id].line)
    if head.present.contains(.userAgent), let line = requestParser.fields.first(.userAgent) {
      TrafficLine.putUserAgent(line.value(in: bytes), into: &exchanges[id].line)
    }
    if head.version == .http10 { TrafficLine.putVersion10(into: &exchanges[id].line) }
    if shared.settings.sampler == nil, head.present.contains(.traceparent),
      let line = requestParser.fields.first(.traceparent)
    {
      TrafficLine.putTraceID(fromTraceparent: line.value(in: bytes), into: &exchanges[id].line)
    }
  }

  private mutating func putRequestID(_ id: SlabHandle, _ head: RequestHead?, _ bytes: RawSpan) {
    if let head, head.present.contains(.xRequestID),
      let line = requestParser.fields.first(.xRequestID), RequestIDs.isSafe(line.value(in: bytes))
    {
      exchanges[id].line.put(line.value(in: bytes))
    } else {
      requestIDs.putNew(into: &exchanges[id].line)
    }
  }

  /// Adds what the plan decided to the line; nil when the request was refused before.
  mutating func logPlan(_ id: SlabHandle, _ plan: RequestPlan?) {
    let caller = callers[exchanges[id].caller].callerNumber
    let name = caller == 0 ? "" : shared.rules.callers[Int(caller) - 1].name
    guard let plan else {
      TrafficLine.putPlan(
        caller: name, app: nil, operation: nil, credential: nil, scope: nil,
        into: &exchanges[id].line)
      return
    }
    exchanges[id].isPlanned = true
    let credential: StaticString
    switch plan.credential {
    case .token: credential = "token"
    case .basic: credential = "basic"
    case .none: credential = "none"
    }
    TrafficLine.putPlan(
      caller: name, app: shared.rules.apps[plan.app].name,
      operation: plan.isKnownOperation ? OperationTable.operation(at: plan.operation).name : nil,
      credential: credential, scope: shared.scopeText(of: plan.credential),
      into: &exchanges[id].line)
  }

  /// Adds the attempt that just ended to the line. `reason` says why another one follows.
  mutating func logAttempt(_ id: SlabHandle, reason: StaticString?, now: Int64) {
    guard exchanges[id].attemptStarted != 0 else { return }
    figures.countAttempt(
      status: exchanges[id].attemptStatus, duration: now - exchanges[id].attemptStarted,
      retryReason: reason, at: now)
    var attempt = TrafficLine.Attempt(
      status: exchanges[id].attemptStatus,
      duration: Int((now - exchanges[id].attemptStarted) / 1000), retryReason: reason)
    attempt.span = takeAttemptSpan(id)
    attempt.start = Int((exchanges[id].attemptStarted - exchanges[id].startedAt) / 1000)
    if exchanges[id].plan.rung != exchanges[id].firstRung {
      let credential = exchanges[id].plan.credential
      attempt.credential = credential == .basic ? "basic" : "token"
      attempt.scope = shared.scopeText(of: credential)
    }
    let isFirst = exchanges[id].attemptsLogged == 0
    TrafficLine.putAttempt(
      attempt, address: upstreamName, isFirst: isFirst, into: &exchanges[id].line)
    exchanges[id].attemptsLogged += 1
    exchanges[id].attemptStarted = 0
    exchanges[id].attemptStatus = 0
  }

  /// Cuts what is still under way, for an end that waits no longer.
  mutating func cutAll(on loop: inout EventLoop) {
    for id in exchanges.handles where exchanges.contains(id) {
      let phase = exchanges[id].phaseForLog
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
    exchanges[id].countWaits(until: loop.now)
    exchanges[id].state.finished()
    releaseQuota(id, now: loop.now)
    count(id, termination, error: error, at: loop.now)
    writeLine(id, termination, error: error, on: &loop)
    let caller = exchanges[id].caller
    let keepsCaller = exchanges[id].keepsCaller
    recycle(id)
    callers[caller].exchange = .none
    let socket = callers[caller].socket
    guard loop.contains(socket), keepsCaller else {
      loop.finish(socket)
      // Who is further up the stack, or asked for the cut, finds the caller gone.
      dropCaller(caller)
      return
    }
    let queued = loop.queuedBytes(socket)
    let settings = shared.settings
    loop.setDeadline(
      socket, at: loop.now + (queued == 0 ? settings.keepAliveTimeout : settings.idleTimeout))
    // Who is further up the stack goes on by itself, and so does a caller that reads its answers first.
    guard !callers[caller].isServing, queued <= settings.highWater else { return }
    if !callers[caller].input.isEmpty {
      serveInput(caller, on: &loop)
    } else if isDraining {
      // Its answer's head, written before, did not say that the connection ends.
      loop.finish(socket)
      dropCaller(caller)
    } else {
      loop.resumeReading(socket)
    }
  }

  private mutating func recycle(_ id: SlabHandle) {
    var exchange = exchanges.remove(id)
    var head = ByteBuffer()
    var line = ByteBuffer()
    var body = ByteBuffer()
    swap(&body, &exchange.body)
    if body.allocatedBytes > 0 { keepBuffer(body) }
    swap(&head, &exchange.head)
    swap(&line, &exchange.line)
    keepBuffer(head)
    keepBuffer(line)
  }

  private mutating func writeLine(
    _ id: SlabHandle, _ termination: Termination, error: StaticString?, on loop: inout EventLoop
  ) {
    let isExported = exchanges[id].trace?.isSampled ?? false
    let isKept = shared.log != nil || shared.journal != nil
    guard isKept || isExported else { return }
    var ending = TrafficLine.Ending()
    ending.status = exchanges[id].status
    ending.requestBodySize = exchanges[id].requestBody.bytesRead
    ending.responseBodySize = exchanges[id].responseBody.bytesRead + exchanges[id].localBodySize
    ending.duration = Int((loop.now - exchanges[id].startedAt) / 1000)
    ending.queueWait = Int(exchanges[id].queueWait / 1000)
    ending.tokenWait = Int(exchanges[id].tokenWait / 1000)
    ending.tokenFingerprint = exchanges[id].tokenFingerprint
    ending.termination = termination.text
    ending.errorType = error
    let hasAttempts = exchanges[id].attemptsLogged > 0
    TrafficLine.putEnding(ending, hasAttempts: hasAttempts, into: &exchanges[id].line)
    if isKept { lines.put(exchanges[id].line) }
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
      shared.log?.write(lines)
      shared.journal?.write(lines)
      lines.removeAll()
    }
    if !spanLines.isEmpty {
      shared.spans?.write(spanLines)
      spanLines.removeAll()
    }
  }
}
