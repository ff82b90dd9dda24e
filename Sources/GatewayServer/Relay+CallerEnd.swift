internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Callers that have read their answers, send no more, are gone, or are too slow.
extension Relay {
  /// Everything queued for a caller has been sent.
  mutating func callerDrained(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    guard exchange.isSome else {
      // Its next request is awaited, or a pipelined one that waited until the caller reads.
      unsettle(handle)
      return
    }
    // The sent bytes were the end of an earlier answer, or an interim answer: this exchange has other deadlines.
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

  /// The kernel reports that a caller which is not being read will send no more. It may have closed only its sending
  /// direction, so it is answered. But while it waits it may also be gone, and would keep its place for nothing.
  mutating func callerEndAnnounced(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    guard exchange.isSome else { return }
    if exchanges[exchange].state.isWaiting { sendBeginning(exchange, on: &loop) }
  }

  /// A caller will send no more. It may still read (RFC 9112 section 9.6), so its complete requests are answered,
  /// however long they wait. An incomplete request is not answered.
  mutating func callerEnded(_ handle: SlabHandle, on loop: inout EventLoop) {
    callers[handle].http.ended()
    let exchange = callers[handle].exchange
    guard exchange.isSome else {
      releaseEnded(handle, on: &loop)
      return
    }
    if !exchanges[exchange].state.needsRest {
      // Pipelined requests are answered too.
      if callers[handle].http.input.isEmpty { exchanges[exchange].state.endsCaller() }
    } else if callers[handle].http.input.isEmpty {
      callerGone(handle, on: &loop)
    }
  }

  /// Lets go of a caller that sends no more requests. Its last answers still go out.
  @inline(never)
  mutating func releaseEnded(_ handle: SlabHandle, on loop: inout EventLoop) {
    loop.finish(callers[handle].socket)
    leave(handle)
  }

  /// A caller is gone, because its socket failed or ended: nobody is left to answer.
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
      // Reading, however slowly, earns the caller more time. What it takes from the kernel counts.
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
