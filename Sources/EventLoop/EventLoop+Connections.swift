internal import CLinux
internal import Glibc
internal import Memory
package import System

/// Connections as their owner uses them: made, written to, paused, closed.
extension EventLoop {
  /// Takes a connected socket into this loop.
  ///
  /// - Returns: its id; nil when the kernel refuses to watch it. The socket is then closed.
  package mutating func adopt(
    _ descriptor: consuming Descriptor, tag: SocketTag
  ) -> SocketID? {
    register(Connection(descriptor: descriptor, session: nil, tag: tag, phase: .open))
  }

  /// Takes a connected socket whose peer must use TLS. ``EventHandler/connected(_:tag:on:)`` follows when the handshake
  /// is done, otherwise ``EventHandler/failed(_:_:tag:on:)`` or ``EventHandler/spokePlainly(_:tag:on:)``. The owner
  /// limits the time for it with a deadline.
  ///
  /// - Returns: its id; nil when there is no memory for it or the kernel refuses to watch it. The socket is then
  ///   closed.
  package mutating func adopt(
    _ descriptor: consuming Descriptor, tls acceptor: TLSAcceptor, tag: SocketTag
  ) -> SocketID? {
    guard let session = acceptor.makeSession(over: descriptor) else { return nil }
    return register(
      Connection(descriptor: descriptor, session: session, tag: tag, phase: .handshaking))
  }

  /// What the peer of an open TLS connection has presented; nil for one without TLS.
  package func peer(of socket: SocketID) -> TLSPeer? {
    contains(socket) ? connections[socket].peer : nil
  }

  /// Why `acceptor` would not let in the peer of a TLS connection; nil when it would.
  package func objection(to socket: SocketID, by acceptor: TLSAcceptor) -> String? {
    contains(socket) ? connections[socket].objection(by: acceptor) : nil
  }

  /// Begins a connection to `address`, with TLS if there is a `client`. ``EventHandler/connected(_:tag:on:)`` or
  /// ``EventHandler/failed(_:_:tag:on:)`` follows. Bytes sent before that are queued. With `tunnel`, an authority like
  /// `cloud.scorm.com:443`, the address is that of a proxy, which is asked to connect to the authority. Then nothing
  /// may be sent before the connection is ready.
  package mutating func connect(
    to address: SocketAddress, tunnel: String? = nil, tls client: TLSClient?, tag: SocketTag
  ) throws(SystemError) -> SocketID {
    let number = cl_socket(address.family)
    guard number >= 0 else { throw .current }
    let descriptor = Descriptor(owning: number)
    if address.family != AF_UNIX {
      _ = cl_no_delay(number)
      _ = cl_limit_unsent(number, ListeningSocket.unsentBytes)
    }
    var target = address
    // Proof: the storage holds an address of the given length.
    let status = unsafe cl_connect(number, &target.storage, target.length)
    if status != 0 && errno != EINPROGRESS && errno != EINTR { throw .current }
    var session: TLSSession?
    if let client {
      session = client.makeSession(over: descriptor)
      if session == nil { throw SystemError(number: ENOMEM) }
    }
    guard
      let id = register(
        Connection(descriptor: descriptor, session: session, tag: tag, phase: .connecting))
    else { throw .current }
    if let tunnel {
      connections[id].phase = .connectingToProxy
      connections[id].queueTunnelRequest(to: tunnel)
    }
    return id
  }

  mutating func register(_ connection: consuming Connection) -> SocketID? {
    let number = connection.descriptor.number
    let id = connections.insert(connection)
    let interest = (cl_readable | cl_writable | cl_peer_closed)
    guard cl_epoll_add(poll.number, number, interest, 1, id.bits) == 0 else {
      _ = connections.remove(id)
      return nil
    }
    return id
  }

  /// Whether `socket` identifies a connection that its owner has not closed.
  package func contains(_ socket: SocketID) -> Bool {
    connections.contains(socket)
      && connections[socket].phase.rawValue <= Connection.Phase.open.rawValue
  }

  /// Sends `bytes`: at once as far as the socket takes them, the rest when it can.
  ///
  /// - Returns: how many bytes now wait for the socket. If that is not 0, ``EventHandler/drained(_:tag:on:)`` follows.
  ///   Sending more before that takes more memory.
  @discardableResult
  package mutating func send(_ bytes: RawSpan, to socket: SocketID) -> Int {
    guard contains(socket) else { return 0 }
    let state = connections[socket].sendNow(bytes, spare: &spareOutput)
    if state == Connection.sendFailed { enqueue(socket) }
    return max(0, state)
  }

  /// Bytes that wait for the socket.
  package func queuedBytes(_ socket: SocketID) -> Int {
    connections.contains(socket) ? connections[socket].output.count : 0
  }

  /// Bytes of memory that the socket's queue takes.
  package func heldBytes(_ socket: SocketID) -> Int {
    connections.contains(socket) ? connections[socket].output.allocatedBytes : 0
  }

  /// Bytes sent that the peer has not taken, both those that wait here and those that wait in the kernel. It takes one
  /// system call, so it is meant for occasional checks whether a slow peer makes progress.
  package func untakenBytes(_ socket: SocketID) -> Int {
    guard connections.contains(socket) else { return 0 }
    return connections[socket].output.count
      + Int(cl_untaken(connections[socket].descriptor.number))
  }

  /// Stops ``EventHandler/received(_:from:tag:on:)`` for this connection. Bytes stay in the kernel, which slows the
  /// peer down.
  package mutating func pauseReading(_ socket: SocketID) {
    if contains(socket) { connections[socket].isPaused = true }
  }

  /// Undoes ``pauseReading(_:)``.
  package mutating func resumeReading(_ socket: SocketID) {
    guard contains(socket) else { return }
    connections[socket].isPaused = false
    if connections[socket].mayRead { enqueue(socket) }
  }

  /// Whether the peer has announced its end, or unrequested bytes wait. For connections that should be quiet.
  package func isDisturbed(_ socket: SocketID) -> Bool {
    connections.contains(socket)
      && (connections[socket].peerEnding || connections[socket].mayRead)
  }

  /// Closes at once. Queued output is lost.
  package mutating func close(_ socket: SocketID) {
    guard connections.contains(socket) else { return }
    unlink(socket)
    if connections[socket].session != nil, connections[socket].phase == .open,
      connections[socket].output.isEmpty
    {
      connections[socket].session?.sayGoodbye()
    }
    drop(socket)
  }

  /// Closes with a reset, so that the peer cannot mistake a truncated message for a complete one.
  package mutating func abort(_ socket: SocketID) {
    guard connections.contains(socket) else { return }
    unlink(socket)
    _ = cl_reset_on_close(connections[socket].descriptor.number)
    drop(socket)
  }

  /// Closes in stages: queued output goes out, then our side is shut down. The connection is released when the peer is
  /// done too, or after ``lingerTimeout``. A peer that takes nothing for ``flushTimeout`` is reset. The owner gets no
  /// more events.
  ///
  /// - Parameter awaitingRest: the peer is in the middle of a message. From now on its bytes are read and discarded,
  ///   within ``restBytes``, ``restTimeout`` and ``restPause``, so that the peer gets to read our output.
  package mutating func finish(_ socket: SocketID, awaitingRest: Bool = false) {
    guard contains(socket) else { return }
    connections[socket].phase = .flushing
    connections[socket].finishMark = untakenBytes(socket)
    connections[socket].isPaused = false
    setWheelDeadline(socket, at: now + flushTimeout)
    if awaitingRest, restCount < restLimit {
      connections[socket].awaitsRest = true
      restCount += 1
      // A peer that reads only after sending everything takes no output before that.
      enqueue(socket)
    }
    continueFinishing(socket)
  }

  /// Gives a connection up without closing it, so that another process can go on with it. Bytes that its peer sends
  /// meanwhile wait in the kernel.
  ///
  /// - Returns: its socket; nil when output is queued for it, or when it uses TLS, which ties it to this process. Then
  ///   it stays unchanged.
  package mutating func release(_ socket: SocketID) -> Descriptor? {
    guard contains(socket), connections[socket].phase == .open, connections[socket].session == nil,
      connections[socket].output.isEmpty, connections[socket].writeError == 0
    else { return nil }
    unlink(socket)
    _ = cl_epoll_remove(poll.number, connections[socket].descriptor.number)
    let copy = cl_duplicate(connections[socket].descriptor.number)
    // If descriptors have run out, the peer sees the connection close.
    drop(socket)
    return copy < 0 ? nil : Descriptor(owning: copy)
  }

  mutating func continueFinishing(_ socket: SocketID) {
    let waiting = connections[socket].output.count
    connections[socket].flush(sparing: &spareOutput)
    if connections[socket].writeError != 0 {
      unlink(socket)
      drop(socket)
      return
    }
    guard connections[socket].output.isEmpty else {
      if connections[socket].output.count < waiting {
        setWheelDeadline(socket, at: now + flushTimeout)
      }
      return
    }
    connections[socket].session?.sayGoodbye()
    connections[socket].phase = .lingering
    if connections[socket].awaitsRest {
      connections[socket].finishMark = Int(now + restTimeout)
      setWheelDeadline(socket, at: now + restPause)
    } else {
      setWheelDeadline(socket, at: now + lingerTimeout)
    }
    _ = shutdown(connections[socket].descriptor.number, Int32(SHUT_WR))
    connections[socket].mayRead = true
    enqueue(socket)
  }

  mutating func drop(_ socket: SocketID) {
    if connections[socket].awaitsRest { restCount -= 1 }
    _ = connections.remove(socket)
    if acceptsAgainAt != .max { acceptsAgainAt = now }
  }

  mutating func enqueue(_ socket: SocketID) {
    guard !connections[socket].isQueued else { return }
    connections[socket].isQueued = true
    queued.append(socket)
  }
}

extension Connection {
  /// What ``sendNow(_:)`` returns when the connection is broken.
  static let sendFailed = -1

  /// Sends what the socket takes and queues the rest. Returns how many bytes wait, or ``sendFailed``.
  ///
  /// - Parameter spare: memory for the queue, if it has none; may be empty.
  mutating func sendNow(_ bytes: RawSpan, spare: inout ByteBuffer) -> Int {
    if writeError != 0 { return Connection.sendFailed }
    var sent = 0
    if phase == .open && output.isEmpty {
      sent = write(bytes)
      if sent == bytes.byteCount { return 0 }
      if writeError != 0 {
        tookNothing = session == nil
        return Connection.sendFailed
      }
    }
    if output.allocatedBytes == 0 { swap(&output, &spare) }
    output.put(bytes.slice(sent, bytes.byteCount))
    owesDrained = true
    return output.count
  }
}
