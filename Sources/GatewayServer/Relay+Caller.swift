internal import EventLoop
internal import HTTPMessages
internal import Memory

/// A caller's bytes become requests and pieces of request bodies.
extension Relay {
  mutating func callerSent(_ bytes: RawSpan, _ handle: SlabHandle, on loop: inout EventLoop) {
    unsettle(handle)
    guard callers[handle].http.input.isEmpty else {
      callers[handle].http.input.put(bytes)
      return
    }
    let served = serve(handle, bytes, on: &loop)
    if served < bytes.byteCount {
      callers[handle].http.input.put(bytes.slice(served, bytes.byteCount))
    }
  }

  /// Serves what a caller sent earlier.
  @inline(never)
  mutating func serveInput(_ handle: SlabHandle, on loop: inout EventLoop) {
    // The buffer is moved out while its bytes are lent.
    var input = ByteBuffer()
    swap(&input, &callers[handle].http.input)
    let served = serve(handle, input.bytes, on: &loop)
    input.consume(served)
    if !input.isEmpty { swap(&input, &callers[handle].http.input) }
  }

  /// Serves as many requests as `bytes` hold, and returns how many bytes are done with. The remaining bytes wait: for
  /// the rest of a head, for the exchange under way, or for an upstream that takes the body.
  private mutating func serve(
    _ handle: SlabHandle, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Int {
    var at = 0
    while at < bytes.byteCount {
      let exchange = callers[handle].exchange
      if exchange.isSome {
        let next = takeBody(exchange, bytes, from: at, on: &loop)
        if next == at { break }
        at = next
      } else {
        if callers[handle].hasLeft { return bytes.byteCount }
        if draining.isHeld, holds(handle) { break }
        // Pipelined requests wait while the answers before them do.
        if at > 0, loop.queuedBytes(callers[handle].socket) > highWater { break }
        guard let next = serveHead(handle, bytes, from: at, on: &loop) else { break }
        at = next
      }
    }
    return at
  }

  /// Parses the head at `start` and begins its exchange.
  ///
  /// - Returns: the offset after the head; nil when the head is not complete.
  private mutating func serveHead(
    _ handle: SlabHandle, _ bytes: RawSpan, from start: Int, on loop: inout EventLoop
  ) -> Int? {
    let rest = bytes.slice(start, bytes.byteCount)
    let head: RequestHead
    do throws(RequestFault) {
      guard let next = try callers[handle].http.nextHead(in: rest, with: &requestParser) else {
        return nil
      }
      head = next
    } catch {
      refuseBytes(handle, error, on: &loop)
      return bytes.byteCount
    }
    beginExchange(handle, head, rest, on: &loop)
    return start + head.length
  }
}
