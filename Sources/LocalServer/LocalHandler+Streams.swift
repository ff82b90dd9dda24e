internal import EventLoop
internal import HTTPMessages
internal import Memory

/// Answers without an end: the responder is asked for more at each tick, as long as the peer takes what it gets.
///
/// Nothing is made for a peer that has not taken the previous piece, so at most one piece waits per peer. A peer that
/// takes nothing for ``streamPatience`` is cut off.
extension LocalHandler {
  /// Between two pieces.
  private static var streamTick: Int64 { 250_000_000 }
  /// The time in which a peer must take a piece.
  private static var streamPatience: Int64 { 10_000_000_000 }

  /// Begins the stream after the head, which was sent.
  mutating func beginStream(_ handle: SlabHandle, _ stream: Int, on loop: inout EventLoop) {
    connections[handle].stream = stream
    streams.append((handle, stream))
    loop.setDeadline(
      connections[handle].socket, at: loop.now + LocalHandler.streamPatience)
    sendPiece(handle, stream, on: &loop)
    loop.setAlarm(at: loop.now + LocalHandler.streamTick)
    nextTick = min(nextTick, loop.now + LocalHandler.streamTick)
  }

  mutating func continueStreams(on loop: inout EventLoop) {
    guard !streams.isEmpty else { return }
    guard loop.now >= nextTick else {
      loop.setAlarm(at: nextTick)
      return
    }
    for (handle, stream) in streams { sendPiece(handle, stream, on: &loop) }
    forgetStreams()
    nextTick = streams.isEmpty ? .max : loop.now + LocalHandler.streamTick
    if !streams.isEmpty { loop.setAlarm(at: nextTick) }
  }

  /// Ends all streams because the server stops.
  mutating func endStreams(on loop: inout EventLoop) {
    for (handle, _) in streams where connections.contains(handle) { finish(handle, on: &loop) }
    forgetStreams()
  }

  /// Informs the responder about the streams whose connections are gone.
  private mutating func forgetStreams() {
    for (handle, stream) in streams where !connections.contains(handle) {
      responder.streamEnded(stream)
    }
    streams.removeAll { !connections.contains($0.handle) }
  }

  private mutating func sendPiece(
    _ handle: SlabHandle, _ stream: Int, on loop: inout EventLoop
  ) {
    guard connections.contains(handle) else { return }
    let socket = connections[handle].socket
    // The deadline from the previous piece goes on.
    guard loop.queuedBytes(socket) == 0 else { return }
    guard !connections[handle].http.hasEnded,
      let piece = responder.nextPiece(of: stream, now: loop.now)
    else {
      finish(handle, on: &loop)
      return
    }
    loop.setDeadline(socket, at: loop.now + LocalHandler.streamPatience)
    if !piece.isEmpty { loop.send(piece.span.bytesOfElements, to: socket) }
  }
}
