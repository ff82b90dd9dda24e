internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// The end of every exchange.
extension Relay {
  /// Ends an exchange whose answer cannot be completed. The caller's connection is cut, so that the caller sees that
  /// something is missing.
  mutating func cutCaller(
    _ id: SlabHandle, _ termination: Termination, error: StaticString, on loop: inout EventLoop
  ) {
    let caller = exchanges[id].caller
    loop.abort(callers[caller].socket)
    finish(id, termination, error: error, on: &loop)
  }

  /// Ends the exchange. Every exchange ends here: its line is written, its memory is kept for the next one, and its
  /// caller's connection goes on or ends.
  mutating func finish(
    _ id: SlabHandle, _ termination: Termination, error: StaticString?, on loop: inout EventLoop
  ) {
    let end = exchanges[id].end(at: loop.now)
    // The exchange waited for a connection after its last address had failed.
    if end.hasAttempt { putAttempt(id, Fetch.Figures(), reason: nil, now: loop.now) }
    if end.isQueued { leaveConnectionQueue(id) }
    if end.holdsQuota { releaseQuota(id, now: loop.now) }
    if end.isErrand { noteErrand(id, termination, on: &loop) }
    count(id, termination, error: error, at: loop.now)
    writeLine(id, termination, error: error, on: &loop)
    recycle(id)
    let caller = end.caller
    let socket = callers[caller].endExchange()
    guard loop.contains(socket), end.keepsCaller else {
      loop.finish(socket, awaitingRest: end.awaitsRest && !callers[caller].http.hasEnded)
      leave(caller)
      return
    }
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

extension Exchange {
  /// What the end of an exchange means for its caller and for others.
  struct End {
    let caller: SlabHandle
    let keepsCaller: Bool
    /// Some of the request was not sent upstream yet: only a caller that has sent all of it is certain to read.
    let awaitsRest: Bool
    /// An attempt without a connection is under way.
    let hasAttempt: Bool
    /// The exchange waits for a connection.
    let isQueued: Bool
    /// The exchange holds a place among calls under way, or in a limit's queue.
    let holdsQuota: Bool
    /// The exchange has several fetches.
    let isErrand: Bool
  }

  /// Ends what the exchange waits for.
  @inline(__always)
  mutating func end(at now: Int64) -> End {
    state.finished(at: now)
    return End(
      caller: caller, keepsCaller: state.keepsCaller, awaitsRest: !state.requestIsComplete,
      hasAttempt: state.attemptStarted != 0, isQueued: connectionPlace >= 0,
      holdsQuota: permit != nil || ticket != nil, isErrand: isErrand)
  }
}
