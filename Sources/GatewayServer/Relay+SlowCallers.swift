internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting

/// Watches callers that keep an upstream connection waiting while others wait for one.
///
/// Slow readers and slow senders are served at their own pace as long as there are connections. When there are none, a
/// caller that moves next to nothing loses its connection. Otherwise a few hundred of them would keep everybody else
/// out.
extension Relay {
  /// The most exchanges that one look ends.
  private static let endedByOneLook = 64

  /// Begins to watch which callers keep connections waiting, because there are none left.
  mutating func beginLooking(on loop: inout EventLoop) {
    guard looksAt == 0 else { return }
    look(on: &loop)
  }

  /// Looks again if it is time.
  mutating func lookAtSlowCallers(on loop: inout EventLoop) {
    guard looksAt != 0 else { return }
    guard loop.now >= looksAt else {
      loop.setAlarm(at: looksAt)
      return
    }
    looksAt = 0
    if pool.shares.isScarce || pool.shares.waitingCount > 0 { look(on: &loop) }
  }

  private mutating func look(on loop: inout EventLoop) {
    // Two looks per window: a caller that is slow now and then does not count as slow.
    looksAt = loop.now + generation.settings.slowWindow / 2
    loop.setAlarm(at: looksAt)
    var slow: [SlabHandle] = []
    for upstream in upstreams.handles where isSlow(upstream, on: loop) { slow.append(upstream) }
    var left = min(Relay.endedByOneLook, pool.shares.waitingCount)
    while left > 0, let index = nextToEnd(of: slow) {
      let id = upstreams[slow.remove(at: index)].fetch.exchange
      left -= 1
      endSlowCaller(
        id, "The request's body came too slowly while others waited for a connection.", on: &loop)
    }
  }

  /// Picks the slow exchange that ends next: one of the caller that holds most.
  private func nextToEnd(of slow: [SlabHandle]) -> Int? {
    var best: (index: Int, held: Int)?
    for (index, upstream) in slow.enumerated() {
      let holder = Int(upstreams[upstream].holder)
      guard holder >= 0, pool.shares.mayEndOne(of: holder) else { continue }
      let held = pool.shares.heldByWeight(holder)
      if let best, held <= best.held { continue }
      best = (index, held)
    }
    return best?.index
  }

  /// Whether the caller of a connection's exchange has kept it waiting for a whole window.
  private mutating func isSlow(_ upstream: SlabHandle, on loop: borrowing EventLoop) -> Bool {
    let id = upstreams[upstream].fetch.exchange
    guard id.isSome, let moved = bytesMoved(id, on: loop) else {
      upstreams[upstream].lookedAtFor = .none
      return false
    }
    guard upstreams[upstream].lookedAtFor == id else {
      upstreams[upstream].lookedAtFor = id
      upstreams[upstream].lookedAt = loop.now
      upstreams[upstream].movedAtLook = moved
      return false
    }
    guard loop.now - upstreams[upstream].lookedAt >= generation.settings.slowWindow else {
      return false
    }
    let isSlow = moved - upstreams[upstream].movedAtLook < generation.settings.slowBytes
    upstreams[upstream].lookedAt = loop.now
    upstreams[upstream].movedAtLook = moved
    return isSlow
  }

  /// Bytes that a caller has taken or sent so far; nil when something other than the caller is awaited.
  private func bytesMoved(_ id: SlabHandle, on loop: borrowing EventLoop) -> Int? {
    guard exchanges[id].state.isUpstream else { return nil }
    let caller = exchanges[id].caller
    let socket = callers[caller].socket
    if exchanges[id].state.answerHasBegun {
      guard loop.queuedBytes(socket) > 0 else { return nil }
      return upstreams[exchanges[id].upstream].fetch.answer.bytesRead - loop.untakenBytes(socket)
    }
    // Only if the upstream has taken everything there is of the request.
    guard !exchanges[id].state.requestIsComplete, callers[caller].http.input.isEmpty,
      loop.queuedBytes(upstreams[exchanges[id].upstream].socket) == 0
    else { return nil }
    return exchanges[id].requestBody.bytesRead
  }

  /// Ends the exchange of a caller that is too slow. `reason` is for a caller that has not been answered yet.
  mutating func endSlowCaller(_ id: SlabHandle, _ reason: String, on loop: inout EventLoop) {
    let action = exchanges[id].state.failed()
    abandonUpstream(id, on: &loop)
    if case .abortCaller = action {
      // The caller does not read its answer.
      cutCaller(id, .init(.caller, .responseBody), error: "caller-too-slow", on: &loop)
    } else {
      answer(
        id, GatewayError(.requestTimeout, reason), .init(.caller, .requestBody), on: &loop)
    }
  }
}
