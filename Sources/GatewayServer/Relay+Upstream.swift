internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import Telemetry

/// An upstream's bytes become answers.
extension Relay {
  mutating func upstreamSent(
    _ bytes: RawSpan, _ upstream: SlabHandle, on loop: inout EventLoop
  ) {
    let id = upstreams[upstream].exchange
    guard id.isSome, exchanges[id].state.isUpstream else {
      // RFC 9112 section 9.2: bytes nobody asked for are never anybody's answer.
      dropUpstream(upstream, on: &loop)
      return
    }
    if exchanges[id].state.answerHasBegun {
      output.removeAll()
      relayBody(id, bytes, from: 0, on: &loop)
    } else if upstreams[upstream].input.isEmpty {
      let served = serveAnswerHead(id, bytes, isContinued: false, on: &loop)
      // The connection may have been given up or back with that.
      guard served < bytes.byteCount, upstreams.contains(upstream) else { return }
      upstreams[upstream].scanner = HeadScanner(behindLeadingLines: true)
      upstreams[upstream].input.put(bytes.slice(served, bytes.byteCount))
    } else {
      var input = ByteBuffer()
      swap(&input, &upstreams[upstream].input)
      input.put(bytes)
      let served = serveAnswerHead(id, input.bytes, isContinued: true, on: &loop)
      guard served < input.count, upstreams.contains(upstream) else { return }
      input.consume(served)
      swap(&input, &upstreams[upstream].input)
    }
  }

  /// Parses the heads at the start of `bytes`, interim ones too, and relays what follows the final one.
  ///
  /// - Parameter isContinued: the beginning of `bytes` was parsed before, and is an incomplete head.
  /// - Returns: how many bytes are done with; fewer than all when a head is not complete.
  private mutating func serveAnswerHead(
    _ id: SlabHandle, _ bytes: RawSpan, isContinued: Bool, on loop: inout EventLoop
  ) -> Int {
    var at = 0
    while at < bytes.byteCount {
      let rest = bytes.slice(at, bytes.byteCount)
      let head: ResponseHead
      if isContinued, at == 0, !isWorthParsing(rest, from: exchanges[id].upstream) { return 0 }
      do throws(ResponseFault) {
        guard let parsed = try responseParser.parse(rest, answering: exchanges[id].method) else {
          return at
        }
        head = parsed
      } catch {
        upstreamBroke(
          id, GatewayError(error), .responseHead, mayRetry: false, reason: "malformed", on: &loop)
        return bytes.byteCount
      }
      if head.isInterim {
        guard relayInterim(id, head, rest, on: &loop) else { return bytes.byteCount }
        at += head.length
        upstreams[exchanges[id].upstream].scanner = HeadScanner(behindLeadingLines: true)
        continue
      }
      if head.status == 401, exchanges[id].plan.credential != .none {
        credentialWasRefused(id, on: &loop)
        return bytes.byteCount
      }
      if head.status == 403, tryNextScope(id, after: 403, on: &loop) { return bytes.byteCount }
      beginAnswer(id, head, rest, on: &loop)
      relayBody(id, rest, from: head.length, on: &loop)
      return bytes.byteCount
    }
    return at
  }

  /// Whether a head that comes in pieces has its end by now, or breaks a rule: parsing it with every byte that
  /// follows would be quadratic.
  private mutating func isWorthParsing(_ head: RawSpan, from upstream: SlabHandle) -> Bool {
    if head.byteCount > HeadLimits.responses.headBytes { return true }
    do throws(RequestFault) {
      return try upstreams[upstream].scanner.findsEnd(in: head)
    } catch {
      // The parser says what is wrong.
      return true
    }
  }

  /// Passes an interim answer on: RFC 9110 section 15.2. False when the exchange ended with it.
  private mutating func relayInterim(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    switch exchanges[id].state.interimAnswerReceived(status: head.status) {
    case .passOn: break
    case .dropAnswer: return true
    default:
      upstreamBroke(
        id,
        GatewayError(
          .responseMalformed, "The upstream sent an interim answer that makes no sense here."),
        .responseHead, mayRetry: false, reason: "interim", on: &loop)
      return false
    }
    let context = ResponseHeadRewriter.Context(framing: .unchanged, closesConnection: false)
    output.removeAll()
    responseRewriter.write(
      head, fields: responseParser.fields, in: bytes, context: context, dates: dates,
      into: &output)
    output.put("\r\n")
    takeOffBeginning(id)
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
    return true
  }

  /// Settles the framing and writes the answer's head into `output`, to go out with the body's first bytes.
  private mutating func beginAnswer(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) {
    exchanges[id].noteAnswer(head)
    exchanges[id].capture?.beginResponse(
      status: head.status, responseParser.fields, in: bytes)
    if exchanges[id].state.hasToProve { noteProof(id, status: head.status) }
    // An answer that came before the whole request: neither connection can be used again.
    let isEarly = !exchanges[id].state.requestIsComplete
    // So is one whose head tells of a body that must not come: it may come all the same.
    exchanges[id].keepsUpstream = head.keepsAlive && !isEarly && !head.tellsOfAbsentBody
    var framing = ResponseHeadRewriter.OutgoingFraming.unchanged
    var endsByClose = false
    switch head.framing {
    case .none, .length: break
    case .chunked, .untilClose:
      endsByClose = exchanges[id].isHTTP10
      framing = endsByClose ? .untilClose : .chunked
    }
    exchanges[id].outgoingFraming = framing
    if isEarly || isDraining || endsByClose { exchanges[id].keepsCaller = false }
    if head.status == 429 || head.status == 503 {
      noteUpstreamRefusal(id, head, bytes, on: &loop)
    }
    if isEarly { answerComesEarly(id, status: head.status, on: &loop) }
    let isForBrowser =
      if case .none = exchanges[id].plan.credential { true } else { false }
    let context = ResponseHeadRewriter.Context(
      framing: framing, closesConnection: !exchanges[id].keepsCaller,
      appPrefix: exchanges[id].plan.hasAppPrefix
        ? "/apps/" + shared.rules.apps[exchanges[id].plan.app].name : "",
      leavesLocation: isForBrowser)
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    responseRewriter.write(
      head, fields: responseParser.fields, in: bytes, context: context, dates: dates,
      into: &output)
    shared.limitFields.put(exchanges[id].limitReport, into: &output)
    putRequestIDAndEnd(id)
    takeOffBeginning(id)
  }

  /// The upstream answers before it has all of the request, whose rest is not waited for any more.
  @inline(never)
  private mutating func answerComesEarly(
    _ id: SlabHandle, status: Int, on loop: inout EventLoop
  ) {
    let caller = exchanges[id].caller
    let socket = callers[caller].socket
    loop.setDeadline(socket, at: nil)
    // With 2xx it may be reading on. A refusal means that nothing more needs to be sent (RFC 9112 section 9.5),
    // but the caller may have to send all of it before it reads.
    guard status >= 300 else { return }
    exchanges[id].ignoresBody = true
    callers[caller].input.release()
    loop.resumeReading(socket)
  }

  /// Relays the body's bytes from `start` on; `output` holds what goes before them.
  private mutating func relayBody(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) {
    let caller = callers[exchanges[id].caller].socket
    let isChunked = if case .chunked = exchanges[id].outgoingFraming { true } else { false }
    var at = start
    var queued = 0
    do throws(RequestFault) {
      while at < bytes.byteCount, !exchanges[id].responseBody.isFinished {
        let run = try exchanges[id].responseBody.next(bytes, from: at)
        at = run.next
        guard run.dataEnd > run.dataStart else { continue }
        let data = bytes.slice(run.dataStart, run.dataEnd)
        exchanges[id].capture?.takeResponse(data)
        if isChunked {
          ChunkWriter.put(data, into: &output)
        } else if output.isEmpty && data.byteCount > 2048 {
          // A long run goes without a copy.
          queued = loop.send(data, to: caller)
        } else {
          output.put(data)
        }
      }
    } catch {
      if exchanges[id].state.answerHasBegun {
        // What was good of it goes out, without an end.
        loop.send(output.bytes, to: caller)
      } else {
        // Nothing of it went out yet, so the caller can be told.
        exchanges[id].responseBody = BodyReader()
      }
      upstreamBroke(
        id, GatewayError(ResponseFault.malformedChunk), .responseBody, mayRetry: false,
        reason: "malformed", on: &loop)
      return
    }
    exchanges[id].state.answerSent()
    let isComplete = exchanges[id].responseBody.isFinished
    if isComplete && isChunked { output.put("0\r\n\r\n") }
    if !output.isEmpty { queued = loop.send(output.bytes, to: caller) }
    if isComplete {
      // Bytes behind the answer's end: never deliver them, never use the connection again.
      if at < bytes.byteCount { exchanges[id].keepsUpstream = false }
      finishAnswer(id, on: &loop)
      return
    }
    let now = loop.now
    let upstream = upstreams[exchanges[id].upstream].socket
    if queued > highWater {
      loop.pauseReading(upstream)
      loop.setDeadline(upstream, at: nil)
      loop.setDeadline(caller, at: now + shared.settings.idleTimeout)
    } else {
      loop.setDeadline(upstream, at: now + shared.settings.idleTimeout)
    }
  }

  /// The answer is complete.
  private mutating func finishAnswer(_ id: SlabHandle, on loop: inout EventLoop) {
    let upstream = exchanges[id].upstream
    if exchanges[id].keepsUpstream {
      exchanges[id].upstream = .none
      upstreams[upstream].exchange = .none
      // Idle before the exchange ends, so that the caller's next request finds it.
      becomeIdle(upstream, wasUsed: true, on: &loop)
      finish(id, .completed, error: nil, on: &loop)
    } else {
      abandonUpstream(id, on: &loop)
      finish(id, .completed, error: nil, on: &loop)
    }
  }

  /// The upstream will send no more.
  mutating func upstreamEnded(
    _ upstream: SlabHandle, cleanly: Bool, on loop: inout EventLoop
  ) {
    let id = upstreams[upstream].exchange
    guard id.isSome else {
      dropUpstream(upstream, on: &loop)
      return
    }
    if exchanges[id].state.answerHasBegun, exchanges[id].responseBody.endsWithConnection, cleanly {
      // RFC 9112 section 6.3: that is the end of this body. Over TLS only with close_notify (9.8).
      if exchanges[id].outgoingFraming == .chunked {
        output.removeAll()
        output.put("0\r\n\r\n")
        loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
      }
      finishAnswer(id, on: &loop)
      return
    }
    let hasAnswer = exchanges[id].state.answerHasBegun || !upstreams[upstream].input.isEmpty
    let error =
      hasAnswer
      ? GatewayError(
        .responseIncomplete, "\(shared.settings.upstreamName) closed in the middle of its answer.")
      : GatewayError(
        .connectionTerminated, "\(shared.settings.upstreamName) closed without an answer.")
    upstreamBroke(
      id, error, exchanges[id].state.answerHasBegun ? .responseBody : .responseHead, mayRetry: true,
      reason: "closed", on: &loop)
  }

  /// The connection failed, and is closed already.
  mutating func upstreamFailed(
    _ upstream: SlabHandle, _ failure: SocketFailure, on loop: inout EventLoop
  ) {
    let id = upstreams[upstream].exchange
    let wasConnected = upstreams[upstream].isConnected
    guard id.isSome else {
      forgetUpstream(upstream)
      if pool.shares.waitingCount > 0 { serveWaiting(on: &loop) }
      return
    }
    if wasConnected {
      let wroteBytes = if case .untaken = failure { false } else { true }
      upstreamBroke(
        id, Relay.error(for: failure, name: shared.settings.upstreamName),
        exchanges[id].state.logPhase, mayRetry: true, wroteBytes: wroteBytes, reason: "broken",
        on: &loop)
    } else {
      exchanges[id].upstream = .none
      forgetUpstream(upstream)
      connectFailed(id, failure, on: &loop)
      if pool.shares.waitingCount > 0 { serveWaiting(on: &loop) }
    }
  }

  /// Ends the attempt: once more where that is safe (``RetryRule``), else an error, or a visible cut.
  private mutating func upstreamBroke(
    _ id: SlabHandle, _ error: GatewayError, _ phase: Termination.Phase, mayRetry: Bool,
    wroteBytes: Bool = true, reason: StaticString, on loop: inout EventLoop
  ) {
    let upstream = exchanges[id].upstream
    let failure = UpstreamFailure(
      wasReused: upstreams[upstream].wasReused,
      wroteBytes: wroteBytes, receivedBytes: !upstreams[upstream].input.isEmpty, mayRetry: mayRetry)
    abandonUpstream(id, on: &loop)
    switch exchanges[id].state.upstreamFailed(failure) {
    case .retry:
      logAttempt(id, reason: reason, now: loop.now)
      connectAfresh(id, on: &loop)
    case .abortCaller:
      cutCaller(id, .init(.upstream, phase), error: error.kind.name, on: &loop)
    default: answer(id, error, .init(.upstream, phase), on: &loop)
    }
  }

  /// The upstream answered 401 to our credential. The caller has none, so the answer is not for it: a fresh
  /// token is asked for, and the request made once more with it where it can be repeated.
  private mutating func credentialWasRefused(_ id: SlabHandle, on loop: inout EventLoop) {
    if tryNextScope(id, after: 401, on: &loop) { return }
    exchanges[id].attemptStatus = 401
    abandonUpstream(id, on: &loop)
    let mayHelp = doubtCredential(
      id, isReplayable: exchanges[id].state.isReplayable, at: loop.now)
    if case .waitForToken = exchanges[id].state.credentialRefused(mayHelp: mayHelp, at: loop.now) {
      logAttempt(id, reason: "token-refused", now: loop.now)
      exchanges[id].refusedGeneration = exchanges[id].tokenGeneration
      waitForToken(id, on: &loop)
      // The next one may be there already, and nothing more be published.
      serveAwaitingToken(on: &loop)
      return
    }
    answer(id, credentialError(id), .init(.upstream, .responseHead), on: &loop)
  }

  /// Says that the exchange's credential was refused. Returns whether another one may come of it.
  private mutating func doubtCredential(
    _ id: SlabHandle, isReplayable: Bool, at now: Int64
  ) -> Bool {
    let generation = exchanges[id].tokenGeneration
    let app = exchanges[id].plan.app
    let operation = exchanges[id].plan.operation
    switch exchanges[id].plan.credential {
    case .token(let slot):
      let verdict = shared.refusals.refused(
        slot, operation: operation,
        TokenRefusals.Refusal(
          generation: generation, isSecond: exchanges[id].state.wasRefused,
          isReplayable: isReplayable),
        at: now)
      guard generation == tokens.generation(of: slot) else {
        // The token was replaced, or withdrawn, since the request was sent.
        if tokens.state(of: slot, now: now) == .missing { shared.tokenService.need(slot) }
        return true
      }
      guard case .renew(let withdraws) = verdict else { return false }
      shared.tokenService.rejected(slot, generation: generation, withdraws: withdraws)
      return true
    case .basic:
      exchanges[id].basicChecks = tokens.basicChecks(app: app)
      shared.tokenService.basicRefused(app: app, operation: operation, generation: generation)
      return true
    case .none: return false
    }
  }

  /// What was queued for the upstream has gone out: the caller may send more of its body.
  mutating func upstreamDrained(_ upstream: SlabHandle, on loop: inout EventLoop) {
    let id = upstreams[upstream].exchange
    guard id.isSome, exchanges[id].state.wantsBody else { return }
    loop.setDeadline(upstreams[upstream].socket, at: loop.now + shared.settings.idleTimeout)
    let caller = exchanges[id].caller
    if callers[caller].input.isEmpty {
      loop.resumeReading(callers[caller].socket)
      if !exchanges[id].state.answerHasBegun {
        loop.setDeadline(callers[caller].socket, at: loop.now + shared.settings.idleTimeout)
      }
    } else {
      serveInput(caller, on: &loop)
    }
  }

  /// Whether the upstream has taken some of the request since its deadline passed last. What it takes from the
  /// kernel counts, and leaves no other trace for a long time.
  private mutating func takesMore(_ upstream: SlabHandle, on loop: inout EventLoop) -> Bool {
    let untaken = loop.untakenBytes(upstreams[upstream].socket)
    let isOther = untaken != upstreams[upstream].untakenAtDeadline
    upstreams[upstream].untakenAtDeadline = untaken
    return untaken > 0 && isOther
  }

  mutating func upstreamTooSlow(_ upstream: SlabHandle, on loop: inout EventLoop) {
    let id = upstreams[upstream].exchange
    guard id.isSome else {
      dropUpstream(upstream, on: &loop)
      return
    }
    let name = shared.settings.upstreamName
    guard upstreams[upstream].isConnected else {
      abandonUpstream(id, on: &loop)
      nextAddress += 1
      figures.count(.connectionsFailed)
      logAttempt(id, reason: nil, now: loop.now)
      answer(
        id,
        GatewayError(
          .connectionTimeout,
          "\(name) did not accept a connection in time (upstream.connectTimeout)."),
        .init(.upstream, .connect), on: &loop)
      return
    }
    let phase = exchanges[id].state.logPhase
    if !exchanges[id].state.answerHasBegun, takesMore(upstream, on: &loop) {
      loop.setDeadline(
        upstreams[upstream].socket, at: loop.now + shared.settings.idleTimeout)
      return
    }
    if phase == .requestBody, loop.queuedBytes(upstreams[upstream].socket) == 0 {
      // It has all there is: the caller keeps it waiting.
      callerTooSlow(exchanges[id].caller, on: &loop)
      return
    }
    abandonUpstream(id, on: &loop)
    fail(
      id,
      GatewayError(
        .responseTimeout, "\(name) did not answer in time (upstream.responseTimeout)."),
      .init(.upstream, phase), on: &loop)
  }
}
