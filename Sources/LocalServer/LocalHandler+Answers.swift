internal import EventLoop
internal import HTTPMessages
internal import Memory

/// Answers become bytes.
extension LocalHandler {
  /// Zero bytes that are made at once.
  private static var zeroPieceBytes: Int { 64 * 1024 }
  /// Pieces of zero bytes for one connection before the others get their turn.
  private static var zeroPiecesInARow: Int { 16 }
  /// Largest body that is copied behind its head, so that both go out in one system call.
  private static var joinedBodyBytes: Int { 16 * 1024 }

  /// Sends `response`, and makes the connection ready for the next request when all of it is gone.
  mutating func answer(
    _ handle: SlabHandle, _ response: LocalResponse, on loop: inout EventLoop
  ) {
    let response = response.isSendable ? response : .message(500, "The answer cannot be sent.")
    let socket = connections[handle].socket
    if isDraining { connections[handle].keepsAlive = false }
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
    case .zeros(let count) where hasBody:
      connections[handle].zerosLeft = count
      loop.send(output.bytes, to: socket)
      sendZeros(handle, on: &loop)
    default: loop.send(output.bytes, to: socket)
    }
    completeAnswer(handle, on: &loop)
  }

  /// Goes on with an answer whose earlier bytes are gone, and then with the requests that wait.
  mutating func continueAnswer(_ handle: SlabHandle, on loop: inout EventLoop) {
    sendZeros(handle, on: &loop)
    completeAnswer(handle, on: &loop)
    guard connections.contains(handle), connections[handle].phase != .answer else { return }
    serveInput(handle, on: &loop)
    settle(handle, on: &loop)
  }

  /// Sends zero bytes until there are no more to be sent, the socket is full, or it is others' turn.
  private mutating func sendZeros(_ handle: SlabHandle, on loop: inout EventLoop) {
    guard connections[handle].zerosLeft > 0 else { return }
    let socket = connections[handle].socket
    let zeros = [UInt8](repeating: 0, count: LocalHandler.zeroPieceBytes)
    var pieces = 0
    while connections[handle].zerosLeft > 0, loop.queuedBytes(socket) == 0 {
      if pieces == LocalHandler.zeroPiecesInARow {
        continuing.append(handle)
        loop.setAlarm(at: loop.now)
        return
      }
      let count = min(connections[handle].zerosLeft, zeros.count)
      loop.send(zeros.span.bytesOfElements.slice(0, count), to: socket)
      connections[handle].zerosLeft -= count
      pieces += 1
    }
  }

  /// Ends the answer when all of it is with the kernel; waits for that otherwise.
  private mutating func completeAnswer(_ handle: SlabHandle, on loop: inout EventLoop) {
    let socket = connections[handle].socket
    guard connections[handle].zerosLeft == 0, loop.queuedBytes(socket) == 0 else {
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

  /// Refuses bytes that are no request; nobody can tell where the next one would begin.
  mutating func refuse(_ handle: SlabHandle, _ fault: RequestFault, on loop: inout EventLoop) {
    refuse(handle, fault.status, fault.detail.description, on: &loop)
  }

  /// Answers with an error and ends the connection.
  mutating func refuse(
    _ handle: SlabHandle, _ status: Int, _ message: String, on loop: inout EventLoop
  ) {
    connections[handle].request = LocalConnection.noRequest
    connections[handle].input.release()
    connections[handle].keepsAlive = false
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
    loop.finish(connections[handle].socket)
    _ = connections.remove(handle)
  }
}
