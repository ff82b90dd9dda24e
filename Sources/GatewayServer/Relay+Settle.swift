internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// What an event has changed for others, done when it is over; and with it a caller's connection from one request to
/// the next: served, read from, paused, given a deadline, let go.
extension Relay {
  /// Ends an event: connections that came free go to exchanges that wait for one, and each caller whose exchange or
  /// input has changed is served on, read from, or let go.
  @inline(__always)
  mutating func settle(on loop: inout EventLoop) {
    if unsettled.count > 0 || pool.mustServeWaiting { settleAll(on: &loop) }
  }

  private mutating func settleAll(on loop: inout EventLoop) {
    var next = 0
    while true {
      // Before callers' next requests, which come later.
      if pool.mustServeWaiting { serveWaiting(on: &loop) }
      guard next < unsettled.count else { break }
      settle(unsettled[next], on: &loop)
      next += 1
    }
    unsettled.removeAll()
  }

  /// Notes that a caller's exchange or input has changed.
  @inline(__always)
  mutating func unsettle(_ caller: SlabHandle) {
    guard !callers[caller].isUnsettled else { return }
    callers[caller].isUnsettled = true
    unsettled.append(caller)
  }

  /// Notes that a caller's connection is gone, or going: it is forgotten when the event is over.
  mutating func leave(_ caller: SlabHandle) {
    callers[caller].hasLeft = true
    unsettle(caller)
  }

  /// Serves what a caller has sent, as far as that is possible by now, then settles whether it is read from, and its
  /// deadline.
  private mutating func settle(_ handle: SlabHandle, on loop: inout EventLoop) {
    if !callers[handle].http.input.isEmpty, mayServe(handle, on: loop) {
      serveInput(handle, on: &loop)
    }
    if !callers[handle].hasLeft {
      if callers[handle].exchange.isSome {
        settleBody(handle, on: &loop)
      } else {
        settleIdle(handle, on: &loop)
      }
    }
    guard !callers[handle].hasLeft else {
      _ = callers.remove(handle)
      shared.connectionCounts.decrement(loopNumber)
      return
    }
    callers[handle].isUnsettled = false
  }

  /// Whether a caller that has read its answers, or waits for one, has sent what can be served.
  private func mayServe(_ handle: SlabHandle, on loop: borrowing EventLoop) -> Bool {
    !callers[handle].hasLeft
      && (callers[handle].exchange.isSome || loop.queuedBytes(callers[handle].socket) <= highWater)
  }

  /// A caller with an exchange is read from while that wants more of the body.
  private mutating func settleBody(_ handle: SlabHandle, on loop: inout EventLoop) {
    let socket = callers[handle].socket
    let exchange = callers[handle].exchange
    guard exchanges[exchange].state.wantsBody && callers[handle].http.input.isEmpty else {
      loop.pauseReading(socket)
      return
    }
    if callers[handle].http.isCutOff, !exchanges[exchange].state.dropsBody {
      // The rest of a body is waited for that will not come.
      callerGone(handle, on: &loop)
      return
    }
    let upstream = exchanges[exchange].upstream
    if !upstream.isSome || exchanges[exchange].state.dropsBody
      || loop.queuedBytes(upstreams[upstream].socket) <= highWater
    {
      loop.resumeReading(socket)
    }
  }

  /// A caller without an exchange is read from, unless it has to read its answers first, or asks for nothing more.
  private mutating func settleIdle(_ handle: SlabHandle, on loop: inout EventLoop) {
    let socket = callers[handle].socket
    if loop.queuedBytes(socket) > highWater {
      // Reading goes on when it has read its answers: ``callerDrained(_:on:)``.
      loop.pauseReading(socket)
      loop.setDeadline(socket, at: loop.now + shared.settings.idleTimeout)
      return
    }
    switch callers[handle].http.settle(isDraining: draining.hasBegun) {
    case .end: releaseEnded(handle, on: &loop)
    case .beginHead:
      loop.setDeadline(socket, at: loop.now + shared.settings.headTimeout)
      loop.resumeReading(socket)
    case .awaitRequest, .awaitHead: loop.resumeReading(socket)
    }
  }
}
