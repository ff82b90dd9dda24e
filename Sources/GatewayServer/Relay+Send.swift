internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// Sends the request upstream.
extension Relay {
  /// Sends the request's head with its credential, and what was collected of its body.
  mutating func sendRequest(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let upstream = exchanges[id].upstream
    let socket = upstreams[upstream].socket
    output.removeAll()
    output.put(exchanges[id].head)
    let credentialStart = output.count
    upstreams[upstream].fetch.sent = putCredential(id)
    let credentialEnd = output.count
    if isTracing { upstreams[upstream].fetch.span = putTraceparent(id) }
    output.put("\r\n")
    output.put(exchanges[id].body)
    loop.send(output.bytes, to: socket)
    // The scratch buffer is used for answers of all kinds, so nothing of a credential may stay in it.
    output.overwrite(from: credentialStart, to: credentialEnd)
    loop.setDeadline(
      socket, at: deadline(exchanges[id].state.upstreamPatience(), from: loop.now))
    guard !exchanges[id].state.requestIsComplete else { return .wait }
    awaitCaller(id, on: &loop)
    unsettle(exchanges[id].caller)
    return .wait
  }

  /// Appends the credential's field to `output`. Returns which credential it is.
  @inline(__always)
  private mutating func putCredential(_ id: SlabHandle) -> SentCredential {
    switch exchanges[id].plan.credential {
    case .token(let slot):
      let token = tokens.putToken(of: slot, into: &output)
      exchanges[id].tokenFingerprint = token.fingerprint
      return SentCredential(
        slot: Int32(truncatingIfNeeded: slot.index), generation: token.generation)
    case .basic:
      let app = exchanges[id].plan.app
      tokens.putBasic(app: app, into: &output)
      return SentCredential(
        slot: SentCredential.basic, generation: tokens.basicGeneration(app: app))
    case .none: return SentCredential()
    }
  }
}
