internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import Synchronization
internal import System
internal import Telemetry

/// What other loops and threads hand over: callers, a new configuration, the order to end.
extension Relay {
  /// Begins to read from a caller that this loop or the accepting loop has accepted.
  mutating func take(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop
  ) {
    if let acceptor = generation.acceptor(of: listener) {
      takeSecured(descriptor, from: peer, listener: listener, acceptor, on: &loop)
    } else {
      takePlain(descriptor, from: peer, listener: listener, on: &loop)
    }
  }

  /// Like ``take(_:from:listener:on:)``, for a connection without TLS. `input`: bytes of it that another process has
  /// read.
  private mutating func takePlain(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    input: [UInt8] = [], on loop: inout EventLoop
  ) {
    let caller = generation.identities.caller(of: peer, listener: listener)
    let handle = callers.insert(
      CallerConnection(
        peer: peer, listener: listener, caller: caller, generation: generation.number))
    guard
      let socket = loop.adopt(descriptor, tag: SocketTag(kind: SocketKind.caller, record: handle))
    else {
      leave(handle)
      return
    }
    callers[handle].socket = socket
    // It was accepted just before its listener was removed or began to use TLS.
    if !generation.listensPlainly(listener) { callers[handle].identify(caller, by: 0) }
    figures.count(.callersAccepted)
    // A connection that another loop accepted just before draining began may have a request on its way.
    let patience =
      draining.hasBegun ? Draining.patience : generation.settings.keepAliveTimeout
    loop.setDeadline(socket, at: loop.now + patience)
    if !input.isEmpty { callers[handle].http.input.put(input.span.bytesOfElements) }
    if draining.isHeld || !input.isEmpty { unsettle(handle) }
  }

  /// Does what other threads ask for. False when the loop must end at once.
  mutating func takeMessages(on loop: inout EventLoop) -> Bool {
    for message in shared.mailboxes[loopNumber].takeAll() {
      switch message {
      case .connection(let descriptor, let peer, let listener):
        take(Descriptor(owning: descriptor), from: peer, listener: listener, on: &loop)
      case .moved(let descriptor, let peer, let listener, let input):
        takePlain(
          Descriptor(owning: descriptor), from: peer, listener: listener, input: input, on: &loop)
      case .generation(let next): adopt(next, on: &loop)
      case .hold(let round): hold(round, on: &loop)
      case .resume: resume(on: &loop)
      case .leave(let successor): leave(to: successor, on: &loop)
      case .makeRoom: closeIdleCallers(on: &loop)
      case .drain: beginDraining(on: &loop)
      case .stop:
        stop(on: &loop)
        return false
      }
    }
    return true
  }

  /// Copies the modes that an operator has set into the planner.
  mutating func refreshModes() {
    guard shared.modes.version.load(ordering: .acquiring) != plannerVersions.modes else { return }
    (plannerVersions.modes, planner.modes) = shared.modes.current
  }
}
