internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Callers that have read what they got, send no more, are gone, or are too slow.
extension Relay {
  /// All that was queued for a caller has gone out.
  mutating func callerDrained(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    guard exchange.isSome else {
      // Its next request is waited for, or one that it sent ahead and that waited for it to read.
      unsettle(handle)
      return
    }
    // It was an earlier answer's end, or an interim answer: this exchange's deadlines are others.
    guard exchanges[exchange].state.answerHasBegun else {
      if let walk = exchanges[exchange].walk, walk.wait == .caller {
        writeList(exchange, on: &loop)
      }
      return
    }
    awaitCaller(exchange, on: &loop)
    let upstream = exchanges[exchange].upstream
    guard upstream.isSome else { return }
    loop.resumeReading(upstreams[upstream].socket)
    awaitUpstream(exchange, on: &loop)
  }

  /// A caller will send no more, says the kernel, while it is not being read from. It may have ended its own
  /// direction only, so it is answered; while it waits it may be gone as well, and hold a place for nobody.
  mutating func callerEndAnnounced(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    guard exchange.isSome else { return }
    if exchanges[exchange].state.isWaiting { sendBeginning(exchange, on: &loop) }
  }

  /// A caller will send no more. It may still read (RFC 9112 section 9.6), so what it has asked for is answered
  /// whatever that waits for. An incomplete request is not one.
  mutating func callerEnded(_ handle: SlabHandle, on loop: inout EventLoop) {
    callers[handle].http.ended()
    let exchange = callers[handle].exchange
    guard exchange.isSome else {
      releaseEnded(handle, on: &loop)
      return
    }
    if !exchanges[exchange].state.needsRest {
      // Requests that it sent ahead are answered too.
      if callers[handle].http.input.isEmpty { exchanges[exchange].state.endsCaller() }
    } else if callers[handle].http.input.isEmpty {
      callerGone(handle, on: &loop)
    }
  }

  /// Lets go of a caller that asks for nothing more; its last answers go out.
  @inline(never)
  mutating func releaseEnded(_ handle: SlabHandle, on loop: inout EventLoop) {
    loop.finish(callers[handle].socket)
    leave(handle)
  }

  /// A caller is gone, its socket failed or ended: nobody is left to answer.
  @inline(never)
  mutating func callerGone(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    loop.close(callers[handle].socket)
    guard exchange.isSome else {
      leave(handle)
      return
    }
    let phase = exchanges[exchange].state.logPhase
    // RFC 9112 section 8: what is incomplete must not look complete upstream.
    abandonUpstream(exchange, on: &loop)
    finish(exchange, .init(.caller, phase), error: "caller-gone", on: &loop)
  }

  mutating func callerTooSlow(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    if isShakingHands(handle) {
      endSlowHandshake(handle, on: &loop)
      return
    }
    if !exchange.isSome && callers[handle].http.awaitsHead {
      refuseSlowHead(handle, on: &loop)
      return
    }
    if exchange.isSome,
      exchanges[exchange].isErrand || exchanges[exchange].state.phase == .betweenFetches,
      errandIsLate(exchange, on: &loop)
    {
      return
    }
    if !exchange.isSome || exchanges[exchange].state.answerHasBegun {
      // What it reads, however slowly, buys it time. What it takes from the kernel counts.
      let untaken = loop.untakenBytes(callers[handle].socket)
      if callers[handle].http.readsOn(untaken: untaken) {
        loop.setDeadline(callers[handle].socket, at: loop.now + generation.settings.idleTimeout)
        return
      }
      guard exchange.isSome else {
        if untaken > 0 {
          loop.abort(callers[handle].socket)
        } else {
          loop.finish(callers[handle].socket)
        }
        leave(handle)
        return
      }
    }
    switch exchanges[exchange].state.callerIsLate() {
    case .tokenTimedOut:
      let error = tokenError(exchange, now: loop.now)
      answer(exchange, error, .init(refusedAt: .credential), on: &loop)
    case .connectionTimedOut:
      answer(exchange, connectionWaitError(exchange), .init(.gateway, .connect), on: &loop)
    case .callerIsSlow:
      endSlowCaller(
        exchange, "The request's body stopped arriving; send it again.", on: &loop)
    case .wait: break
    }
  }
}
