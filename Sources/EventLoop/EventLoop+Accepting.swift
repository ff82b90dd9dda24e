internal import CLinux
internal import Glibc
internal import Memory
package import System

/// A listening socket, as its loop sees it.
struct Listener: Equatable {
  let number: Int32
  let isUnix: Bool
  let isShared: Bool
}

/// A connection that was accepted and not handed over yet, because descriptors are short.
struct ParkedConnection: ~Copyable {
  let descriptor: Descriptor
  let peer: PeerIdentity
  let listener: Int
}

/// Listeners. When descriptors run out, no more connections are accepted until some are free again.
extension EventLoop {
  /// Between two checks for free descriptors, if this loop closes none.
  static let acceptPause: Int64 = 100_000_000

  /// Watches a listening socket. Returns its number, which comes with every connection that it accepts.
  package mutating func listen(on socket: borrowing ListeningSocket) throws(SystemError) -> Int {
    let number = listeners.count
    try listen(on: socket, as: number)
    return number
  }

  /// Watches a listening socket as the listener `number`, which must be free.
  package mutating func listen(
    on socket: borrowing ListeningSocket, as number: Int
  ) throws(SystemError) {
    while listeners.count <= number { listeners.append(nil) }
    precondition(listeners[number] == nil, "two listeners have one number")
    guard
      cl_epoll_add(poll.number, socket.descriptor.number, cl_readable, 1, UInt64(number + 1)) == 0
    else { throw .current }
    listeners[number] = Listener(
      number: socket.descriptor.number, isUnix: socket.isUnix, isShared: socket.isShared)
  }

  /// Stops accepting at the listener `number`, like ``stopListening(_:)`` does at all of them.
  package mutating func stopListening<Handler: EventHandler & ~Copyable>(
    _ number: Int, _ handler: inout Handler
  ) {
    guard number < listeners.count else { return }
    // Callers that wait in a supervisor's socket belong to the next process.
    if !(listeners[number]?.isShared ?? true) { acceptAll(number, &handler) }
    guard let listener = listeners[number] else { return }
    _ = cl_epoll_remove(poll.number, listener.number)
    if !listener.isShared { _ = shutdown(listener.number, Int32(SHUT_RDWR)) }
    listeners[number] = nil
  }

  /// Stops accepting, so that new callers are refused at once. Callers whose connections the kernel has already
  /// established are accepted first: closing the listener would reset them. Existing connections stay.
  package mutating func stopListening<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) {
    acceptsAgainAt = .max
    if !pausedListeners.isEmpty { resumeListening() }
    // Callers that wait in a supervisor's socket belong to the next process.
    for index in listeners.indices where listeners[index]?.isShared == false {
      acceptAll(index, &handler)
    }
    // A connection that got no descriptor below the mark so far will not get one later.
    if let waiting = parked.take() { handOver(waiting, &handler) }
    for case let listener? in listeners {
      _ = cl_epoll_remove(poll.number, listener.number)
      if !listener.isShared { _ = shutdown(listener.number, Int32(SHUT_RDWR)) }
    }
    listeners = []
    acceptsAgainAt = .max
  }

  /// Accepts no callers until ``resumeListening()``: they wait in the kernel.
  package mutating func pauseListening() {
    guard pausedListeners.isEmpty else { return }
    acceptsAgainAt = .max
    for case let listener? in listeners { _ = cl_epoll_remove(poll.number, listener.number) }
    swap(&listeners, &pausedListeners)
  }

  /// Undoes ``pauseListening()``. Callers that have arrived since are accepted in the next turn.
  package mutating func resumeListening() {
    guard !pausedListeners.isEmpty else { return }
    swap(&listeners, &pausedListeners)
    for case (let index, let listener?) in listeners.enumerated() {
      _ = cl_epoll_add(poll.number, listener.number, cl_readable, 1, UInt64(index + 1))
    }
    acceptsAgainAt = now
  }

  /// Stops accepting after a pause. Callers that wait in the kernel are left to another process that listens on the
  /// same sockets.
  package mutating func leaveListeners<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) {
    if let waiting = parked.take() { handOver(waiting, &handler) }
    pausedListeners = []
    acceptsAgainAt = .max
  }

  mutating func acceptAll<Handler: EventHandler & ~Copyable>(
    _ index: Int, _ handler: inout Handler
  ) {
    guard index < listeners.count, let listener = listeners[index] else { return }
    guard takesParked(&handler) else {
      putOffAccepting(&handler)
      return
    }
    while index < listeners.count, listeners[index] != nil {
      guard connections.count < connectionLimit else {
        putOffAccepting(&handler)
        return
      }
      var address = SocketAddress()
      address.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      // Proof: the storage has the size that the length says.
      let number = unsafe cl_accept(listener.number, &address.storage, &address.length)
      guard number >= 0 else {
        switch errno {
        case EINTR, ECONNABORTED: continue
        case EAGAIN: return
        default:
          // Out of descriptors or memory. Events are edge-triggered, so this does not spin.
          putOffAccepting(&handler)
          return
        }
      }
      var user = UInt32.max
      if listener.isUnix {
        var group: gid_t = 0
        // Proof: both numbers outlive the call, which only writes them.
        if unsafe cl_peer_credentials(number, &user, &group) != 0 { user = .max }
      } else {
        _ = cl_no_delay(number)
      }
      let connection = ParkedConnection(
        descriptor: Descriptor(owning: number), peer: PeerIdentity(address, user: user),
        listener: index)
      guard number < descriptorMark else {
        parked = consume connection
        putOffAccepting(&handler)
        return
      }
      handOver(connection, &handler)
    }
  }

  /// Hands over the connection that waits for a descriptor, if there is one by now.
  ///
  /// - Returns: whether none is waiting any more.
  private mutating func takesParked<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) -> Bool {
    guard let waiting = parked.take() else { return true }
    // The kernel gives the lowest free number.
    let number = cl_duplicate(waiting.descriptor.number)
    guard number >= 0, number < descriptorMark else {
      if number >= 0 { _ = Glibc.close(number) }
      parked = consume waiting
      return false
    }
    let moved = ParkedConnection(
      descriptor: Descriptor(owning: number), peer: waiting.peer, listener: waiting.listener)
    handOver(moved, &handler)
    return true
  }

  private mutating func handOver<Handler: EventHandler & ~Copyable>(
    _ connection: consuming ParkedConnection, _ handler: inout Handler
  ) {
    let peer = connection.peer
    let listener = connection.listener
    handler.accepted(connection.takeDescriptor(), from: peer, listener: listener, on: &self)
  }

  private mutating func putOffAccepting<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) {
    acceptsAgainAt = now + EventLoop.acceptPause
    handler.acceptingPutOff(on: &self)
  }
}

extension ParkedConnection {
  consuming func takeDescriptor() -> Descriptor { descriptor }
}
