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
    upstreams[upstream].fetch.tokenGeneration = putCredential(id)
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

  /// Puts the credential's line into `output`. Returns which token, or secret, it is.
  private mutating func putCredential(_ id: SlabHandle) -> UInt32 {
    switch exchanges[id].plan.credential {
    case .token(let slot):
      exchanges[id].tokenFingerprint = tokens.fingerprint(of: slot)
      _ = tokens.putAuthorization(of: slot, into: &output)
      return tokens.generation(of: slot)
    case .basic:
      tokens.putBasic(app: exchanges[id].plan.app, into: &output)
      return tokens.basicGeneration(app: exchanges[id].plan.app)
    case .none: return 0
    }
  }
}
