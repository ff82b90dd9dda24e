internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting

/// The upstream's bytes become answers.
extension Relay {
  mutating func upstreamSent(
    _ bytes: RawSpan, _ upstream: SlabHandle, on loop: inout EventLoop
  ) {
    let id = upstreams[upstream].fetch.exchange
    guard id.isSome, exchanges[id].state.isUpstream else {
      if id.isSome, exchanges[id].state.phase == .readingAnswer {
        readAnswer(id, bytes, on: &loop)
        return
      }
      if id.isSome, exchanges[id].state.phase == .resending {
        exchanges[id].state.answeredWhileResending()
        readAnswerHead(id, bytes, from: upstream, on: &loop)
        return
      }
      // RFC 9112 section 9.2: bytes that nothing asked for are never an answer.
      dropUpstream(upstream, on: &loop)
      return
    }
    if exchanges[id].state.answerHasBegun {
      output.removeAll()
      relayBody(id, bytes, from: 0, screens: mustScreen(id), on: &loop)
    } else {
      readAnswerHead(id, bytes, from: upstream, on: &loop)
    }
  }

  /// Reads an answer's head, whose beginning may have arrived already.
  @inline(__always)
  private mutating func readAnswerHead(
    _ id: SlabHandle, _ bytes: RawSpan, from upstream: SlabHandle, on loop: inout EventLoop
  ) {
    if upstreams[upstream].input.isEmpty {
      let served = serveAnswerHead(id, bytes, isContinued: false, on: &loop)
      guard served < bytes.byteCount else { return }
      upstreams[upstream].scanner = HeadScanner(behindLeadingLines: true)
      upstreams[upstream].input.put(bytes.slice(served, bytes.byteCount))
    } else {
      var input = ByteBuffer()
      swap(&input, &upstreams[upstream].input)
      input.put(bytes)
      let served = serveAnswerHead(id, input.bytes, isContinued: true, on: &loop)
      guard served < input.count else { return }
      input.consume(served)
      swap(&input, &upstreams[upstream].input)
    }
  }

  /// Parses the heads at the start of `bytes`, interim ones too, and relays what follows the final one.
  ///
  /// - Parameter isContinued: the beginning of `bytes` was parsed before, and is an incomplete head.
  /// - Returns: how many bytes are done with. Fewer than all only when a head is not complete; with all of them, the
  ///   connection may be gone.
  private mutating func serveAnswerHead(
    _ id: SlabHandle, _ bytes: RawSpan, isContinued: Bool, on loop: inout EventLoop
  ) -> Int {
    var at = 0
    while at < bytes.byteCount {
      let rest = bytes.slice(at, bytes.byteCount)
      let head: ResponseHead
      let method: HTTPMethod
      let isErrand: Bool
      if isContinued, at == 0, !isWorthParsing(rest, from: exchanges[id].upstream) { return 0 }
      do throws(ResponseFault) {
        (method, isErrand) = exchanges[id].asked
        guard let parsed = try responseParser.parse(rest, answering: method)
        else {
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
      if head.status >= 401, isForGateway(id, head, rest, on: &loop) { return bytes.byteCount }
      if isErrand, takeAnswer(id, head, rest, on: &loop) {
        return bytes.byteCount
      }
      let sent = beginAnswer(id, head, rest, on: &loop)
      let isReflected = masksReflected && reflects(id, sent, rest)
      if isReflected { maskOutput(id, at: loop.now) }
      takeOffBeginning(id)
      relayBody(
        id, rest, from: head.length,
        screens: masksReflected && (isReflected || !head.isFollowedByWholeBody(in: rest)),
        on: &loop)
      return bytes.byteCount
    }
    return at
  }

  /// Deals with a refusal that is not for the caller. False for any other answer.
  @inline(never)
  private mutating func isForGateway(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    switch head.status {
    case 401, 403: isAboutCredential(id, status: head.status, on: &loop)
    case 503: putOffUpload(id, head, bytes, on: &loop)
    default: false
    }
  }

  /// Deals with a refusal that concerns the gateway's credential and is not for the caller. False for any other answer.
  private mutating func isAboutCredential(
    _ id: SlabHandle, status: Int, on loop: inout EventLoop
  ) -> Bool {
    guard exchanges[id].plan.credential != .none else { return false }
    if tryNextScope(id, after: status, on: &loop) { return true }
    guard status == 401 else { return false }
    credentialWasRefused(id, on: &loop)
    return true
  }

  /// Whether a head that arrives in pieces is complete by now, or breaks a rule. Parsing it again with every byte that
  /// follows would be quadratic.
  private mutating func isWorthParsing(_ head: RawSpan, from upstream: SlabHandle) -> Bool {
    if head.byteCount > HeadLimits.responses.headBytes { return true }
    do throws(RequestFault) {
      return try upstreams[upstream].scanner.findsEnd(in: head)
    } catch {
      // The parser reports what is wrong.
      return true
    }
  }

  /// Relays an interim answer: RFC 9110 section 15.2. False when the exchange ended with it.
  private mutating func relayInterim(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    switch exchanges[id].state.interimAnswerReceived(status: head.status) {
    case .passOn: break
    case .drop: return true
    case .refuse:
      upstreamBroke(
        id,
        GatewayError(
          .responseMalformed, "The upstream sent an unexpected interim answer."),
        .responseHead, mayRetry: false, reason: "interim", on: &loop)
      return false
    }
    let context = ResponseHeadRewriter.Context(framing: .unchanged, closesConnection: false)
    output.removeAll()
    responseRewriter.write(
      head, fields: responseParser.fields, in: bytes, context: context, dates: dates,
      into: &output)
    output.put("\r\n")
    if masksReflected, reflects(id, bytes) { maskOutput(id, at: loop.now) }
    takeOffBeginning(id)
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
    return true
  }

  /// Settles the framing and writes the answer's head into `output`, to go out with the body's first bytes.
  ///
  /// - Returns: the credential that the request was sent with.
  @discardableResult
  mutating func beginAnswer(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> SentCredential {
    let upstream = exchanges[id].upstream
    let sent = upstreams[upstream].fetch.note(
      head, isWhole: exchanges[id].state.requestIsComplete)
    if isCapturing {
      exchanges[id].capture?.beginResponse(status: head.status, responseParser.fields, in: bytes)
    }
    if exchanges[id].state.hasToProve { noteProof(id, status: head.status) }
    if head.status == 429 || head.status == 503 {
      noteUpstreamRefusal(id, head, bytes, on: &loop)
    }
    let beginning = exchanges[id].beginAnswer(head, isDraining: draining.endsCallers)
    switch beginning.action {
    case .relay: break
    // From here on nobody waits for the rest of the request.
    case .relayWhileReading: loop.setDeadline(callers[exchanges[id].caller].socket, at: nil)
    case .relayAndDropRest: dropRest(exchanges[id].caller, on: &loop)
    }
    let context = ResponseHeadRewriter.Context(
      framing: beginning.framing, closesConnection: !beginning.keepsCaller,
      appPrefix: beginning.app.map { "/apps/" + generation.rules.apps[$0].name } ?? "",
      leavesLocation: beginning.isForBrowser)
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    if retirement.isEmpty {
      responseRewriter.write(
        head, fields: responseParser.fields, in: bytes, context: context, dates: dates,
        into: &output)
    } else {
      writeFormerHead(id, head, bytes, context)
    }
    generation.limitFields.put(exchanges[id].limitReport, into: &output)
    putRequestIDAndEnd(id)
    return sent
  }

  /// Writes the head of an answer when the request's upstream may be another one than that of new requests.
  @inline(never)
  private mutating func writeFormerHead(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan,
    _ context: ResponseHeadRewriter.Context
  ) {
    let rewriter = ResponseHeadRewriter(rules: generation(of: id).rules)
    rewriter.write(
      head, fields: responseParser.fields, in: bytes, context: context, dates: dates,
      into: &output)
  }

  /// Reads and discards what a caller still sends of its request.
  private mutating func dropRest(_ caller: SlabHandle, on loop: inout EventLoop) {
    loop.setDeadline(callers[caller].socket, at: nil)
    callers[caller].http.input.release()
    loop.resumeReading(callers[caller].socket)
  }

  /// Relays the body's bytes from `start` on. `output` holds what precedes them.
  ///
  /// - Parameter screens: they may contain the credential, or its beginning.
  mutating func relayBody(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, screens: Bool, on loop: inout EventLoop
  ) {
    let caller = callers[exchanges[id].caller].socket
    let upstream = exchanges[id].upstream
    let isChunked = if case .chunked = exchanges[id].outgoingFraming { true } else { false }
    var at = start
    var queued = 0
    do throws(RequestFault) {
      while at < bytes.byteCount, !upstreams[upstream].fetch.answer.isFinished {
        let run = try upstreams[upstream].fetch.answer.next(bytes, from: at)
        at = run.next
        guard run.dataEnd > run.dataStart else { continue }
        let data = bytes.slice(run.dataStart, run.dataEnd)
        if screens, self.screens(id, data, at: loop.now) {
          putScreened(id, isChunked: isChunked)
          continue
        }
        exchanges[id].capture?.takeResponse(data)
        if isChunked {
          ChunkWriter.put(data, into: &output)
        } else if output.isEmpty && data.byteCount > 2048 {
          // A long run is not copied.
          queued = loop.send(data, to: caller)
        } else {
          output.put(data)
        }
      }
    } catch {
      if exchanges[id].state.answerHasBegun {
        // The valid part goes out, without an end.
        loop.send(output.bytes, to: caller)
      } else {
        // Nothing of it went out yet, so the caller can get an error.
        upstreams[upstream].fetch.answer = BodyReader()
      }
      upstreamBroke(
        id, GatewayError(ResponseFault.malformedChunk), .responseBody, mayRetry: false,
        reason: "malformed", on: &loop)
      return
    }
    exchanges[id].state.answerSent()
    let isComplete = upstreams[upstream].fetch.answer.isFinished
    if isComplete, screens, endsScreening(id) { putScreened(id, isChunked: isChunked) }
    if isComplete && isChunked { output.put("0\r\n\r\n") }
    if !output.isEmpty { queued = loop.send(output.bytes, to: caller) }
    if isComplete {
      // Bytes after the answer's end: never deliver them, and never use the connection again.
      if at < bytes.byteCount { upstreams[upstream].fetch.keepsConnection = false }
      finishAnswer(id, on: &loop)
      return
    }
    let callerIsBehind = queued > highWater
    awaitUpstream(id, callerIsBehind: callerIsBehind, on: &loop)
    guard callerIsBehind else { return }
    loop.pauseReading(upstreams[upstream].socket)
    awaitCaller(id, isBehind: true, on: &loop)
  }

  /// The answer is complete.
  mutating func finishAnswer(_ id: SlabHandle, on loop: inout EventLoop) {
    let upstream = exchanges[id].upstream
    if upstreams[upstream].fetch.keepsConnection {
      becomeIdle(endFetch(id, at: loop.now), wasUsed: true, on: &loop)
    } else {
      abandonUpstream(id, on: &loop)
    }
    finish(id, .completed, error: nil, on: &loop)
  }
}

extension Exchange {
  /// How an answer begins.
  struct AnswerBeginning {
    let action: ExchangeStateMachine.AnswerAction
    let framing: ResponseHeadRewriter.OutgoingFraming
    let keepsCaller: Bool
    /// The app whose prefix the request's path had.
    let app: Int?
    /// The call has no credential: a learner's browser follows its redirects itself.
    let isForBrowser: Bool
  }

  /// Decides how the answer with `head` goes to the caller.
  @inline(__always)
  mutating func beginAnswer(_ head: ResponseHead, isDraining: Bool) -> AnswerBeginning {
    status = UInt16(head.status)
    var endsByClose = false
    switch head.framing {
    case .none, .length: outgoingFraming = .unchanged
    case .chunked, .untilClose:
      endsByClose = state.isHTTP10
      outgoingFraming = endsByClose ? .untilClose : .chunked
    }
    let action = state.answerReceived(
      status: head.status, endsCaller: isDraining || endsByClose)
    let isForBrowser = if case .none = plan.credential { true } else { false }
    return AnswerBeginning(
      action: action, framing: outgoingFraming, keepsCaller: state.keepsCaller,
      app: plan.hasAppPrefix ? plan.app : nil, isForBrowser: isForBrowser)
  }
}
