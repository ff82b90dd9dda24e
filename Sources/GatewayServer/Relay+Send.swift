internal import AccessTokens
internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory

/// The request goes upstream.
extension Relay {
  /// Sends the request's head with its credential, and what is there of its body.
  mutating func sendRequest(
    _ id: SlabHandle, on loop: inout EventLoop
  ) -> ExchangeStateMachine.Action {
    let upstream = exchanges[id].upstream
    let socket = upstreams[upstream].socket
    output.removeAll()
    output.put(exchanges[id].head)
    let credentialStart = output.count
    let sent = putCredential(id)
    upstreams[upstream].fetch.noteCredential(sent.slot, sent.generation)
    let credentialEnd = output.count
    if isTracing { upstreams[upstream].fetch.span = putTraceparent(id) }
    output.put("\r\n")
    output.put(exchanges[id].body)
    loop.send(output.bytes, to: socket)
    // The scratch buffer is used for answers of all kinds: nothing of a credential stays in it.
    output.overwrite(from: credentialStart, to: credentialEnd)
    loop.setDeadline(
      socket, at: deadline(exchanges[id].state.upstreamPatience(), from: loop.now))
    guard !exchanges[id].state.requestIsComplete else { return .wait }
    awaitCaller(id, on: &loop)
    unsettle(exchanges[id].caller)
    return .wait
  }

  /// Puts the credential's line into `output`. Returns which token, or secret, it is; the slot is negative for the latter.
  @inline(__always)
  private mutating func putCredential(_ id: SlabHandle) -> (slot: Int32, generation: UInt32) {
    switch exchanges[id].plan.credential {
    case .token(let slot):
      exchanges[id].tokenFingerprint = tokens.fingerprint(of: slot)
      _ = tokens.putAuthorization(of: slot, into: &output)
      return (Int32(truncatingIfNeeded: slot.index), tokens.generation(of: slot))
    case .basic:
      tokens.putBasic(app: exchanges[id].plan.app, into: &output)
      return (Fetch.basic, tokens.basicGeneration(app: exchanges[id].plan.app))
    case .none: return (Fetch.noCredential, 0)
    }
  }
}
