internal import EventLoop
internal import HTTPMessages
internal import Memory

/// When descriptors run out, callers without a request make room for new ones.
///
/// Otherwise a client that opens connections and sends nothing would keep everybody else out for the whole keep-alive
/// time. nginx does the same with its keep-alive connections.
extension Relay {
  /// The part of the idle callers that one pass closes, and the most that it closes.
  private static let closedParts = 4
  private static let mostClosed = 256
  /// How long a caller that has just come, or was just answered, is left alone: its request may be on its way.
  private static let patience: Int64 = 1_000_000_000
  /// Between two passes.
  private static let idlePause: Int64 = 100_000_000

  /// Closes some callers that wait for nothing. Callers that have sent no request yet come first, and within each group
  /// those whose time is up first.
  mutating func closeIdleCallers(on loop: inout EventLoop) {
    guard loop.now >= closesIdleAgainAt else { return }
    closesIdleAgainAt = loop.now + Relay.idlePause
    var idle: [(hasAsked: Bool, deadline: Int64, caller: SlabHandle)] = []
    for handle in callers.handles where isIdle(handle, on: loop) {
      let deadline = loop.deadline(of: callers[handle].socket)
      let timeout =
        callers[handle].http.awaitsHead || isShakingHands(handle)
        ? generation.settings.headTimeout : generation.settings.keepAliveTimeout
      guard deadline - timeout + Relay.patience <= loop.now else { continue }
      idle.append((callers[handle].http.hasAsked, deadline, handle))
    }
    idle.sort { ($0.hasAsked ? 1 : 0, $0.deadline) < ($1.hasAsked ? 1 : 0, $1.deadline) }
    let count = min(Relay.mostClosed, (idle.count + Relay.closedParts - 1) / Relay.closedParts)
    for entry in idle.prefix(count) {
      loop.close(callers[entry.caller].socket)
      leave(entry.caller)
    }
  }

  /// Whether nothing is under way for a caller. Half of a first request counts as nothing.
  private func isIdle(_ handle: SlabHandle, on loop: borrowing EventLoop) -> Bool {
    !callers[handle].exchange.isSome && loop.queuedBytes(callers[handle].socket) == 0
      && (callers[handle].http.input.isEmpty || !callers[handle].http.hasAsked)
  }
}
