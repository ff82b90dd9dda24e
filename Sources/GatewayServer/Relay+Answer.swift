internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting
internal import SCORMCloudAPI

/// The answers that the gateway itself gives.
extension Relay {
  /// Ends an exchange that cannot be completed, in the way that its state machine says: with a problem document, or by
  /// visibly cutting the connection when the caller has already got a part of an answer.
  mutating func end(
    _ id: SlabHandle, _ action: ExchangeStateMachine.FailureAction, _ error: GatewayError,
    _ termination: Termination, on loop: inout EventLoop
  ) {
    switch action {
    case .abortCaller: cutCaller(id, termination, error: error.kind.name, on: &loop)
    case .answerError, .tryAgain: answer(id, error, termination, on: &loop)
    }
  }

  /// Ends the exchange with a problem document, unless its errand goes on or ends in its own way. `refusal`: set when a
  /// limit is the problem.
  mutating func answer(
    _ id: SlabHandle, _ error: GatewayError, _ termination: Termination,
    refusal: LimitRefusal? = nil, on loop: inout EventLoop
  ) {
    if exchanges[id].isErrand, errandFailed(id, error, termination, on: &loop) { return }
    answerProblem(id, error, termination, refusal: refusal, on: &loop)
  }

  /// Ends the exchange with a problem document. Its caller has got nothing of an answer yet.
  mutating func answerProblem(
    _ id: SlabHandle, _ error: GatewayError, _ termination: Termination, refusal: LimitRefusal?,
    on loop: inout EventLoop
  ) {
    let caller = exchanges[id].caller
    let socket = callers[caller].socket
    // A connection that ends is closed in stages, so that the caller gets to see why (RFC 9112 section 9.6).
    exchanges[id].state.answersItself(endsCaller: error.closesConnection || draining.endsCallers)
    var body = ByteBuffer(capacity: 512)
    exchanges[id].putProblem(error, into: &body)
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    putStatusLine(error.status)
    output.put("Content-Type: application/problem+json\r\nContent-Length: ")
    output.put(decimal: body.count)
    output.put("\r\n")
    if let allow = error.allow {
      output.put("Allow: ")
      output.put(text: allow.allowField)
      output.put("\r\n")
    }
    if let refusal {
      // The limits' fields, Retry-After among them.
      generation.limitFields.put(refusal, into: &output)
    } else if let seconds = error.retryAfter {
      output.put("Retry-After: ")
      output.put(decimal: max(1, seconds))
      output.put("\r\n")
    }
    // RFC 9209: which hop failed, and why.
    output.put("Proxy-Status: scorm-gateway; error=")
    output.put(error.proxyErrorType)
    output.put("\r\n")
    putCommonFields(id)
    if exchanges[id].state.method != .head {
      output.put(body.bytes)
    }
    takeOffBeginning(id)
    loop.send(output.bytes, to: socket)
    abandonUpstream(id, on: &loop)
    exchanges[id].status = UInt16(error.status)
    exchanges[id].answerBytes += exchanges[id].state.method == .head ? 0 : body.count
    finish(id, termination, error: error.kind.name, on: &loop)
  }

  /// Answers OPTIONS: RFC 9110 section 9.3.7. Preflights never come here: they have an Origin.
  mutating func answerOptions(_ id: SlabHandle, _ methods: MethodSet, on loop: inout EventLoop) {
    exchanges[id].state.answersItself(endsCaller: false)
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    putStatusLine(204)
    output.put("Allow: ")
    output.put(text: methods.allowField)
    output.put(", OPTIONS\r\n")
    putCommonFields(id)
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
    exchanges[id].status = 204
    finish(id, .completed, error: nil, on: &loop)
  }

  mutating func putStatusLine(_ status: Int) {
    output.put("HTTP/1.1 ")
    output.put(decimal: status)
    output.put(UInt8(ascii: " "))
    output.put(StatusReason.text(status))
    output.put("\r\n")
    dates.putFieldLine(into: &output)
  }

  /// The beginning of every message to a caller.
  private static var answerBeginning: StaticString { "HTTP/1.1 " }

  /// Sends the caller the bytes that every answer begins with. A caller that is gone responds with a reset; for one
  /// that still reads, they change nothing.
  mutating func sendBeginning(_ id: SlabHandle, on loop: inout EventLoop) {
    guard !exchanges[id].hasSentBeginning else { return }
    exchanges[id].hasSentBeginning = true
    output.removeAll()
    output.put(Relay.answerBeginning)
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
  }

  /// Removes from `output`, the beginning of a message to the caller, the bytes that the caller already has.
  @inline(__always)
  mutating func takeOffBeginning(_ id: SlabHandle) {
    guard exchanges[id].hasSentBeginning else { return }
    exchanges[id].hasSentBeginning = false
    output.consume(Relay.answerBeginning.utf8CodeUnitCount)
  }

  /// Appends the fields of all answers from the gateway itself, and the empty line.
  mutating func putCommonFields(_ id: SlabHandle) {
    output.put("Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
    if !exchanges[id].state.keepsCaller { output.put("Connection: close\r\n") }
    putRequestIDAndEnd(id)
  }

  /// Appends the request id's field and the empty line that ends the head.
  mutating func putRequestIDAndEnd(_ id: SlabHandle) {
    output.put("X-Request-Id: ")
    output.put(
      exchanges[id].line, Int(exchanges[id].requestIDPlace.start),
      Int(exchanges[id].requestIDPlace.end))
    output.put("\r\n\r\n")
  }

  /// Refuses bytes that are not a request. There is no head, so the exchange knows only who sent them.
  mutating func refuseBytes(
    _ caller: SlabHandle, _ fault: RequestFault, on loop: inout EventLoop
  ) {
    shared.faults.add(fault)
    let id = openExchangeOfNoRequest(caller, on: &loop)
    logCaller(id)
    answer(id, GatewayError(fault), .init(.caller, .request), on: &loop)
  }

  /// Refuses a caller whose head did not arrive in time.
  mutating func refuseSlowHead(_ caller: SlabHandle, on loop: inout EventLoop) {
    callers[caller].http.input.release()
    let id = openExchangeOfNoRequest(caller, on: &loop)
    logCaller(id)
    answer(
      id,
      GatewayError(
        .requestTimeout,
        "The request's head took longer than \(generation.settings.headTimeout / 1_000_000_000) s."),
      .init(.caller, .request), on: &loop)
  }
}

extension Exchange {
  func putProblem(_ error: GatewayError, into out: inout ByteBuffer) {
    ProblemBody.put(
      error, requestID: line.bytes.slice(Int(requestIDPlace.start), Int(requestIDPlace.end)),
      into: &out)
  }
}
