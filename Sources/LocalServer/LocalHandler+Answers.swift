internal import EventLoop
internal import HTTPMessages
internal import Memory
internal import System

/// Answers become bytes.
extension LocalHandler {
  /// Bytes of a body that are made at a time.
  private static var pieceBytes: Int { 64 * 1024 }
  /// Pieces for one connection before the others get their turn.
  private static var piecesInARow: Int { 16 }
  /// The largest body that is copied after its head, so that both go out in one system call.
  private static var joinedBodyBytes: Int { 16 * 1024 }

  /// Sends `response`, and makes the connection ready for the next request when all of it was sent.
  mutating func answer(
    _ handle: SlabHandle, _ response: LocalResponse, on loop: inout EventLoop
  ) {
    let response = response.isSendable ? response : .message(500, "The answer cannot be sent.")
    let socket = connections[handle].socket
    if isDraining || response.isStream || response.delivery?.cut != nil {
      connections[handle].keepsAlive = false
    }
    if let delivery = response.delivery {
      begin(delivery, of: response, handle, on: &loop)
      return
    }
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    response.putHead(keepsAlive: connections[handle].keepsAlive, dates, into: &output)
    connections[handle].phase = .answer
    let hasBody = response.status != 204 && response.status != 304 && !connections[handle].isHead
    switch response.body {
    case .bytes(let bytes) where hasBody && bytes.count <= LocalHandler.joinedBodyBytes:
      output.put(bytes.span.bytesOfElements)
      loop.send(output.bytes, to: socket)
    case .bytes(let bytes) where hasBody:
      loop.send(output.bytes, to: socket)
      loop.send(bytes.span.bytesOfElements, to: socket)
    case .zeros, .file:
      loop.send(output.bytes, to: socket)
      if hasBody {
        connections[handle].rest = response.body
        connections[handle].restSent = 0
        sendRest(handle, on: &loop)
      }
    case .stream(let stream) where hasBody && !isDraining:
      loop.send(output.bytes, to: socket)
      beginStream(handle, stream, on: &loop)
      return
    case .stream(let stream):
      responder.streamEnded(stream)
      loop.send(output.bytes, to: socket)
    default: loop.send(output.bytes, to: socket)
    }
    completeAnswer(handle, on: &loop)
  }

  /// Goes on with an answer whose earlier bytes were sent, and then with the requests that wait.
  mutating func continueAnswer(_ handle: SlabHandle, on loop: inout EventLoop) {
    sendRest(handle, on: &loop)
    completeAnswer(handle, on: &loop)
    guard connections.contains(handle), connections[handle].phase != .answer else { return }
    serveInput(handle, on: &loop)
    settle(handle, on: &loop)
  }

  /// Makes and sends the body until its end, or until the socket is full, or it is the turn of others.
  private mutating func sendRest(_ handle: SlabHandle, on loop: inout EventLoop) {
    guard let body = connections[handle].rest else { return }
    let socket = connections[handle].socket
    var pieces = 0
    while connections[handle].restSent < body.count, loop.queuedBytes(socket) == 0 {
      if pieces == LocalHandler.piecesInARow {
        continuing.append(handle)
        loop.setAlarm(at: loop.now)
        return
      }
      let start = connections[handle].restSent
      let end = min(start + LocalHandler.pieceBytes, body.count)
      guard let piece = body.piece(start, end) else {
        // The file cannot be read: cut the connection, so that a part cannot pass for the whole.
        connections[handle].rest = nil
        loop.abort(socket)
        _ = connections.remove(handle)
        return
      }
      loop.send(piece.span.bytesOfElements, to: socket)
      connections[handle].restSent = end
      pieces += 1
    }
    if connections[handle].restSent >= body.count { connections[handle].rest = nil }
  }

  /// Ends the answer if the kernel has all of it; otherwise waits for that.
  private mutating func completeAnswer(_ handle: SlabHandle, on loop: inout EventLoop) {
    guard connections.contains(handle) else { return }
    let socket = connections[handle].socket
    guard connections[handle].rest == nil, loop.queuedBytes(socket) == 0 else {
      loop.setDeadline(socket, at: loop.now + settings.idleTimeout)
      return
    }
    connections[handle].phase = .head
    if connections[handle].keepsAlive {
      beginsWaiting(handle)
    } else {
      finish(handle, on: &loop)
    }
  }

  /// Refuses bytes that are not a request. Nobody can tell where the next one would begin.
  mutating func refuse(_ handle: SlabHandle, _ fault: RequestFault, on loop: inout EventLoop) {
    refuse(handle, fault.status, fault.detail.description, on: &loop)
  }

  /// Answers with an error and ends the connection.
  mutating func refuse(
    _ handle: SlabHandle, _ status: Int, _ message: String, on loop: inout EventLoop
  ) {
    connections[handle].request = LocalConnection.noRequest
    connections[handle].http.input.release()
    connections[handle].keepsAlive = false
    connections[handle].awaitsRest = true
    answer(handle, .message(status, message), on: &loop)
    settle(handle, on: &loop)
  }

  /// Refuses a connection for which there is no place.
  mutating func refuseConnection(
    _ descriptor: consuming Descriptor, on loop: inout EventLoop
  ) {
    guard let socket = loop.adopt(descriptor, tag: SocketTag(kind: 0, record: .none))
    else { return }
    let response = tooManyConnections
    dates.update(wallTime: loop.wallTime)
    output.removeAll()
    response.putHead(keepsAlive: false, dates, into: &output)
    if case .bytes(let bytes) = response.body { output.put(bytes.span.bytesOfElements) }
    loop.send(output.bytes, to: socket)
    loop.finish(socket)
  }

  /// Closes the connection in stages; it has no answer under way.
  mutating func finish(_ handle: SlabHandle, on loop: inout EventLoop) {
    loop.finish(
      connections[handle].socket,
      awaitingRest: connections[handle].awaitsRest && !connections[handle].http.hasEnded)
    _ = connections.remove(handle)
  }
}
