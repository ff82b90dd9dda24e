internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Upstream connections that have sent everything queued, end, fail, or are too slow.
extension Relay {
  /// Everything queued for the upstream has been sent: the caller may send more of its body.
  mutating func upstreamDrained(_ upstream: SlabHandle, on loop: inout EventLoop) {
    let id = upstreams[upstream].fetch.exchange
    guard id.isSome, exchanges[id].state.wantsBody else {
      if id.isSome, exchanges[id].state.phase == .resending { resend(id, on: &loop) }
      return
    }
    awaitUpstream(id, on: &loop)
    awaitCaller(id, on: &loop)
    unsettle(exchanges[id].caller)
  }

  /// The upstream will send no more.
  mutating func upstreamEnded(
    _ upstream: SlabHandle, cleanly: Bool, on loop: inout EventLoop
  ) {
    let id = upstreams[upstream].fetch.exchange
    guard id.isSome else {
      dropUpstream(upstream, on: &loop)
      return
    }
    let isEnd = cleanly && upstreams[upstream].fetch.answer.endsWithConnection
    if isEnd, exchanges[id].state.phase == .readingAnswer {
      endAnswer(id, on: &loop)
      return
    }
    if isEnd, exchanges[id].state.answerHasBegun {
      // RFC 9112 section 6.3: closing is the end of this body. Over TLS only with close_notify (9.8).
      let isChunked = exchanges[id].outgoingFraming == .chunked
      output.removeAll()
      if endsScreening(id) { putScreened(id, isChunked: isChunked) }
      if isChunked { output.put("0\r\n\r\n") }
      if !output.isEmpty { loop.send(output.bytes, to: callers[exchanges[id].caller].socket) }
      finishAnswer(id, on: &loop)
      return
    }
    let isInBody = exchanges[id].state.answerHasBegun || exchanges[id].state.phase == .readingAnswer
    let hasAnswer = isInBody || !upstreams[upstream].input.isEmpty
    let error =
      hasAnswer
      ? GatewayError(
        .responseIncomplete,
        "\(generation(of: id).settings.upstreamName) closed in the middle of its answer.")
      : GatewayError(
        .connectionTerminated,
        "\(generation(of: id).settings.upstreamName) closed without an answer.")
    upstreamBroke(
      id, error, isInBody ? .responseBody : .responseHead, mayRetry: true, reason: "closed",
      on: &loop)
  }

  /// The connection failed, and is already closed.
  mutating func upstreamFailed(
    _ upstream: SlabHandle, _ failure: SocketFailure, on loop: inout EventLoop
  ) {
    let id = upstreams[upstream].fetch.exchange
    guard id.isSome else {
      forgetUpstream(upstream)
      return
    }
    guard upstreams[upstream].isConnected else {
      forgetUpstream(leaveFetch(id))
      run(connectFailed(id, failure, on: &loop), of: id, on: &loop)
      return
    }
    let wroteBytes = if case .untaken = failure { false } else { true }
    upstreamBroke(
      id, Relay.error(for: failure, name: generation(of: id).settings.upstreamName),
      exchanges[id].state.logPhase, mayRetry: true, wroteBytes: wroteBytes, reason: "broken",
      on: &loop)
  }

  /// Ends the attempt: with another attempt where that is safe (``RetryRule``), otherwise with an error or a visible
  /// cut.
  mutating func upstreamBroke(
    _ id: SlabHandle, _ error: GatewayError, _ phase: Termination.Phase, mayRetry: Bool,
    wroteBytes: Bool = true, reason: StaticString, on loop: inout EventLoop
  ) {
    let upstream = exchanges[id].upstream
    let failure = UpstreamFailure(
      wasReused: upstreams[upstream].wasReused,
      wroteBytes: wroteBytes, receivedBytes: !upstreams[upstream].input.isEmpty, mayRetry: mayRetry)
    let action = exchanges[id].state.upstreamFailed(failure)
    if case .tryAgain(let action) = action {
      abandonUpstream(id, retryReason: reason, on: &loop)
      run(action, of: id, on: &loop)
    } else {
      abandonUpstream(id, on: &loop)
      end(id, action, error, .init(.upstream, phase), on: &loop)
    }
  }

  /// Whether the upstream has taken some of the request since its deadline last passed. What it takes from the kernel
  /// counts, and for a long time that is the only sign.
  private mutating func takesMore(_ upstream: SlabHandle, on loop: inout EventLoop) -> Bool {
    upstreams[upstream].untaken.moves(to: loop.untakenBytes(upstreams[upstream].socket))
  }

  mutating func upstreamTooSlow(_ upstream: SlabHandle, on loop: inout EventLoop) {
    let id = upstreams[upstream].fetch.exchange
    guard id.isSome else {
      dropUpstream(upstream, on: &loop)
      return
    }
    let socket = upstreams[upstream].socket
    let phase = exchanges[id].state.logPhase
    switch exchanges[id].state.upstreamIsLate(
      takesMore: takesMore(upstream, on: &loop), hasAll: loop.queuedBytes(socket) == 0)
    {
    case .extend: loop.setDeadline(socket, at: loop.now + generation.settings.idleTimeout)
    case .callerIsSlow: callerTooSlow(exchanges[id].caller, on: &loop)
    case .connectTimedOut:
      abandonUpstream(id, on: &loop)
      noteUnreachable()
      answer(id, lateError(id, .connectionTimeout), .init(.upstream, .connect), on: &loop)
    case .answerTimedOut:
      abandonUpstream(id, on: &loop)
      end(
        id, exchanges[id].state.failed(), lateError(id, .responseTimeout), .init(.upstream, phase),
        on: &loop)
    }
  }

  private func lateError(_ id: SlabHandle, _ kind: GatewayErrorKind) -> GatewayError {
    let name = generation(of: id).settings.upstreamName
    return GatewayError(
      kind,
      kind == .connectionTimeout
        ? "\(name) did not accept a connection in time (upstream.connectTimeout)."
        : "\(name) did not answer in time (upstream.responseTimeout).")
  }
}
