internal import CLinux
internal import Glibc
internal import Memory
internal import System

/// Passes the kernel's events to the handler.
extension EventLoop {
  mutating func serve<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ flags: UInt32, _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    // This is a late event of a connection that was closed a moment ago.
    guard connections.contains(id) else { return }
    if flags & (cl_peer_closed | cl_hang_up) != 0 {
      connections[id].peerEnding = true
    }
    switch connections[id].phase {
    case .open:
      if flags & (cl_error | cl_hang_up) != 0, connections[id].isPaused {
        // Both directions are gone, so nobody will read an answer: report that in spite of the pause.
        let error = cl_socket_error(connections[id].descriptor.number)
        fail(id, .broken(SystemError(number: error == 0 ? ECONNRESET : error)), &handler)
        return
      }
      if flags & cl_writable != 0, connections[id].owesDrained {
        flush(id, &handler)
        guard contains(id) else { return }
      }
      if flags & ~cl_writable != 0 { read(id, &buffer, &handler) }
    case .connecting, .connectingToProxy: finishConnecting(id, flags, &handler)
    case .tunnelling: continueTunnelling(id, &buffer, &handler)
    case .handshaking:
      // A new connection is writable, and the kernel reports that before its peer has sent anything.
      if flags == cl_writable, connections[id].session?.awaitsInput ?? false { break }
      shakeHands(id, &handler)
    case .flushing:
      continueFinishing(id)
      if connections.contains(id), connections[id].awaitsRest { discardInput(id, &buffer) }
    case .lingering: discardInput(id, &buffer)
    }
  }

  mutating func read<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    for _ in 0..<EventLoop.readsInARow {
      // The record is accessed once, because each access checks its handle.
      let (input, tag) = connections[id].take(into: &buffer)
      switch input {
      case .bytes:
        handler.received(buffer.bytes, from: id, tag: tag, on: &self)
        guard contains(id), connections[id].mayRead else { return }
      case .nothing:
        if connections[id].writeError != 0 { failWriting(id, &handler) }
        return
      case nil:
        if connections[id].peerEnding { handler.endAnnounced(id, tag: tag, on: &self) }
        return
      case .end(let cleanly):
        // The failed write has consumed the reset that caused this end.
        if connections[id].writeError != 0 {
          failWriting(id, &handler)
          return
        }
        connections[id].isPaused = true
        handler.ended(id, cleanly: cleanly, tag: tag, on: &self)
        return
      case .failed(let failure):
        fail(id, failure, &handler)
        return
      }
    }
    enqueue(id)
  }

  mutating func flush<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    connections[id].flush(sparing: &spareOutput)
    if connections[id].writeError != 0 {
      enqueue(id)
    } else if connections[id].output.isEmpty {
      connections[id].owesDrained = false
      let tag = connections[id].tag
      handler.drained(id, tag: tag, on: &self)
    }
  }

  /// Reads before reporting a failed write. A peer that takes no more bytes may have said why: for example a server
  /// that answered early, and then reset because it had closed without reading the whole request. What it said is
  /// delivered first.
  mutating func serveBroken<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    if connections[id].isPaused {
      failWriting(id, &handler)
    } else {
      read(id, &buffer, &handler)
    }
  }

  mutating func failWriting<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    fail(id, .broken(SystemError(number: connections[id].writeError)), &handler)
  }

  mutating func fail<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ failure: SocketFailure, _ handler: inout Handler
  ) {
    let tag = connections[id].tag
    var failure = failure
    if case .broken(let error) = failure, connections[id].tookNothing { failure = .untaken(error) }
    unlink(id)
    drop(id)
    handler.failed(id, failure, tag: tag, on: &self)
  }

  mutating func finishConnecting<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ flags: UInt32, _ handler: inout Handler
  ) {
    let relevant = (cl_writable | cl_error | cl_hang_up)
    guard flags & relevant != 0 else { return }
    let error = cl_socket_error(connections[id].descriptor.number)
    if error == 0 && flags & cl_hang_up != 0
      && flags & cl_error == 0 && flags & cl_readable == 0
    {
      // It is not connected yet: some kernels announce a hang-up when an unconnected socket is registered.
      return
    }
    guard error == 0 else {
      fail(id, .connect(SystemError(number: error)), &handler)
      return
    }
    if connections[id].phase == .connecting {
      beginTLS(id, &handler)
    } else {
      connections[id].phase = .tunnelling
      let isSent = connections[id].sendTunnelRequest()
      if !isSent { fail(id, .tunnel("the proxy's connection broke"), &handler) }
    }
  }

  mutating func continueTunnelling<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    switch connections[id].continueTunnelling(&buffer) {
    case .wait: break
    case .open:
      connections[id].output.release()
      beginTLS(id, &handler)
    case .failed(let reason): fail(id, .tunnel(reason), &handler)
    }
  }

  mutating func beginTLS<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    if connections[id].session != nil {
      connections[id].phase = .handshaking
      shakeHands(id, &handler)
    } else {
      becomeOpen(id, &handler)
    }
  }

  mutating func shakeHands<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    let outcome = connections[id].session?.handshake() ?? .done(0)
    switch outcome {
    case .done: becomeOpen(id, &handler)
    case .wait: break
    case .end: fail(id, .tls("the peer closed during the handshake"), &handler)
    case .certificateRefused(let reason): failHandshake(id, .certificate(reason), &handler)
    case .failed(let reason):
      if connections[id].session?.wasSentText ?? false {
        speakPlainly(id, &handler)
      } else {
        failHandshake(id, .tls(reason), &handler)
      }
    case .alert(let reason): fail(id, .tlsAlert(reason), &handler)
    }
  }

  /// Ends a handshake that failed on our side. A client gets to read the alert with the reason: closing at once, with
  /// unread bytes of the client, would reset its connection.
  private mutating func failHandshake<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ failure: SocketFailure, _ handler: inout Handler
  ) {
    guard connections[id].session?.isServers ?? false else {
      fail(id, failure, &handler)
      return
    }
    let tag = connections[id].tag
    connections[id].session = nil
    connections[id].phase = .lingering
    connections[id].isPaused = false
    setWheelDeadline(id, at: now + lingerTimeout)
    _ = shutdown(connections[id].descriptor.number, Int32(SHUT_WR))
    enqueue(id)
    handler.failed(id, failure, tag: tag, on: &self)
  }

  /// Goes on with a client that began with text instead of a TLS handshake. Its connection is a plain one from now on,
  /// so that it can get an error.
  private mutating func speakPlainly<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    let tag = connections[id].tag
    connections[id].session = nil
    connections[id].phase = .open
    connections[id].mayRead = true
    handler.spokePlainly(id, tag: tag, on: &self)
  }

  mutating func becomeOpen<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    connections[id].phase = .open
    connections[id].mayRead = true
    enqueue(id)
    let tag = connections[id].tag
    handler.connected(id, tag: tag, on: &self)
    guard contains(id), connections[id].owesDrained else { return }
    flush(id, &handler)
  }

  /// Discards what a finishing connection still receives, within its bound. Other connections get their turn in
  /// between.
  mutating func discardInput(_ id: SocketID, _ buffer: inout ByteBuffer) {
    let limit =
      connections[id].awaitsRest ? EventLoop.restBytes : EventLoop.lingerBytes
    for _ in 0..<EventLoop.readsInARow {
      let isFlushing = connections[id].phase == .flushing
      // Bytes beyond the bound stay in the kernel until the output is gone.
      if isFlushing, connections[id].discarded >= limit { return }
      switch connections[id].read(into: &buffer) {
      case .bytes(let more):
        connections[id].discarded &+= Int32(truncatingIfNeeded: buffer.count)
        if connections[id].discarded < limit || isFlushing {
          if connections[id].awaitsRest, !isFlushing {
            setWheelDeadline(id, at: min(now + restPause, Int64(connections[id].finishMark)))
          }
          // If the end was announced, read up to it: no further event will report it.
          if more || connections[id].peerEnding { continue }
          return
        }
      case .nothing: return
      // The peer may still read. Its end is found again when the output is gone.
      case .end where isFlushing: return
      case .end, .failed: break
      }
      unlink(id)
      drop(id)
      return
    }
    enqueue(id)
  }

  /// Serves connections that need attention without an event from the kernel.
  mutating func serveQueued<Handler: EventHandler & ~Copyable>(
    _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    // Connections that are queued meanwhile are served after the next wait.
    var round = RecordList<SocketID>(capacity: 1)
    guard queued.count > 0 else { return }
    swap(&round, &queued)
    for i in 0..<round.count {
      let id = round[i]
      guard connections.contains(id) else { continue }
      connections[id].isQueued = false
      switch connections[id].phase {
      case .open:
        if connections[id].writeError != 0 {
          serveBroken(id, &buffer, &handler)
        } else if connections[id].mayRead {
          read(id, &buffer, &handler)
        }
      case .lingering: discardInput(id, &buffer)
      case .flushing where connections[id].awaitsRest: discardInput(id, &buffer)
      case .connecting, .connectingToProxy, .tunnelling, .handshaking, .flushing: break
      }
    }
    // Keep the memory of the larger of the two lists.
    round.removeAll()
    if queued.count == 0 { swap(&round, &queued) }
  }
}
