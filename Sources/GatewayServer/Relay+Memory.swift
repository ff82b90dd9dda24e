internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// What happens when the process comes near the limit of its memory, before the system refuses more, which would end
/// the process and everybody's calls.
///
/// Low: no exchange begins, callers and the upstream are read in small pieces, and less data waits for slow peers.
/// Critical: the largest holders are ended until enough is free.
extension Relay {
  /// Bytes of one read while memory is low.
  private static let smallRead = 4 * 1024
  /// Bytes that may wait for a slow peer while memory is low.
  private static let lowHighWater = 8 * 1024
  /// How long the loop may wait for events while memory is low, or was low a moment ago.
  private static let lookPause: Int64 = 100_000_000

  /// Checks how much memory is left, and acts on it. Called before each wait for events, if there is a limit.
  mutating func watchMemory(on loop: inout EventLoop) {
    memory = generation.settings.memory.look(at: loop.now)
    let isAmple = memory.level == .ample
    highWater = generation.settings.memory.highWater(
      atMost: isAmple ? generation.settings.highWater : Relay.lowHighWater)
    loop.readBytes = isAmple ? generation.settings.memory.readBytes : Relay.smallRead
    loop.eventsPerWait = generation.settings.memory.eventsPerWait
    if !isAmple { spares.release() }
    if memory.hasChanged { tellOfMemory(now: loop.now) }
    if memory.level == .critical { endLargest(on: &loop) }
    if memory.mustLookAgain { loop.setAlarm(at: loop.now + Relay.lookPause) }
  }

  private mutating func tellOfMemory(now: Int64) {
    guard let state = generation.settings.memory.state, memory.level != .ample else { return }
    guard now >= complaints.ofMemoryAt else { return }
    complaints.ofMemoryAt = now + Relay.complaintPause
    shared.tell(
      "memory is short, \(state.used >> 20) of \(state.limit >> 20) MiB (\(state.name)): new requests are "
        + "refused with 503 memory-low until some is free; raise the limit, or lower "
        + "upstream.maxConnections")
  }

  /// Refuses an exchange that has just begun because memory is short.
  mutating func refuseForMemory(_ id: SlabHandle, on loop: inout EventLoop) {
    logCaller(id)
    answer(id, Relay.memoryError, .init(.gateway, .request), on: &loop)
  }

  private static var memoryError: GatewayError {
    GatewayError(
      .memoryLow, "The gateway has no memory left for this request; try again.", retryAfter: 1)
  }

  /// Ends the largest holders until buffers hold no more than they should.
  private mutating func endLargest(on loop: inout EventLoop) {
    var holders: [(bytes: Int, caller: SlabHandle)] = []
    for handle in callers.handles {
      let bytes = heldBytes(handle, on: loop)
      if bytes > 0 { holders.append((bytes, handle)) }
    }
    holders.sort { $0.bytes > $1.bytes }
    for holder in holders {
      guard HeldBytes.current > memory.relieved else { return }
      endForMemory(holder.caller, on: &loop)
    }
  }

  /// Bytes that a caller's connection and its exchange hold, in buffers that count.
  private func heldBytes(_ caller: SlabHandle, on loop: borrowing EventLoop) -> Int {
    var bytes = callers[caller].http.input.allocatedBytes + loop.heldBytes(callers[caller].socket)
    let id = callers[caller].exchange
    guard id.isSome else { return bytes }
    bytes += exchanges[id].heldBody + (exchanges[id].errand?.heldBytes ?? 0)
    let upstream = exchanges[id].upstream
    guard upstream.isSome else { return bytes }
    return bytes + upstreams[upstream].input.allocatedBytes
      + loop.heldBytes(upstreams[upstream].socket)
  }

  private mutating func endForMemory(_ caller: SlabHandle, on loop: inout EventLoop) {
    var id = callers[caller].exchange
    if !id.isSome {
      guard !callers[caller].http.input.isEmpty else {
        // The caller does not read its answers.
        loop.abort(callers[caller].socket)
        leave(caller)
        return
      }
      id = openExchangeOfNoRequest(caller, on: &loop)
      logCaller(id)
    }
    callers[caller].http.input.release()
    let phase = exchanges[id].state.logPhase
    exchanges[id].state.endsCaller()
    abandonUpstream(id, on: &loop)
    end(
      id, exchanges[id].state.failed(), Relay.memoryError, .init(.gateway, phase), on: &loop)
  }
}
