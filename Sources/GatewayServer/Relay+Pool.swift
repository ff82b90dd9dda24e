internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import RateLimiting

/// How exchanges get upstream connections, and leave them.
extension Relay {
  /// Makes the connection carry a fetch of the exchange, for the caller `sharer`.
  @inline(__always)
  mutating func join(_ id: SlabHandle, _ upstream: SlabHandle, _ sharer: Int) {
    exchanges[id].upstream = upstream
    upstreams[upstream].begin(Fetch(for: id), of: sharer)
    pool.shares.take(sharer)
  }

  /// Puts a connection without a fetch among the idle ones. `wasUsed`: it has carried a request.
  mutating func becomeIdle(_ upstream: SlabHandle, wasUsed: Bool, on loop: inout EventLoop) {
    let (socket, holder, leadsTo) = upstreams[upstream].becomeIdle(wasUsed: wasUsed)
    if holder >= 0 { pool.shares.give(Int(holder)) }
    pool.idleCount += 1
    guard leadsTo == destination.number else {
      // New connections lead to another upstream by now.
      dropUpstream(upstream, on: &loop)
      return
    }
    loop.setDeadline(socket, at: loop.now + generation.settings.upstreamIdleTimeout)
    pool.putIdle(upstream)
    pool.noteRoom()
  }

  /// Closes a connection and forgets it.
  mutating func dropUpstream(_ upstream: SlabHandle, on loop: inout EventLoop) {
    loop.close(upstreams[upstream].socket)
    forgetUpstream(upstream)
  }

  /// Forgets a connection whose socket is gone.
  mutating func forgetUpstream(_ upstream: SlabHandle) {
    let holder = upstreams[upstream].holder
    if holder >= 0 { pool.shares.give(Int(holder)) }
    if upstreams[upstream].isIdle { pool.idleCount -= 1 }
    _ = upstreams.remove(upstream)
    pool.openCount -= 1
    pool.compact(upstreams)
    pool.noteRoom()
  }

  /// Cuts the exchange's upstream connection, if it has one, so that a request sent in part cannot pass for a complete
  /// one. `retryReason` says why another attempt follows.
  mutating func abandonUpstream(
    _ id: SlabHandle, retryReason: StaticString? = nil, on loop: inout EventLoop
  ) {
    guard exchanges[id].upstream.isSome else { return }
    let isWhole = exchanges[id].state.requestIsComplete
    let upstream = endFetch(id, retryReason: retryReason, at: loop.now)
    if isWhole {
      loop.close(upstreams[upstream].socket)
    } else {
      loop.abort(upstreams[upstream].socket)
    }
    forgetUpstream(upstream)
  }

  /// Ends the exchange's fetch and puts its attempt into the line. Returns the connection.
  @inline(__always)
  mutating func endFetch(
    _ id: SlabHandle, retryReason: StaticString? = nil, at now: Int64
  ) -> SlabHandle {
    let upstream = exchanges[id].upstream
    let fetch = upstreams[upstream].endFetch()
    exchanges[id].noteEnd(of: fetch)
    putAttempt(id, fetch, reason: retryReason, now: now)
    return upstream
  }

  /// Detaches the exchange from its connection, which it does not need any more. Returns the connection.
  @inline(__always)
  mutating func leaveFetch(_ id: SlabHandle) -> SlabHandle {
    let upstream = exchanges[id].upstream
    exchanges[id].upstream = .none
    upstreams[upstream].fetch.exchange = .none
    return upstream
  }
}
