internal import EventLoop
internal import Forwarding
internal import Memory
internal import RateLimiting
internal import Telemetry

/// The queue for an upstream connection, when all are in use or the upstream's name is not resolved yet.
extension Relay {
  /// The index of the exchange's caller. Connections are shared out among callers.
  func sharer(_ id: SlabHandle) -> Int { exchanges[id].plan.caller }

  /// Puts the exchange into the queue. When the queue is full, the youngest exchange of the caller with the most
  /// waiting ones is refused. That may be this one.
  mutating func queueForConnection(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    guard pool.shares.waitingCount >= generation.settings.maxWaiting else {
      waitForConnection(id, on: &loop)
      return .wait
    }
    guard let youngest = pool.shares.makeRoom(for: sharer(id)) else {
      answer(id, connectionWaitError(id), .init(.gateway, .connect), on: &loop)
      return .wait
    }
    waitForConnection(id, on: &loop)
    let other = SlabHandle(bits: youngest)
    exchanges[other].connectionPlace = ConnectionShares.none
    answer(other, connectionWaitError(other), .init(.gateway, .connect), on: &loop)
    return .wait
  }

  private mutating func waitForConnection(_ id: SlabHandle, on loop: inout EventLoop) {
    exchanges[id].state.connectionQueued(at: loop.now)
    exchanges[id].connectionPlace = pool.shares.join(id.bits, of: sharer(id))
    figures.count(.poolWaits)
    awaitCaller(id, on: &loop)
    beginLooking(on: &loop)
  }

  /// Takes the exchange out of the queue for a connection.
  mutating func leaveConnectionQueue(_ id: SlabHandle) {
    pool.shares.leave(exchanges[id].connectionPlace)
    exchanges[id].connectionPlace = ConnectionShares.none
  }

  /// Why the exchange got no connection in time.
  func connectionWaitError(_ id: SlabHandle) -> GatewayError {
    if destination.addresses.next == nil {
      return GatewayError(
        .nameResolutionTimeout,
        "The name of \(generation(of: id).settings.upstreamName) does not resolve yet.")
    }
    return GatewayError(
      .connectionLimit,
      "All \(generation.settings.maxConnections) connections to the upstream are in use "
        + "(upstream.maxConnections); try again.",
      retryAfter: 1)
  }

  /// Gives waiting exchanges a connection, as far as there are any, beginning with the callers that hold the fewest. An
  /// exchange that gets none keeps its place and its deadline: this is called whenever the loop is woken.
  @inline(never)
  mutating func serveWaiting(on loop: inout EventLoop) {
    pool.mustServeWaiting = false
    var budget = pool.shares.waitingCount
    while budget > 0, pool.idleCount > 0 || pool.openCount < generation.settings.maxConnections,
      let call = pool.shares.takeNext()
    {
      budget -= 1
      let id = SlabHandle(bits: call)
      exchanges[id].connectionPlace = ConnectionShares.none
      let caller = exchanges[id].caller
      loop.setDeadline(callers[caller].socket, at: nil)
      run(.takeConnection, of: id, on: &loop)
    }
  }
}
