internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Where every exchange ends.
extension Relay {
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
    // One that waited for a connection after its last address failed.
    logAttempt(id, status: 0, span: 0, reason: nil, now: loop.now)
    if exchanges[id].connectionPlace >= 0 { leaveConnectionQueue(id) }
    exchanges[id].state.finished(at: loop.now)
    releaseQuota(id, now: loop.now)
    count(id, termination, error: error, at: loop.now)
    writeLine(id, termination, error: error, on: &loop)
    let caller = exchanges[id].caller
    let keepsCaller = exchanges[id].state.keepsCaller
    // Only a caller that has sent all of its request is sure to read.
    let awaitsRest = !exchanges[id].state.requestIsComplete
    recycle(id)
    callers[caller].exchange = .none
    let socket = callers[caller].socket
    guard loop.contains(socket), keepsCaller else {
      loop.finish(socket, awaitingRest: awaitsRest && !callers[caller].http.hasEnded)
      leave(caller)
      return
    }
    let queued = loop.queuedBytes(socket)
    loop.setDeadline(
      socket,
      at: loop.now
        + (queued == 0 ? shared.settings.keepAliveTimeout : shared.settings.idleTimeout))
    unsettle(caller)
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
}
