internal import EventLoop
internal import HTTPMessages
internal import Memory

/// Answers that are sent late, in pieces, or not completely.
extension LocalHandler {
  /// The most bytes of a piece, which wait for a peer that does not read.
  private static var longestPiece: Int { 1 << 20 }
  /// Between two pieces, and between two checks of a full socket: one millisecond.
  private static var shortestPause: Int64 { 1_000_000 }

  mutating func begin(
    _ delivery: LocalDelivery, of response: LocalResponse, _ handle: SlabHandle,
    on loop: inout EventLoop
  ) {
    var response = response
    response.delivery = nil
    connections[handle].phase = .answer
    connections[handle].delivery = DeliveryUnderWay(
      response: response, delivery: delivery, next: loop.now + delivery.delay)
    deliveries.append(handle)
    continueDelivery(handle, on: &loop)
  }

  /// Goes on with the deliveries that are due, and forgets those whose connections are gone.
  mutating func continueDeliveries(on loop: inout EventLoop) {
    guard !deliveries.isEmpty else { return }
    deliveries.removeAll { !connections.contains($0) || connections[$0].delivery == nil }
    for handle in deliveries {
      continueDelivery(handle, on: &loop)
      guard connections.contains(handle), connections[handle].delivery == nil,
        connections[handle].phase != .answer
      else { continue }
      serveInput(handle, on: &loop)
      settle(handle, on: &loop)
    }
  }

  private mutating func continueDelivery(_ handle: SlabHandle, on loop: inout EventLoop) {
    guard connections.contains(handle), var under = connections[handle].delivery else { return }
    let socket = connections[handle].socket
    guard loop.now >= under.next else {
      loop.setAlarm(at: under.next)
      // The wait is deliberate, so it does not count against the peer.
      loop.setDeadline(socket, at: under.next + settings.idleTimeout)
      return
    }
    if under.delivery.cut == .resetAtOnce {
      loop.abort(socket)
      _ = connections.remove(handle)
      return
    }
    if under.delivery.pieces == 1 && under.delivery.cut == nil {
      connections[handle].delivery = nil
      answer(handle, under.response, on: &loop)
      return
    }
    if !under.headIsSent {
      dates.update(wallTime: loop.wallTime)
      output.removeAll()
      under.response.putHead(keepsAlive: connections[handle].keepsAlive, dates, into: &output)
      loop.send(output.bytes, to: socket)
      under.headIsSent = true
    }
    let length = connections[handle].isHead ? 0 : under.length
    if loop.queuedBytes(socket) == 0 {
      let piece = max(1, (length + under.delivery.pieces - 1) / under.delivery.pieces)
      let end = min(length, under.sent + min(piece, LocalHandler.longestPiece))
      guard end == under.sent || under.send(until: end, to: socket, on: &loop) else {
        loop.abort(socket)
        _ = connections.remove(handle)
        return
      }
    }
    if under.sent < length {
      under.next = loop.now + max(under.delivery.pause, LocalHandler.shortestPause)
      connections[handle].delivery = under
      loop.setAlarm(at: under.next)
      loop.setDeadline(socket, at: under.next + settings.idleTimeout)
      return
    }
    connections[handle].delivery = nil
    if case .resetAfter = under.delivery.cut {
      loop.abort(socket)
      _ = connections.remove(handle)
    } else {
      continueAnswer(handle, on: &loop)
    }
  }
}

extension DeliveryUnderWay {
  /// How many bytes of the body are sent in total.
  fileprivate var length: Int {
    switch delivery.cut {
    case .resetAfter(let bytes), .closeAfter(let bytes): min(max(0, bytes), response.body.count)
    case .resetAtOnce: 0
    case nil: response.body.count
    }
  }

  /// Sends the body up to `end`. False when it cannot be read.
  fileprivate mutating func send(
    until end: Int, to socket: SocketID, on loop: inout EventLoop
  ) -> Bool {
    guard let piece = response.body.piece(sent, end) else { return false }
    loop.send(piece.span.bytesOfElements, to: socket)
    sent = end
    return true
  }
}
