internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import SCORMCloudAPI

/// A caller's bytes become requests and request bodies.
extension Relay {
  mutating func callerSent(_ bytes: RawSpan, _ handle: SlabHandle, on loop: inout EventLoop) {
    if callers[handle].input.isEmpty {
      let served = serve(handle, bytes, on: &loop)
      guard callers.contains(handle) else { return }
      if served < bytes.byteCount {
        callers[handle].input.put(bytes.slice(served, bytes.byteCount))
      }
      afterServing(handle, on: &loop)
    } else {
      callers[handle].input.put(bytes)
      serveInput(handle, on: &loop)
    }
  }

  /// Goes on with what a caller sent earlier, or reads more of it. Nothing while its bytes are being served
  /// further up the stack, where that goes on by itself.
  mutating func readOn(_ handle: SlabHandle, on loop: inout EventLoop) {
    guard !callers[handle].isServing else { return }
    if callers[handle].input.isEmpty {
      if callers[handle].hasEnded {
        // The rest of a body is waited for that will not come.
        callerGone(handle, on: &loop)
        return
      }
      loop.resumeReading(callers[handle].socket)
    } else {
      serveInput(handle, on: &loop)
    }
  }

  /// Serves what a caller sent earlier.
  mutating func serveInput(_ handle: SlabHandle, on loop: inout EventLoop) {
    guard !callers[handle].isServing else { return }
    // The buffer is taken out while its bytes are lent.
    var input = ByteBuffer()
    swap(&input, &callers[handle].input)
    let served = serve(handle, input.bytes, on: &loop)
    guard callers.contains(handle) else { return }
    input.consume(served)
    if !input.isEmpty {
      swap(&input, &callers[handle].input)
    }
    afterServing(handle, on: &loop)
  }

  /// Serves as many requests as `bytes` hold and returns how many bytes are done with. What is left waits:
  /// for the rest of a head, for the exchange under way, or for an upstream that takes the body.
  private mutating func serve(
    _ handle: SlabHandle, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Int {
    callers[handle].isServing = true
    var at = 0
    while at < bytes.byteCount {
      let exchange = callers[handle].exchange
      if exchange.isSome {
        let next = takeBody(exchange, bytes, from: at, on: &loop)
        // The caller may have been cut off, or its exchange ended, with that.
        guard callers.contains(handle) else { return bytes.byteCount }
        if next == at { break }
        at = next
      } else {
        // Requests sent ahead wait while the answers before them do.
        if at > 0, loop.queuedBytes(callers[handle].socket) > highWater { break }
        guard let next = serveHead(handle, bytes, from: at, on: &loop) else { break }
        guard callers.contains(handle) else { return bytes.byteCount }
        at = next
      }
    }
    callers[handle].isServing = false
    return at
  }

  /// Settles reading and deadlines after some bytes were served.
  private mutating func afterServing(_ handle: SlabHandle, on loop: inout EventLoop) {
    let socket = callers[handle].socket
    let exchange = callers[handle].exchange
    guard exchange.isSome else {
      if loop.queuedBytes(socket) > highWater {
        // Reading goes on when it has read its answers: ``callerDrained(_:on:)``.
        loop.pauseReading(socket)
        loop.setDeadline(socket, at: loop.now + shared.settings.idleTimeout)
        return
      }
      if callers[handle].input.isEmpty {
        if isDraining {
          loop.finish(socket)
          dropCaller(handle)
          return
        }
        callers[handle].awaitsHead = false
      } else if !callers[handle].awaitsHead {
        // The deadline of a head runs from its first byte and does not move with the others.
        callers[handle].awaitsHead = true
        loop.setDeadline(socket, at: loop.now + shared.settings.headTimeout)
      }
      if callers[handle].hasEnded {
        releaseEnded(handle, on: &loop)
      } else {
        loop.resumeReading(socket)
      }
      return
    }
    if exchanges[exchange].state.wantsBody && callers[handle].input.isEmpty {
      if callers[handle].hasEnded, !exchanges[exchange].ignoresBody {
        callerGone(handle, on: &loop)
        return
      }
      let upstream = exchanges[exchange].upstream
      if !upstream.isSome || exchanges[exchange].ignoresBody
        || loop.queuedBytes(upstreams[upstream].socket) <= highWater
      {
        loop.resumeReading(socket)
      }
    } else {
      loop.pauseReading(socket)
    }
  }

  /// Parses the head at `start` and begins its exchange.
  ///
  /// - Returns: the offset behind the head; nil when it is not complete.
  private mutating func serveHead(
    _ handle: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int? {
    let rest = bytes.slice(start, bytes.byteCount)
    let head: RequestHead
    do throws(RequestFault) {
      // A head that came in pieces is parsed again only when its end is there.
      if callers[handle].awaitsHead {
        guard
          try callers[handle].scanner.findsEnd(in: rest)
            || rest.byteCount > HeadLimits.requests.headBytes
        else { return nil }
      }
      guard let parsed = try requestParser.parse(rest) else {
        if !callers[handle].awaitsHead { callers[handle].scanner = HeadScanner() }
        return nil
      }
      head = parsed
    } catch {
      refuseBytes(handle, error, on: &loop)
      return bytes.byteCount
    }
    callers[handle].awaitsHead = false
    callers[handle].hasAsked = true
    beginExchange(handle, head, rest, on: &loop)
    return start + head.length
  }

  private mutating func beginExchange(
    _ handle: SlabHandle, _ head: RequestHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) {
    let socket = callers[handle].socket
    loop.setDeadline(socket, at: nil)
    let id = openExchange(handle, head.present, bytes, on: &loop)
    note(head, bytes, of: id)
    if isDraining { exchanges[id].keepsCaller = false }
    guard HeldBytes.current <= memory.startLimit else {
      refuseForMemory(id, on: &loop)
      return
    }
    let context = CallerContext(
      listener: Int(callers[handle].listener),
      caller: callers[handle].callerNumber == 0 ? nil : Int(callers[handle].callerNumber) - 1,
      namesClosest: searches.areLeft(at: loop.now))
    let plan: RequestPlan
    do throws(PlanRefusal) {
      switch try planner.plan(head, fields: requestParser.fields, in: bytes, from: context) {
      case .forward(let forward): plan = forward
      case .options(let allowed):
        logPlan(id, nil)
        answerOptions(id, allowed, on: &loop)
        return
      }
    } catch {
      if error.error.kind == .operationUnknown { searches.take() }
      logRefusal(id, error)
      answer(id, error.error, .init(refusedAt: error.step), on: &loop)
      return
    }
    exchanges[id].plan = plan
    exchanges[id].firstRung = plan.rung
    logPlan(id, plan)
    if isCapturing, plan.isKnownOperation,
      let rule = shared.settings.captures.rule(of: plan.operation)
    {
      exchanges[id].capture = BodyCapture(
        rule, room: shared.settings.captures.room, request: requestParser.fields, in: bytes)
    }
    requestRewriter.write(
      head, fields: requestParser.fields, in: bytes, plan: plan, into: &exchanges[id].head)
    if isTracing { putTracestate(id, head, bytes) }
    exchanges[id].putRequestIDIntoHead()
    takeQuota(id, on: &loop)
  }

  /// The credential is next.
  mutating func goOn(_ id: SlabHandle, on loop: inout EventLoop) {
    switch findCredential(id, on: &loop) {
    case .takeConnection: takeConnection(id, on: &loop)
    case .collectBody: collectBody(id, on: &loop)
    case .waitForToken: waitForToken(id, on: &loop)
    default: break
    }
  }

  /// Reads the body, or the beginning of a long one, before anything upstream is asked.
  mutating func collectBody(_ id: SlabHandle, on loop: inout EventLoop) {
    let caller = exchanges[id].caller
    let socket = callers[caller].socket
    // Not moved by what arrives: a short body has to be there in time.
    loop.setDeadline(socket, at: loop.now + shared.settings.idleTimeout)
    if exchanges[id].expectsContinue {
      // RFC 9110 section 10.1.1: host, policy, limits and token have passed.
      exchanges[id].expectsContinue = false
      output.removeAll()
      output.put("HTTP/1.1 100 Continue\r\n\r\n")
      takeOffBeginning(id)
      loop.send(output.bytes, to: socket)
    }
    if shared.settings.collectedBody == 0 {
      finishCollecting(id, isComplete: false, on: &loop)
    } else {
      readOn(caller, on: &loop)
    }
  }

  /// The body is there, or as much of it as is collected.
  private mutating func finishCollecting(
    _ id: SlabHandle, isComplete: Bool, on loop: inout EventLoop
  ) {
    if case .takeConnection = exchanges[id].state.bodyCollected(isComplete: isComplete) {
      takeConnection(id, on: &loop)
    }
  }

  /// Takes as much of the body as `bytes` hold from `start` on, and returns the offset to go on from;
  /// `start` itself when the body must wait or there is none left to take.
  private mutating func takeBody(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    guard exchanges[id].state.wantsBody else { return start }
    if exchanges[id].ignoresBody { return bytes.byteCount }
    return exchanges[id].state.phase == .collectingBody
      ? collect(id, bytes, from: start, on: &loop) : forward(id, bytes, from: start, on: &loop)
  }

  private mutating func collect(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    let isChunked = exchanges[id].requestFraming == .chunked
    let limit = shared.settings.collectedBody
    var at = start
    do throws(RequestFault) {
      while at < bytes.byteCount, !exchanges[id].requestBody.isFinished,
        exchanges[id].body.count < limit
      {
        let run = try exchanges[id].requestBody.next(bytes, from: at)
        at = run.next
        guard run.dataEnd > run.dataStart else { continue }
        let data = bytes.slice(run.dataStart, run.dataEnd)
        exchanges[id].capture?.takeRequest(data)
        if isChunked {
          ChunkWriter.put(data, into: &exchanges[id].body)
        } else {
          exchanges[id].body.put(data)
        }
      }
    } catch {
      shared.faults.add(error)
      answer(id, GatewayError(error), .init(.caller, .requestBody), on: &loop)
      return bytes.byteCount
    }
    let isComplete = exchanges[id].requestBody.isFinished
    guard isComplete || exchanges[id].body.count >= limit else { return at }
    if isComplete, isChunked { exchanges[id].body.put("0\r\n\r\n") }
    let caller = exchanges[id].caller
    loop.setDeadline(callers[caller].socket, at: nil)
    finishCollecting(id, isComplete: isComplete, on: &loop)
    return at
  }

  /// Hands on what arrives of a long body.
  private mutating func forward(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    let upstream = exchanges[id].upstream
    let socket = upstreams[upstream].socket
    // A body that can be forwarded as it is goes without a copy.
    let isChunked = exchanges[id].requestFraming == .chunked
    output.removeAll()
    var at = start
    var runStart = start
    var runEnd = start
    do throws(RequestFault) {
      while at < bytes.byteCount, !exchanges[id].requestBody.isFinished {
        let run = try exchanges[id].requestBody.next(bytes, from: at)
        at = run.next
        guard run.dataEnd > run.dataStart else { continue }
        exchanges[id].capture?.takeRequest(bytes.slice(run.dataStart, run.dataEnd))
        if isChunked {
          ChunkWriter.put(bytes.slice(run.dataStart, run.dataEnd), into: &output)
        } else {
          runStart = run.dataStart
          runEnd = run.dataEnd
        }
      }
    } catch {
      // The rest cannot be trusted to be a body: end both sides, the upstream's without its last chunk.
      abandonUpstream(id, on: &loop)
      shared.faults.add(error)
      // If the upstream answered before it had the whole request, no second head may follow.
      fail(id, GatewayError(error), .init(.caller, .requestBody), on: &loop)
      return bytes.byteCount
    }
    let isComplete = exchanges[id].requestBody.isFinished
    exchanges[id].state.bodyForwarded(isComplete: isComplete)
    if isComplete, isChunked { output.put("0\r\n\r\n") }
    let queued =
      isChunked
      ? loop.send(output.bytes, to: socket)
      : loop.send(bytes.slice(runStart, runEnd), to: socket)
    loop.setDeadline(
      socket,
      at: loop.now
        + (isComplete ? shared.settings.responseTimeout : shared.settings.idleTimeout))
    let caller = exchanges[id].caller
    if queued > highWater, !isComplete { loop.pauseReading(callers[caller].socket) }
    // A caller that is paused, or that is being answered already, cannot be late.
    let isAwaited =
      !isComplete && queued <= highWater
      && !exchanges[id].state.answerHasBegun
    loop.setDeadline(
      callers[caller].socket, at: isAwaited ? loop.now + shared.settings.idleTimeout : nil)
    return at
  }

  /// All that was queued for a caller has gone out.
  mutating func callerDrained(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    guard exchange.isSome else {
      // The answers are out; the caller's next request is waited for, or one that it sent ahead and that
      // waited for it to read.
      if !callers[handle].awaitsHead {
        loop.setDeadline(callers[handle].socket, at: loop.now + shared.settings.keepAliveTimeout)
      }
      serveInput(handle, on: &loop)
      return
    }
    // It was an earlier answer's end, or an interim answer: this exchange's deadlines are others.
    guard exchanges[exchange].state.answerHasBegun else { return }
    loop.setDeadline(callers[handle].socket, at: nil)
    let upstream = exchanges[exchange].upstream
    guard upstream.isSome else { return }
    loop.resumeReading(upstreams[upstream].socket)
    loop.setDeadline(
      upstreams[upstream].socket, at: loop.now + shared.settings.idleTimeout)
  }
}

extension Exchange {
  /// Ends the head's lines with the request id.
  mutating func putRequestIDIntoHead() {
    head.put("X-Request-Id: ")
    head.put(line, Int(requestIDStart), Int(requestIDEnd))
    head.put("\r\n")
  }
}

/// Frames data as chunks: RFC 9112 section 7.1.
enum ChunkWriter {
  static func put(_ data: RawSpan, into out: inout ByteBuffer) {
    out.reserve(data.byteCount + 24)
    out.put(hexadecimal: data.byteCount)
    out.put("\r\n")
    out.put(data)
    out.put("\r\n")
  }
}
