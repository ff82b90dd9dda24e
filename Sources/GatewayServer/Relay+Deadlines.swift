internal import EventLoop
internal import Forwarding
internal import Memory

/// The deadlines of an exchange's two connections. Its state machine says what is awaited, the settings say how long.
extension Relay {
  /// Gives the caller the time that the exchange's state grants it, from now on.
  @inline(__always)
  mutating func awaitCaller(
    _ id: SlabHandle, isBehind: Bool = false, upstreamIsBehind: Bool = false,
    on loop: inout EventLoop
  ) {
    let patience = exchanges[id].state.callerPatience(
      isBehind: isBehind, upstreamIsBehind: upstreamIsBehind)
    loop.setDeadline(
      callers[exchanges[id].caller].socket, at: deadline(patience, from: loop.now))
  }

  /// Gives the upstream the time that the exchange's state grants it, from now on.
  @inline(__always)
  mutating func awaitUpstream(
    _ id: SlabHandle, callerIsBehind: Bool = false, on loop: inout EventLoop
  ) {
    let patience = exchanges[id].state.upstreamPatience(callerIsBehind: callerIsBehind)
    loop.setDeadline(
      upstreams[exchanges[id].upstream].socket, at: deadline(patience, from: loop.now))
  }

  @inline(__always)
  func deadline(_ patience: Patience, from now: Int64) -> Int64? {
    switch patience {
    case .unlimited: nil
    case .token: now + generation.settings.tokenTimeout
    case .connection: now + generation.settings.connectTimeout
    case .idle: now + generation.settings.idleTimeout
    case .response: now + generation.settings.responseTimeout
    }
  }
}
