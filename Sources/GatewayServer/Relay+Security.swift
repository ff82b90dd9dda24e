internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import System
internal import Telemetry

/// Callers with TLS: their handshake, which caller each one is, and whether it still is.
///
/// A connection outlives the rules that let it in. So with its first request after a new configuration, its certificate
/// is verified again and its caller is determined again. New files of authorities or revocations count as a new
/// configuration. With each request, the certificate's expiry is checked.
extension Relay {
  /// Begins TLS with a caller that has just come.
  mutating func takeSecured(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    _ acceptor: TLSAcceptor, on loop: inout EventLoop
  ) {
    // A handshake takes memory before there is a request that could be refused for lack of it.
    guard HeldBytes.current <= memory.startLimit else {
      shared.connectionCounts.decrement(loopNumber)
      return
    }
    let handle = callers.insert(
      CallerConnection(peer: peer, listener: listener, caller: nil, generation: 0))
    callers[handle].security = secured.insert(SecuredCaller(trust: acceptor.trust))
    let tag = SocketTag(kind: SocketKind.caller, record: handle)
    guard let socket = loop.adopt(descriptor, tls: acceptor, tag: tag) else { return leave(handle) }
    callers[handle].socket = socket
    figures.count(.callersAccepted)
    loop.setDeadline(socket, at: loop.now + generation.settings.handshakeTimeout)
  }

  /// Goes on after the handshake.
  mutating func callerSecured(_ handle: SlabHandle, on loop: inout EventLoop) {
    secured[callers[handle].security].isOpen = true
    authorise(handle, on: &loop)
    let patience =
      draining.hasBegun ? Draining.patience : generation.settings.keepAliveTimeout
    loop.setDeadline(callers[handle].socket, at: loop.now + patience)
    if draining.isHeld { unsettle(handle) }
  }

  /// Whether a caller's TLS handshake is under way.
  func isShakingHands(_ handle: SlabHandle) -> Bool {
    callers[handle].security.isSome && !secured[callers[handle].security].isOpen
  }

  /// Determines which caller it is by the configuration in force, and whether that would still let it in.
  private mutating func authorise(_ handle: SlabHandle, on loop: inout EventLoop) {
    let record = callers[handle].security
    let socket = callers[handle].socket
    let listener = Int(callers[handle].listener)
    secured[record].identify(nil, by: generation.number)
    guard let shown = loop.peer(of: socket) else { return secured[record].refuse() }
    let acceptor = generation.acceptor(of: listener)
    if let acceptor, acceptor.trust != secured[record].trust {
      if let objection = loop.objection(to: socket, by: acceptor) {
        complain(of: handle, "is no longer accepted: \(objection)", on: &loop)
        secured[record].refuse()
      }
      secured[record].trust = acceptor.trust
    }
    let names = CertificateNames.of(shown)
    if let objection = names.objection {
      complain(
        of: handle, "presents a certificate that belongs to no caller: \(objection.rawValue)",
        on: &loop)
      secured[record].refuse()
    }
    let isAsked = acceptor.map { $0.client != .none } ?? false
    let found = generation.identities.find(
      callers[handle].peer, listener: listener, certificate: isAsked ? names : nil)
    secured[record].note(shown, decidedBy: found.name, names)
    if !secured[record].isRefused {
      secured[record].identify(found.caller, by: generation.number)
    }
    callers[handle].identify(secured[record].caller, by: 0)
  }

  /// Where a request of a caller with TLS comes from, and what is special about it.
  mutating func lookAtSecured(
    _ handle: SlabHandle, _ marks: CallerMarks, on loop: inout EventLoop
  ) -> (origin: CallerConnection.Origin, marks: CallerMarks) {
    let record = callers[handle].security
    var marks = marks.union(.isSecured)
    if secured[record].generation != generation.number { authorise(handle, on: &loop) }
    if !secured[record].isRefused, secured[record].hasEnded(at: loop.wallTime) {
      complain(of: handle, "is no longer accepted: certificate has expired", on: &loop)
      secured[record].refuse()
      callers[handle].identify(nil, by: 0)
    }
    let listener = Int(callers[handle].listener)
    if secured[record].isRefused || draining.successor != nil
      || !generation.listens(listener) || generation.acceptor(of: listener) == nil
    {
      marks.insert(.isLast)
    }
    return (callers[handle].origin, marks)
  }

  /// Notes what is special about the caller of an exchange that begins.
  @inline(never)
  mutating func mark(_ id: SlabHandle, _ marks: CallerMarks) {
    if marks.contains(.isLast) { exchanges[id].state.endsCaller() }
    guard marks.contains(.isSecured) else { return }
    putSecurity(id)
  }

  /// Appends what a caller with TLS has shown to the line of its exchange.
  mutating func putSecurity(_ id: SlabHandle) {
    exchanges[id].line.put(secured[callers[exchanges[id].caller].security].text)
  }

  // MARK: Handshakes that fail

  /// Notes that a caller's connection failed during its handshake.
  mutating func noteFailedHandshake(
    _ handle: SlabHandle, _ failure: SocketFailure, on loop: inout EventLoop
  ) {
    let reason: TLSFailures.Reason
    let text: String
    switch failure {
    case .certificate(let detail): (reason, text) = (.certificate, "certificate refused: \(detail)")
    case .tlsAlert(let detail): (reason, text) = (.alert, "the caller refuses: \(detail)")
    case .tls(let detail):
      let lacksCertificate = detail.contains("did not return a certificate")
      (reason, text) = (lacksCertificate ? .certificate : .protocol, detail)
    case .broken, .untaken, .connect, .tunnel: (reason, text) = (.protocol, "the connection broke")
    }
    shared.tlsFailures.add(reason)
    complain(of: handle, "cannot make a TLS connection: \(text)", on: &loop)
  }

  /// Ends a caller's handshake that takes too long.
  mutating func endSlowHandshake(_ handle: SlabHandle, on loop: inout EventLoop) {
    shared.tlsFailures.add(.timeout)
    loop.close(callers[handle].socket)
    leave(handle)
  }

  /// Refuses a caller that sent something else instead of a TLS handshake, apparently plain HTTP.
  mutating func refusePlainText(_ handle: SlabHandle, on loop: inout EventLoop) {
    shared.tlsFailures.add(.plain)
    let id = openExchangeOfNoRequest(handle, on: &loop)
    logCaller(id)
    let error = GatewayError(
      .malformedRequest, "This port uses TLS: use https:// in the caller's base URL.")
    answer(id, error, .init(.caller, .request), on: &loop)
  }

  /// Reports a caller that is turned away to the operator, at most once per pause.
  private mutating func complain(
    of handle: SlabHandle, _ text: String, on loop: inout EventLoop
  ) {
    guard loop.now >= complaints.ofTLSAt else { return }
    complaints.ofTLSAt = loop.now + Relay.complaintPause
    shared.tell(
      "\(callers[handle].peer) at \(generation.listenerName(Int(callers[handle].listener))) \(text)"
    )
  }
}

extension Relay {
  /// Whether the caller's connection stays with this process even if another takes over: what it sends is answered
  /// here.
  func isTied(_ handle: SlabHandle) -> Bool {
    draining.successor != nil && callers[handle].security.isSome
  }

  /// Whether nothing of a caller begins for now.
  @inline(never)
  func holds(_ handle: SlabHandle) -> Bool { !isTied(handle) }

  /// Ends connections that cannot go to the process that has taken over, and that wait for nothing: time is nearly up.
  mutating func endTiedCallers(on loop: inout EventLoop) {
    for handle in callers.handles
    where isTied(handle) && !callers[handle].exchange.isSome && !callers[handle].hasLeft
      && callers[handle].http.input.isEmpty
    {
      loop.finish(callers[handle].socket)
      leave(handle)
    }
  }
}
