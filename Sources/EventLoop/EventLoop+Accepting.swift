internal import CLinux
internal import Glibc
internal import Memory
package import System

/// A socket that is listened on, for its loop.
struct Listener: Equatable {
  let number: Int32
  let isUnix: Bool
  let isShared: Bool
}

/// A connection that was accepted and not handed over yet, for want of descriptors.
struct ParkedConnection: ~Copyable {
  let descriptor: Descriptor
  let peer: PeerIdentity
  let listener: Int
}

/// Listeners, and what happens when descriptors run out: no more is accepted until some are free again.
extension EventLoop {
  /// Between two looks for free descriptors, when none is closed here.
  static let acceptPause: Int64 = 100_000_000

  /// Watches a listening socket; its number comes with every connection it accepts.
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

  /// Stops accepting at the listener `number`, as ``stopListening(_:)`` does at all of them.
  package mutating func stopListening<Handler: EventHandler & ~Copyable>(
    _ number: Int, _ handler: inout Handler
  ) {
    guard number < listeners.count else { return }
    // Callers in a supervisor's socket are the next process'.
    if !(listeners[number]?.isShared ?? true) { acceptAll(number, &handler) }
    guard let listener = listeners[number] else { return }
    _ = cl_epoll_remove(poll.number, listener.number)
    if !listener.isShared { _ = shutdown(listener.number, Int32(SHUT_RDWR)) }
    listeners[number] = nil
  }

  /// Stops accepting, and lets new callers be refused at once. Those whose connection the kernel has made
  /// already are accepted before: closing the listener would reset them. Connections stay.
  package mutating func stopListening<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) {
    acceptsAgainAt = .max
    if !pausedListeners.isEmpty { resumeListening() }
    // Callers in a supervisor's socket are the next process'.
    for index in listeners.indices where listeners[index]?.isShared == false {
      acceptAll(index, &handler)
    }
    // Whoever found no descriptor until now finds none later.
    if let waiting = parked.take() { handOver(waiting, &handler) }
    for case let listener? in listeners {
      _ = cl_epoll_remove(poll.number, listener.number)
      if !listener.isShared { _ = shutdown(listener.number, Int32(SHUT_RDWR)) }
    }
    listeners = []
    acceptsAgainAt = .max
  }

  /// Accepts nobody until ``resumeListening()``: callers wait with the kernel.
  package mutating func pauseListening() {
    guard pausedListeners.isEmpty else { return }
    acceptsAgainAt = .max
    for case let listener? in listeners { _ = cl_epoll_remove(poll.number, listener.number) }
    swap(&listeners, &pausedListeners)
  }

  /// Undoes ``pauseListening()``. Callers that have come meanwhile are accepted with the next turn.
  package mutating func resumeListening() {
    guard !pausedListeners.isEmpty else { return }
    swap(&listeners, &pausedListeners)
    for case (let index, let listener?) in listeners.enumerated() {
      _ = cl_epoll_add(poll.number, listener.number, cl_readable, 1, UInt64(index + 1))
    }
    acceptsAgainAt = now
  }

  /// Stops accepting, once paused, and leaves the callers who wait with the kernel to another process that listens
  /// with the same sockets.
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
      // Proof: the storage is as long as its length says.
      let number = unsafe cl_accept(listener.number, &address.storage, &address.length)
      guard number >= 0 else {
        switch errno {
        case EINTR, ECONNABORTED: continue
        case EAGAIN: return
        default:
          // Out of descriptors or memory. Edge-triggered, so this does not spin.
          putOffAccepting(&handler)
          return
        }
      }
      var user = UInt32.max
      if listener.isUnix {
        var group: gid_t = 0
        // Proof: both numbers outlive the call, which writes them only.
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
  /// - Returns: whether none waits any more.
  private mutating func takesParked<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) -> Bool {
    guard let waiting = parked.take() else { return true }
    // The lowest number that is free.
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
