internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import Synchronization

/// Draining: no more callers are accepted, and open connections close after their next answer.
extension Relay {
  mutating func beginDraining(on loop: inout EventLoop) {
    guard !draining.hasBegun else { return }
    if draining.isHeld { resume(on: &loop) }
    draining.deadline = loop.now + generation.settings.drainTimeout
    draining.endsCallers = true
    loop.stopListening(&self)
    if loopNumber == Relay.acceptingLoop {
      shared.acceptingHasEnded.store(true, ordering: .releasing)
    }
    loop.setAlarm(at: loop.now + Draining.pause)
    endWaits(on: &loop)
  }

  /// Lets go of callers that wait for nothing. A request that was on its way when draining began has been read by now.
  /// A caller that has just come and sent no request yet gets a moment longer.
  private mutating func releaseIdleCallers(on loop: inout EventLoop) {
    guard !draining.isHeld else { return offerIdleCallers() }
    for handle in callers.handles
    where !callers[handle].exchange.isSome && callers[handle].http.input.isEmpty {
      let socket = callers[handle].socket
      guard callers[handle].http.hasAsked else {
        loop.setDeadline(socket, at: loop.now + Draining.patience)
        continue
      }
      loop.finish(socket)
      leave(handle)
    }
  }

  /// Whether no caller can arrive from the accepting loop any more.
  private mutating func hasAllCallers(on loop: inout EventLoop) -> Bool {
    guard shared.acceptingHasEnded.load(ordering: .acquiring) else { return false }
    // What was handed over just before that is in the mailbox.
    if !draining.hasLastArrivals {
      draining.hasLastArrivals = true
      guard takeMessages(on: &loop) else { return false }
      releaseIdleCallers(on: &loop)
      settle(on: &loop)
    }
    return true
  }

  mutating func continueDraining(on loop: inout EventLoop) {
    if draining.looksAgain {
      draining.looksAgain = false
      readFromIdleCallers(on: &loop)
      settle(on: &loop)
    }
    if draining.isHeld {
      if loop.now >= draining.deadline - Draining.patience { endTiedCallers(on: &loop) }
      // The successor had no room for some of them.
      offerIdleCallers()
      settle(on: &loop)
    }
    guard hasAllCallers(on: &loop) || loop.now >= draining.deadline else {
      loop.setAlarm(at: loop.now + Draining.pause)
      return
    }
    if callers.count == 0 && loop.connectionCount == pool.openCount || loop.now >= draining.deadline
    {
      stop(on: &loop)
    } else {
      loop.setAlarm(at: loop.now + Draining.pause)
    }
  }

  /// Ends what is still under way, and the loop.
  mutating func stop(on loop: inout EventLoop) {
    cutAll(on: &loop)
    settle(on: &loop)
    flushLines()
    loop.stop()
  }

  private static var drainingError: GatewayError {
    GatewayError(
      .draining, "The gateway shut down before the call was over; try again.", retryAfter: 1)
  }

  /// Cuts what is still under way, because the end waits no longer.
  private mutating func cutAll(on loop: inout EventLoop) {
    for id in exchanges.handles {
      let phase = exchanges[id].state.logPhase
      guard !exchanges[id].isErrand else {
        // The answer to an errand may have an end that reports the failure.
        answer(id, Relay.drainingError, .init(.gateway, phase), on: &loop)
        continue
      }
      abandonUpstream(id, on: &loop)
      cutCaller(id, .init(.gateway, phase), error: "draining", on: &loop)
    }
  }
}
