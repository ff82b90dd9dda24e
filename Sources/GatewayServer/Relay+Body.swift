internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// The request's body: one part is collected before anything goes upstream, the rest is handed on as it arrives.
extension Relay {
  /// Reads the body, or the beginning of a long one, before anything goes upstream.
  mutating func collectBody(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let caller = exchanges[id].caller
    // Arriving bytes do not move this deadline: a short body has to arrive in time as a whole.
    awaitCaller(id, on: &loop)
    if exchanges[id].expectsContinue { sayContinue(id, on: &loop) }
    if generation.settings.collectedBody == 0 {
      return exchanges[id].state.bodyCollected(isComplete: false)
    }
    unsettle(caller)
    return .wait
  }

  /// Tells the caller to send its body.
  mutating func sayContinue(_ id: SlabHandle, on loop: inout EventLoop) {
    // RFC 9110 section 10.1.1: checks of host, policy, limits and token have passed.
    exchanges[id].expectsContinue = false
    output.removeAll()
    output.put("HTTP/1.1 100 Continue\r\n\r\n")
    takeOffBeginning(id)
    loop.send(output.bytes, to: callers[exchanges[id].caller].socket)
  }

  /// Takes as much of the body as `bytes` hold from `start` on, and returns the offset to go on from. Returns `start`
  /// itself when the body must wait or none of it is left to take.
  mutating func takeBody(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    guard exchanges[id].state.wantsBody else { return start }
    if exchanges[id].state.dropsBody { return drop(id, bytes, from: start, on: &loop) }
    return exchanges[id].state.phase == .collectingBody
      ? collect(id, bytes, from: start, on: &loop) : forward(id, bytes, from: start, on: &loop)
  }

  private mutating func collect(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    let isChunked = exchanges[id].requestFraming == .chunked
    let limit = generation.settings.collectedBody
    var at = start
    do throws(RequestFault) {
      while at < bytes.byteCount, exchanges[id].collects(upTo: limit) {
        let run = try exchanges[id].requestBody.next(bytes, from: at)
        at = run.next
        guard run.dataEnd > run.dataStart else { continue }
        let data = bytes.slice(run.dataStart, run.dataEnd)
        if isCapturing { exchanges[id].capture?.takeRequest(data) }
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
    if !isComplete, generation.settings.uploads.place != nil {
      beginKeeping(id)
    }
    let action = exchanges[id].state.bodyCollected(isComplete: isComplete)
    awaitCaller(id, on: &loop)
    run(action, of: id, on: &loop)
    return at
  }

  /// Hands on what arrives of a long body.
  private mutating func forward(
    _ id: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    let upstream = exchanges[id].upstream
    let socket = upstreams[upstream].socket
    // A body that can be forwarded unchanged is not copied.
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
      // The rest may not be a body at all: end both sides, the upstream's without its last chunk.
      abandonUpstream(id, on: &loop)
      shared.faults.add(error)
      // If the upstream answered before it had the whole request, no second head may follow.
      end(
        id, exchanges[id].state.failed(), GatewayError(error), .init(.caller, .requestBody),
        on: &loop)
      return bytes.byteCount
    }
    let isComplete = exchanges[id].requestBody.isFinished
    if isComplete, isChunked { output.put("0\r\n\r\n") }
    let isKept =
      exchanges[id].spool != nil
      && (isChunked ? keepOutput(id) : keep(id, bytes.slice(runStart, runEnd)))
    exchanges[id].state.bodyForwarded(isComplete: isComplete, isKept: isKept)
    let queued =
      isChunked
      ? loop.send(output.bytes, to: socket)
      : loop.send(bytes.slice(runStart, runEnd), to: socket)
    awaitUpstream(id, on: &loop)
    let upstreamIsBehind = queued > highWater && !isComplete
    if upstreamIsBehind { loop.pauseReading(callers[exchanges[id].caller].socket) }
    awaitCaller(id, upstreamIsBehind: upstreamIsBehind, on: &loop)
    return at
  }
}
