internal import EventLoop
internal import Forwarding
internal import Memory

/// Callers that send no more, are gone, or are too slow.
extension Relay {
  /// A caller will send no more, says the kernel, while it is not being read from. It may have ended its own
  /// direction only, so it is answered; while it waits it may be gone as well, and hold a place for nobody.
  mutating func callerEndAnnounced(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    guard exchange.isSome else { return }
    if exchanges[exchange].state.isWaiting { sendBeginning(exchange, on: &loop) }
  }

  /// A caller will send no more. It may still read (RFC 9112 section 9.6), so what it has asked for is answered
  /// whatever that waits for. A request that is not complete is none.
  mutating func callerEnded(_ handle: SlabHandle, on loop: inout EventLoop) {
    callers[handle].hasEnded = true
    let exchange = callers[handle].exchange
    guard exchange.isSome else {
      releaseEnded(handle, on: &loop)
      return
    }
    if exchanges[exchange].state.requestIsComplete || exchanges[exchange].ignoresBody {
      // Requests that it sent ahead are answered too.
      if callers[handle].input.isEmpty { exchanges[exchange].keepsCaller = false }
    } else if callers[handle].input.isEmpty {
      callerGone(handle, on: &loop)
    }
  }

  /// Lets go of a caller that asks for nothing more; its last answers go out.
  mutating func releaseEnded(_ handle: SlabHandle, on loop: inout EventLoop) {
    loop.finish(callers[handle].socket)
    dropCaller(handle)
  }

  /// A caller is gone, its socket failed or ended: nobody is left to answer.
  mutating func callerGone(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    loop.close(callers[handle].socket)
    guard exchange.isSome else {
      dropCaller(handle)
      return
    }
    let phase = exchanges[exchange].state.logPhase
    // RFC 9112 section 8: what is incomplete must not look complete upstream.
    abandonUpstream(exchange, on: &loop)
    // That drops the caller, whose socket is closed.
    finish(exchange, .init(.caller, phase), error: "caller-gone", on: &loop)
  }

  mutating func callerTooSlow(_ handle: SlabHandle, on loop: inout EventLoop) {
    let exchange = callers[handle].exchange
    if !exchange.isSome && callers[handle].awaitsHead {
      refuseSlowHead(handle, on: &loop)
      return
    }
    if !exchange.isSome || exchanges[exchange].state.answerHasBegun {
      // What it reads, however slowly, buys it time. What it takes from the kernel counts.
      let untaken = loop.untakenBytes(callers[handle].socket)
      if untaken > 0, untaken != callers[handle].untakenAtDeadline {
        callers[handle].untakenAtDeadline = untaken
        loop.setDeadline(callers[handle].socket, at: loop.now + shared.settings.idleTimeout)
        return
      }
      guard exchange.isSome else {
        if untaken > 0 {
          loop.abort(callers[handle].socket)
        } else {
          loop.finish(callers[handle].socket)
        }
        dropCaller(handle)
        return
      }
    }
    switch exchanges[exchange].state.phase {
    case .awaitingQuota: break
    case .awaitingToken:
      answer(
        exchange, tokenError(exchange, timedOut: true, now: loop.now),
        .init(refusedAt: .credential),
        on: &loop)
    case .awaitingConnection:
      answer(exchange, connectionWaitError(exchange), .init(.gateway, .connect), on: &loop)
    case .planning, .collectingBody, .forwarding, .answering, .finished:
      endSlowCaller(
        exchange, "The request's body stopped arriving; send it again.", on: &loop)
    }
  }
}
