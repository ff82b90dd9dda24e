internal import EventLoop
internal import HTTPMessages
internal import Memory
internal import System

/// A peer's bytes become requests.
extension LocalHandler {
  /// Serves what arrived earlier.
  mutating func serveInput(_ handle: SlabHandle, on loop: inout EventLoop) {
    // The buffer is moved out while its bytes are lent.
    var input = ByteBuffer()
    swap(&input, &connections[handle].http.input)
    let served = serve(handle, input.bytes, on: &loop)
    guard connections.contains(handle) else { return }
    input.consume(served)
    // An idle connection holds no memory.
    if !input.isEmpty { swap(&input, &connections[handle].http.input) }
  }

  /// Serves as many requests as `bytes` hold, one after the other, and returns how many bytes are done with. The
  /// remaining bytes wait for the rest of a head, or for the answer under way.
  mutating func serve(_ handle: SlabHandle, _ bytes: RawSpan, on loop: inout EventLoop) -> Int {
    var at = 0
    while at < bytes.byteCount {
      let before = at
      switch connections[handle].phase {
      case .head: at = serveHead(handle, bytes, from: at, on: &loop)
      case .body: at = serveBody(handle, bytes, from: at, on: &loop)
      case .answer: return at
      }
      guard connections.contains(handle) else { return bytes.byteCount }
      if at == before { break }
    }
    return at
  }

  /// Settles reading and deadlines after some bytes were served, or when no more will arrive.
  mutating func settle(_ handle: SlabHandle, on loop: inout EventLoop) {
    guard connections.contains(handle) else { return }
    let socket = connections[handle].socket
    switch connections[handle].phase {
    case .answer:
      loop.pauseReading(socket)
      return
    case .body:
      if connections[handle].http.isCutOff {
        // RFC 9112 section 8: an incomplete request is not handled.
        loop.close(socket)
        _ = connections.remove(handle)
        return
      }
      loop.setDeadline(socket, at: loop.now + settings.idleTimeout)
    case .head:
      switch connections[handle].http.settle(isDraining: isDraining) {
      case .end:
        finish(handle, on: &loop)
        return
      case .awaitRequest: loop.setDeadline(socket, at: loop.now + settings.keepAliveTimeout)
      case .beginHead: loop.setDeadline(socket, at: loop.now + settings.headTimeout)
      case .awaitHead: break
      }
    }
    loop.resumeReading(socket)
  }

  /// Parses the head at `start`.
  ///
  /// - Returns: the offset after it; `start` when it is not complete.
  private mutating func serveHead(
    _ handle: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    let rest = bytes.slice(start, bytes.byteCount)
    let head: RequestHead
    do throws(RequestFault) {
      guard let next = try connections[handle].http.nextHead(in: rest, with: &parser) else {
        return start
      }
      head = next
    } catch {
      refuse(handle, error, on: &loop)
      return bytes.byteCount
    }
    begin(handle, head, rest, on: &loop)
    return start + head.length
  }

  /// Begins the request whose head was parsed from `bytes`.
  private mutating func begin(
    _ handle: SlabHandle, _ head: RequestHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) {
    connections[handle].keepsAlive = head.keepsAlive && !connections[handle].isReserved
    connections[handle].isHead = head.method == .head
    let path = (head.form == .asterisk ? head.target(in: bytes) : head.path(in: bytes)).text
    let isKnownHost = settings.currentHosts.allows(head, in: bytes)
    let takesHost = isKnownHost || responder.isAlwaysAnswered(path)
    let objection = certificateRefusal(handle, path, on: &loop)
    if objection != nil { connections[handle].keepsAlive = false }
    let isSecured = connections[handle].trust != nil
    if let refusal = objection
      ?? refusal(head, bytes, takesHost: takesHost, isSecured: isSecured)
      ?? lackOfRoom(handle, head, bytes)
    {
      // A body is not awaited. The next request cannot be found without its end, so the connection ends.
      if head.framing != .none || head.method == .connect {
        connections[handle].keepsAlive = false
        connections[handle].awaitsRest = true
      }
      answer(handle, refusal, on: &loop)
      return
    }
    var request = LocalRequest(
      method: head.method(in: bytes).text,
      path: path,
      query: head.queryStart < head.targetEnd && isKnownHost
        ? bytes.slice(head.queryStart + 1, head.targetEnd).text : "")
    request.fields.reserveCapacity(parser.fields.count)
    for i in 0..<parser.fields.count {
      let line = parser.fields[i]
      request.fields.append((line.name(in: bytes).text, line.value(in: bytes).text))
    }
    guard head.framing != .none else {
      respond(handle, to: request, on: &loop)
      return
    }
    connections[handle].request = request
    connections[handle].bodyReader = BodyReader(head.framing)
    connections[handle].phase = .body
    // RFC 9110 section 10.1.1: not needed when the body has already begun to arrive.
    if head.expectsContinue, bytes.byteCount == head.length {
      output.removeAll()
      output.put("HTTP/1.1 100 Continue\r\n\r\n")
      loop.send(output.bytes, to: connections[handle].socket)
    }
  }

  /// The refusal of a request that the responder must not get; nil if it may.
  private func refusal(
    _ head: RequestHead, _ bytes: RawSpan, takesHost: Bool, isSecured: Bool
  ) -> LocalResponse? {
    if !takesHost { return hostRefusal(head.authority(in: bytes).text) }
    if settings.refusesBrowserPages,
      PageRule.refuses(head, parser.fields, in: bytes, isSecured: isSecured),
      !(head.method == .post && responder.takesOwnPages(head.path(in: bytes).text)
        && PageRule.isOwnAction(head, parser.fields, in: bytes, isSecured: isSecured))
    {
      return .message(403, "Web pages of other origins may not use this server.")
    }
    // RFC 9110 section 9.3.6: this is not a proxy.
    if head.method == .connect { return .message(501, "CONNECT is not supported.") }
    return nil
  }

  private func hostRefusal(_ host: String) -> LocalResponse {
    let known = settings.currentHosts.summary
    // RFC 9110 section 4.2.1: an http URI without a host is invalid.
    if host.isEmpty { return .message(400, "The Host field is empty; use one of: \(known).") }
    let advice = settings.hostsKey.isEmpty ? "" : ", or add it to \(settings.hostsKey)"
    return .message(
      403, "The Host \(host) is not served here; use one of: \(known), with any port\(advice).")
  }

  /// Reads as much of the body as `bytes` hold from `start` on, and returns the offset to go on from.
  private mutating func serveBody(
    _ handle: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int {
    var at = start
    do throws(RequestFault) {
      while at < bytes.byteCount, !connections[handle].bodyReader.isFinished {
        let run = try connections[handle].bodyReader.next(bytes, from: at)
        at = run.next
        let room = settings.bodyBytesKept - connections[handle].request.body.count
        let kept = min(room, run.dataEnd - run.dataStart)
        if kept > 0 {
          connections[handle].request.body.append(
            contentsOf: bytes.slice(run.dataStart, run.dataStart + kept).copied())
        }
        guard keepsOnDisk(handle, bytes.slice(run.dataStart, run.dataEnd)) else {
          refuse(handle, 507, "The request's body does not fit on the disk.", on: &loop)
          return bytes.byteCount
        }
      }
    } catch {
      refuse(handle, error, on: &loop)
      return bytes.byteCount
    }
    guard connections[handle].bodyReader.isFinished else { return at }
    var request = LocalConnection.noRequest
    swap(&request, &connections[handle].request)
    request.bodySize = connections[handle].bodyReader.bytesRead
    connections[handle].phase = .head
    respond(handle, to: request, on: &loop)
    return at
  }

  /// Writes a piece of the body to a file once the body is longer than the part kept in memory. The file then holds all
  /// of it. False when the disk is full or the body is too long.
  private mutating func keepsOnDisk(_ handle: SlabHandle, _ piece: RawSpan) -> Bool {
    let total = connections[handle].bodyReader.bytesRead
    guard let folder = settings.bodyFolder, total > settings.bodyBytesKept else { return true }
    guard total <= LocalServerSettings.longestBody else { return false }
    let before = total - piece.byteCount
    if let file = connections[handle].request.bodyFile { return file.write(piece, at: before) }
    guard let file = KeptFile(in: folder) else { return false }
    connections[handle].request.bodyFile = file
    // Everything before this piece is still in memory.
    let kept = connections[handle].request.body.prefix(before)
    return file.write(Array(kept).span.bytesOfElements, at: 0) && file.write(piece, at: before)
  }

  private mutating func respond(
    _ handle: SlabHandle, to request: LocalRequest, on loop: inout EventLoop
  ) {
    if let work = responder.slowAnswer(to: request) {
      beginSlowAnswer(handle, work, on: &loop)
    } else {
      answer(handle, responder.respond(to: request), on: &loop)
      attend(on: &loop)
    }
  }
}
