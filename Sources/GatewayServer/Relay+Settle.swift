internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Does, at the end of an event, what the event has changed for others. This also moves a caller's connection from one
/// request to the next: it is served, read, paused, given a deadline, or let go.
extension Relay {
  /// Ends an event. Connections that became free go to exchanges that wait for one. Each caller whose exchange or input
  /// has changed is served, read, or let go.
  @inline(__always)
  mutating func settle(on loop: inout EventLoop) {
    if unsettled.count > 0 || pool.mustServeWaiting { settleAll(on: &loop) }
  }

  @inline(never)
  private mutating func settleAll(on loop: inout EventLoop) {
    var next = 0
    while true {
      // Before the next requests of callers, which come later.
      if pool.mustServeWaiting { serveWaiting(on: &loop) }
      guard next < unsettled.count else { break }
      settle(unsettled[next], on: &loop)
      next &+= 1
    }
    unsettled.removeAll()
  }

  /// Notes that a caller's exchange or input has changed.
  @inline(__always)
  mutating func unsettle(_ caller: SlabHandle) {
    if callers[caller].unsettles() { unsettled.append(caller) }
  }

  /// Notes that a caller's connection is gone or going. It is forgotten when the event is over.
  mutating func leave(_ caller: SlabHandle) {
    callers[caller].hasLeft = true
    unsettle(caller)
  }

  /// Serves what a caller has sent, as far as that is possible by now. Then settles whether it is read, and its
  /// deadline.
  @inline(__always)
  private mutating func settle(_ handle: SlabHandle, on loop: inout EventLoop) {
    var caller = callers[handle].standing
    if caller.hasInput, mayServe(handle, caller, on: loop) {
      serveInput(handle, on: &loop)
      caller = callers[handle].standing
    }
    if !caller.hasLeft {
      if caller.exchange.isSome {
        settleBody(handle, caller, on: &loop)
      } else if draining.isHeld, holds(handle) {
        settleHeld(handle, caller, on: &loop)
      } else {
        settleIdle(handle, caller, on: &loop)
      }
    }
    if callers[handle].settled() { forget(handle) }
  }

  /// Forgets a caller whose connection is gone or going.
  @inline(never)
  private mutating func forget(_ caller: SlabHandle) {
    let security = callers[caller].security
    if security.isSome { _ = secured.remove(security) }
    _ = callers.remove(caller)
    shared.connectionCounts.decrement(loopNumber)
  }

  /// Whether a caller that has read its answers, or waits for one, has sent what can be served.
  private func mayServe(
    _ handle: SlabHandle, _ caller: CallerConnection.Standing, on loop: borrowing EventLoop
  ) -> Bool {
    !caller.hasLeft
      && (caller.exchange.isSome
        || !(draining.isHeld && holds(handle)) && loop.queuedBytes(caller.socket) <= highWater)
  }

  /// Reads a caller with an exchange while the exchange needs more of the body.
  @inline(__always)
  private mutating func settleBody(
    _ handle: SlabHandle, _ caller: CallerConnection.Standing, on loop: inout EventLoop
  ) {
    guard exchanges[caller.exchange].state.wantsBody && !caller.hasInput else {
      loop.pauseReading(caller.socket)
      return
    }
    let dropsBody = exchanges[caller.exchange].state.dropsBody
    if callers[handle].http.isCutOff, exchanges[caller.exchange].state.needsRest {
      // The exchange waits for the rest of a body that will not come.
      callerGone(handle, on: &loop)
      return
    }
    let upstream = exchanges[caller.exchange].upstream
    if !upstream.isSome || dropsBody
      || loop.queuedBytes(upstreams[upstream].socket) <= highWater
    {
      loop.resumeReading(caller.socket)
    }
  }

  /// Reads a caller without an exchange, unless it has to read its answers first, or sends no more requests.
  @inline(__always)
  private mutating func settleIdle(
    _ handle: SlabHandle, _ caller: CallerConnection.Standing, on loop: inout EventLoop
  ) {
    let socket = caller.socket
    let queued = loop.queuedBytes(socket)
    if queued > highWater {
      // Reading goes on when the caller has read its answers: ``callerDrained(_:on:)``.
      loop.pauseReading(socket)
      loop.setDeadline(socket, at: loop.now + generation.settings.idleTimeout)
      return
    }
    // While other callers are held, this one is tied to this process, and its next request is awaited.
    switch callers[handle].http.settle(isDraining: draining.hasBegun && !draining.isHeld) {
    case .end: releaseEnded(handle, on: &loop)
    case .awaitRequest:
      // While an answer is still going out, the caller has to go on reading.
      loop.setDeadline(
        socket,
        at: loop.now
          + (queued == 0 ? generation.settings.keepAliveTimeout : generation.settings.idleTimeout))
      loop.resumeReading(socket)
    case .beginHead:
      loop.setDeadline(socket, at: loop.now + generation.settings.headTimeout)
      loop.resumeReading(socket)
    case .awaitHead: loop.resumeReading(socket)
    }
  }
}
