internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Sends a streamed body again: first the part that was kept, then what its caller goes on sending.
extension Relay {
  /// Begins to keep a body that is streamed.
  mutating func beginKeeping(_ id: SlabHandle) {
    exchanges[id].spool = UploadSpool(generation.settings.uploads)
    if exchanges[id].spool == nil { tellOfKeeping("no file can be made for it") }
  }

  private func tellOfKeeping(_ problem: String) {
    guard generation.settings.uploads.room.isFirstTrouble() else { return }
    shared.tell(
      "an upload is not kept (uploads.spool): \(problem); it goes on, but cannot be sent again"
    )
  }

  /// Keeps bytes of a body that are about to be handed on. False when keeping has ended: the upload goes on without it.
  mutating func keep(_ id: SlabHandle, _ bytes: RawSpan) -> Bool {
    guard let spool = exchanges[id].spool, spool.keep(bytes, clock: shared.clock) else {
      exchanges[id].spool = nil
      tellOfKeeping("uploads.maxSpool is reached, or the disk is full or slow")
      return false
    }
    return true
  }

  /// The same for what ``output`` holds.
  mutating func keepOutput(_ id: SlabHandle) -> Bool {
    var bytes = ByteBuffer()
    swap(&bytes, &output)
    let isKept = keep(id, bytes.bytes)
    swap(&bytes, &output)
    return isKept
  }

  /// Sends the request's head, the beginning of its body, and what was kept after that.
  mutating func resendRequest(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let action = sendRequest(id, on: &loop)
    exchanges[id].spool?.rewind()
    resend(id, on: &loop)
    return action
  }

  /// Sends what was kept, as fast as the upstream takes it. The caller is not read meanwhile.
  mutating func resend(_ id: SlabHandle, on loop: inout EventLoop) {
    guard let spool = exchanges[id].spool else { return }
    let socket = upstreams[exchanges[id].upstream].socket
    while !spool.isResent {
      output.removeAll()
      guard spool.putPiece(into: &output) else {
        abandonUpstream(id, on: &loop)
        answer(
          id,
          GatewayError(
            .internalError, "What was kept of the request's body could not be read; send it again."),
          .init(.gateway, .requestBody), on: &loop)
        return
      }
      let queued = loop.send(output.bytes, to: socket)
      if queued > highWater {
        awaitUpstream(id, on: &loop)
        return
      }
    }
    exchanges[id].state.resent()
    awaitUpstream(id, on: &loop)
    guard !exchanges[id].state.requestIsComplete else { return }
    awaitCaller(id, on: &loop)
    unsettle(exchanges[id].caller)
  }

  /// Postpones an upload that was kept, because the upstream is too busy and says for how long. False when the answer
  /// goes to the caller.
  mutating func putOffUpload(
    _ id: SlabHandle, _ head: ResponseHead, _ bytes: RawSpan, on loop: inout EventLoop
  ) -> Bool {
    guard exchanges[id].state.keepsBody, exchanges[id].state.isReplayable,
      exchanges[id].state.attempts == 1, head.present.contains(.retryAfter),
      let line = responseParser.fields.first(.retryAfter),
      let delay = RetryAfter.delay(line.value(in: bytes), wallTime: loop.wallTime),
      delay <= generation.settings.uploads.longestPause
    else { return false }
    upstreams[exchanges[id].upstream].fetch.status = UInt16(head.status)
    noteUpstreamRefusal(id, head, bytes, on: &loop)
    abandonUpstream(id, retryReason: "busy", on: &loop)
    pause(id, on: &loop)
    loop.setDeadline(callers[exchanges[id].caller].socket, at: loop.now + delay)
    return true
  }

  /// Sends a postponed upload again. False when there is none.
  mutating func uploadIsDue(_ id: SlabHandle, on loop: inout EventLoop) -> Bool {
    guard exchanges[id].state.phase == .betweenFetches, exchanges[id].state.keepsBody else {
      return false
    }
    exchanges[id].state.fetchBegins()
    loop.setDeadline(callers[exchanges[id].caller].socket, at: nil)
    run(takeQuota(id, on: &loop), of: id, on: &loop)
    return true
  }
}
