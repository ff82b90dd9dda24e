internal import EventLoop
internal import Memory
internal import System

/// Connections with TLS, if the server uses it.
extension LocalHandler {
  /// Begins with a connection that has got a place.
  mutating func begin(
    _ handle: SlabHandle, over descriptor: consuming Descriptor, on loop: inout EventLoop
  ) {
    let tag = SocketTag(kind: 0, record: handle)
    let acceptor = settings.acceptor?()
    let adopted: SocketID?
    if let acceptor {
      adopted = loop.adopt(descriptor, tls: acceptor, tag: tag)
    } else {
      adopted = loop.adopt(descriptor, tag: tag)
    }
    guard let socket = adopted else {
      _ = connections.remove(handle)
      return
    }
    connections[handle].socket = socket
    connections[handle].trust = acceptor?.trust
    connections[handle].isShakingHands = acceptor != nil
    loop.setDeadline(
      socket,
      at: loop.now + (acceptor == nil ? settings.keepAliveTimeout : settings.headTimeout))
  }

  /// Goes on after the handshake.
  mutating func secured(_ handle: SlabHandle, on loop: inout EventLoop) {
    let socket = connections[handle].socket
    connections[handle].isShakingHands = false
    connections[handle].notAfter = loop.peer(of: socket)?.certificate?.notAfter
    loop.setDeadline(socket, at: loop.now + settings.keepAliveTimeout)
  }

  /// The refusal of a connection that may not request `path` with the certificate that it presented; nil when it may.
  /// Checked with each request: changed authorities apply to open connections, too.
  mutating func certificateRefusal(
    _ handle: SlabHandle, _ path: String, on loop: inout EventLoop
  ) -> LocalResponse? {
    guard let acceptor = settings.acceptor?() else { return nil }
    guard let trust = connections[handle].trust else {
      return .message(403, "This port uses TLS now: use https://.")
    }
    let notAfter = connections[handle].notAfter
    if trust != acceptor.trust {
      if let objection = loop.objection(to: connections[handle].socket, by: acceptor) {
        return .message(403, "The client certificate is no longer accepted: \(objection).")
      }
      connections[handle].trust = acceptor.trust
    }
    if let notAfter, loop.wallTime > notAfter {
      return .message(403, "The client certificate has expired.")
    }
    if acceptor.client != .none, notAfter == nil, !responder.isAlwaysAnswered(path) {
      return .message(403, "This page requires a client certificate.")
    }
    return nil
  }
}
