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
    let end = exchanges[id].end(at: loop.now)
    // One that waited for a connection after its last address failed.
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
  /// What its end means for its caller and others.
  struct End {
    let caller: SlabHandle
    let keepsCaller: Bool
    /// Some of the request was not sent yet: only a caller that has sent all of it is sure to read.
    let awaitsRest: Bool
    /// An attempt is under way that has no connection.
    let hasAttempt: Bool
    /// It waits for a connection.
    let isQueued: Bool
    /// It holds a place among calls under way, or in a limit's queue.
    let holdsQuota: Bool
    /// It has many fetches.
    let isErrand: Bool
  }

  /// Ends its waits.
  @inline(__always)
  mutating func end(at now: Int64) -> End {
    state.finished(at: now)
    return End(
      caller: caller, keepsCaller: state.keepsCaller, awaitsRest: !state.requestIsComplete,
      hasAttempt: state.attemptStarted != 0, isQueued: connectionPlace >= 0,
      holdsQuota: permit != nil || ticket != nil, isErrand: isErrand)
  }
}
