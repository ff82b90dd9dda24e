internal import EventLoop
internal import Forwarding
internal import HTTPMessages
internal import Memory
internal import Synchronization
package import System

/// A process that has taken over, and to which this one hands callers' connections.
package protocol CallerTaker: AnyObject, Sendable {
  /// Takes a caller's connection, with bytes that were read from it and not served. Closing the descriptor remains this
  /// process's task.
  func take(_ descriptor: Int32, listener: Int, input: RawSpan) -> CallerTaken
}

/// What happened to a caller's connection.
package enum CallerTaken: Sendable {
  /// The other process has it.
  case taken
  /// The other process has no room for it now.
  case later
  /// The other process is gone.
  case never
}

/// Which event loops begin nothing new, so that another process can take over.
package final class HoldBoard: Sendable {
  /// By loop, the round in which it was last held.
  private let rounds: Mutex<[UInt64]>

  init(loopCount: Int) { rounds = Mutex(Array(repeating: 0, count: loopCount)) }

  func note(_ loop: Int, _ round: UInt64) { rounds.withLock { $0[loop] = round } }

  /// Whether all loops are held in this round.
  package func areHeld(_ round: UInt64) -> Bool {
    rounds.withLock { $0.allSatisfy { $0 == round } }
  }
}

/// Another process takes over. While it does, nothing begins here. Then callers go to it, each when it waits for
/// nothing.
///
/// A connection goes with what its caller has sent: bytes in the kernel stay there, and bytes already read go along. So
/// callers notice nothing, and no request is lost or made twice. A connection with TLS cannot go, because its keys
/// belong to this process. It is served here until an answer ends it, which its next one does.
extension Relay {
  /// Begins nothing new for now. Calls under way go on.
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

  /// Serves again, because the other process has not taken over.
  mutating func resume(on loop: inout EventLoop) {
    guard draining.isHeld else { return }
    draining.isHeld = false
    draining.successor = nil
    loop.resumeListening()
    offerIdleCallers()
    settle(on: &loop)
  }

  /// Hands over to the process that accepts from now on. Callers go to it, and the loop ends with the last exchange.
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

  /// Makes the loop look at callers that wait for nothing.
  mutating func offerIdleCallers() {
    for handle in callers.handles
    where !callers[handle].exchange.isSome && !callers[handle].hasLeft {
      unsettle(handle)
    }
  }

  /// Settles a caller without an exchange while nothing begins. It goes to the successor, or is not read until it is
  /// certain which process serves it.
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
    // The buffer is moved out while its bytes are lent.
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

  /// Takes a caller's connection back into this loop.
  private mutating func keep(
    _ handle: SlabHandle, _ descriptor: consuming Descriptor, on loop: inout EventLoop
  ) {
    let tag = SocketTag(kind: SocketKind.caller, record: handle)
    guard let socket = loop.adopt(descriptor, tag: tag) else { return leave(handle) }
    callers[handle].socket = socket
    loop.pauseReading(socket)
    loop.setDeadline(socket, at: loop.now + Draining.heldPatience)
  }

  /// Goes on without the successor, which is gone. Requests of callers are answered here, and their connections end as
  /// they do when a gateway ends.
  private mutating func drainAlone(on loop: inout EventLoop) {
    draining.isHeld = false
    draining.successor = nil
    draining.endsCallers = true
    // The caller that is being settled must also be looked at again.
    draining.looksAgain = true
    loop.setAlarm(at: loop.now)
  }
}

extension Relay {
  /// Serves what callers without an exchange have sent. Callers whose request may still be in the kernel get a moment.
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
