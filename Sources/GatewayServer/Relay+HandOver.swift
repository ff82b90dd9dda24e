internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import Synchronization
package import System

/// Where a process that has taken over gets callers' connections from this one.
package protocol CallerTaker: AnyObject, Sendable {
  /// Takes a caller's connection, with bytes that were read from it and not served. The descriptor stays this process' to
  /// close.
  func take(_ descriptor: Int32, listener: Int, input: RawSpan) -> CallerTaken
}

/// What became of a caller's connection.
package enum CallerTaken: Sendable {
  /// The other process has it.
  case taken
  /// The other process has no room for it now.
  case later
  /// The other process is gone.
  case never
}

/// Which event loops begin nothing more, so that another process can take over.
package final class HoldBoard: Sendable {
  /// Per loop, the round in which it was held last.
  private let rounds: Mutex<[UInt64]>

  init(loopCount: Int) { rounds = Mutex(Array(repeating: 0, count: loopCount)) }

  func note(_ loop: Int, _ round: UInt64) { rounds.withLock { $0[loop] = round } }

  /// Whether all are, in this round.
  package func areHeld(_ round: UInt64) -> Bool {
    rounds.withLock { $0.allSatisfy { $0 == round } }
  }
}

/// Another process takes over: nothing begins while it does, and then callers go to it, each when it waits for nothing.
///
/// A connection goes with what its caller has sent: bytes with the kernel stay there, bytes read go along. So no caller
/// sees anything of it, and no request is lost or made twice. One that speaks TLS cannot go: its keys are this process'. It
/// is served on here until an answer ends its connection, which its next one does.
extension Relay {
  /// Begins nothing more for now. Calls under way go on.
  mutating func hold(_ round: UInt64, on loop: inout EventLoop) {
    guard !draining.hasBegun else { return }
    if !draining.isHeld {
      draining.isHeld = true
      loop.pauseListening()
      offerIdleCallers()
      settle(on: &loop)
    }
    shared.holds.note(loopNumber, round)
  }

  /// Serves again: the other process has not taken over.
  mutating func resume(on loop: inout EventLoop) {
    guard draining.isHeld else { return }
    draining.isHeld = false
    draining.successor = nil
    loop.resumeListening()
    offerIdleCallers()
    settle(on: &loop)
  }

  /// The other process accepts from now on: callers go to it, and the loop ends with the last exchange.
  mutating func leave(to successor: any CallerTaker, on loop: inout EventLoop) {
    guard !draining.hasBegun else { return }
    draining.isHeld = true
    draining.successor = successor
    draining.deadline = loop.now + generation.settings.drainTimeout
    loop.pauseListening()
    loop.leaveListeners(&self)
    if loopNumber == Relay.acceptingLoop {
      shared.acceptingHasEnded.store(true, ordering: .releasing)
    }
    offerIdleCallers()
    settle(on: &loop)
    loop.setAlarm(at: loop.now + Draining.pause)
  }

  /// Has callers looked at that wait for nothing.
  mutating func offerIdleCallers() {
    for handle in callers.handles
    where !callers[handle].exchange.isSome && !callers[handle].hasLeft {
      unsettle(handle)
    }
  }

  /// A caller without an exchange, while nothing begins: it goes to the successor, or is not read from until it is known
  /// who serves it.
  mutating func settleHeld(
    _ handle: SlabHandle, _ caller: CallerConnection.Standing, on loop: inout EventLoop
  ) {
    if callers[handle].http.isCutOff { return releaseEnded(handle, on: &loop) }
    if isShakingHands(handle) { return }
    loop.pauseReading(caller.socket)
    loop.setDeadline(caller.socket, at: loop.now + Draining.heldPatience)
    guard let successor = draining.successor, let socket = loop.release(caller.socket) else {
      return
    }
    // The buffer is taken out while its bytes are lent.
    var input = ByteBuffer()
    swap(&input, &callers[handle].http.input)
    let taken = successor.take(
      socket.number, listener: Int(callers[handle].listener), input: input.bytes)
    swap(&input, &callers[handle].http.input)
    switch taken {
    case .taken: leave(handle)
    case .later: keep(handle, socket, on: &loop)
    case .never:
      keep(handle, socket, on: &loop)
      drainAlone(on: &loop)
    }
  }

  /// The caller's connection is this loop's again.
  private mutating func keep(
    _ handle: SlabHandle, _ descriptor: consuming Descriptor, on loop: inout EventLoop
  ) {
    let tag = SocketTag(kind: SocketKind.caller, record: handle)
    guard let socket = loop.adopt(descriptor, tag: tag) else { return leave(handle) }
    callers[handle].socket = socket
    loop.pauseReading(socket)
    loop.setDeadline(socket, at: loop.now + Draining.heldPatience)
  }

  /// The successor is gone: what callers have sent is answered here, and their connections end as they do when a gateway
  /// ends.
  private mutating func drainAlone(on loop: inout EventLoop) {
    draining.isHeld = false
    draining.successor = nil
    draining.endsCallers = true
    // The caller that is being looked at is looked at again, too.
    draining.looksAgain = true
    loop.setAlarm(at: loop.now)
  }
}

extension Relay {
  /// Serves what callers without an exchange have sent; those whose request may lie with the kernel have a moment.
  mutating func readFromIdleCallers(on loop: inout EventLoop) {
    for handle in callers.handles
    where !callers[handle].exchange.isSome && !callers[handle].hasLeft {
      if callers[handle].http.input.isEmpty {
        loop.resumeReading(callers[handle].socket)
        loop.setDeadline(callers[handle].socket, at: loop.now + Draining.patience)
      } else {
        unsettle(handle)
      }
    }
  }
}

extension RelayShared {
  /// Takes a connection that another process had.
  package func take(
    moved descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int, input: [UInt8]
  ) {
    let loop = connectionCounts.takeLowest()
    mailboxes[loop].post(
      .moved(descriptor: descriptor.release(), peer: peer, listener: listener, input: input))
  }
}
