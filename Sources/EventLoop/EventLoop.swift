internal import CLinux
internal import Glibc
internal import Memory

/// One thread's event loop over epoll: sockets, TLS, deadlines and wake-ups.
///
/// Every connection is registered once, edge-triggered, for both directions: there is no system call for
/// changing interest. A read shorter than the buffer means the socket is empty, so no read ends in EAGAIN.
/// All connections of a loop read into one buffer, lent to the handler for the call.
///
/// The loop is a value that its thread owns; a handler gets it `inout` with each event.
@safe package struct EventLoop: ~Copyable {
  /// Bytes of the buffer that all connections read into, and so the most that one event delivers.
  package static let readBufferBytes = 64 * 1024
  /// Reads of one connection in a row before the others get their turn.
  private static let readsInARow = 8
  private static let eventsPerWait = 256
  /// How much a finished connection may still send.
  private static let lingerBytes: Int32 = 64 * 1024

  private let poll: Descriptor
  private let events: UnsafeMutablePointer<epoll_event>
  private let waker: LoopWaker
  private var connections = Slab<Connection>(capacity: 64)
  private var listeners: [Listener] = []
  private var wheel: TimerWheel
  /// Connections to be looked at without an event from the kernel.
  private var queued = RecordList<SocketID>(capacity: 64)
  private var alarmTime = Int64.max
  private var isStopping = false
  /// A listener met the descriptor limit, or ours: try again when a connection closes or time passes.
  private var acceptsAgainAt = Int64.max

  /// Nanoseconds of the monotonic clock when the events being served were fetched.
  package private(set) var now: Int64
  /// Nanoseconds to add to ``now`` for wall-clock time since 1970.
  package private(set) var wallOffset: Int64
  private var wallCheckedAt: Int64
  /// Nanoseconds for which the peer of a finished connection may take none of the bytes queued for it.
  package var flushTimeout: Int64 = 60_000_000_000
  /// Nanoseconds that a finished connection may linger once all bytes are with the kernel.
  package var lingerTimeout: Int64 = 1_000_000_000
  /// Connections this loop accepts at once, handed over ones not counted.
  package var connectionLimit = Int.max
  /// Times that accepting was put off because descriptors ran out.
  package private(set) var acceptsPutOff = 0

  private struct Listener {
    let number: Int32
    let isUnix: Bool
  }

  /// - Throws: when the process is out of descriptors.
  package init(waker: LoopWaker) throws(SystemError) {
    let number = cl_epoll_create()
    guard number >= 0 else { throw .current }
    let poll = Descriptor(owning: number)
    guard cl_epoll_add(number, waker.descriptor.number, cl_readable, 0, 0) == 0
    else { throw .current }
    self.poll = poll
    unsafe events = UnsafeMutablePointer<epoll_event>.allocate(capacity: EventLoop.eventsPerWait)
    self.waker = waker
    now = cl_monotonic_ns()
    wallOffset = cl_wall_ns() - now
    wallCheckedAt = now
    wheel = TimerWheel(now: now)
  }

  deinit { unsafe events.deallocate() }

  /// How many connections the loop has.
  package var connectionCount: Int { connections.count }

  /// Wall-clock time of the events being served: nanoseconds since 1970-01-01T00:00:00Z.
  package var wallTime: Int64 { now &+ wallOffset }

  // MARK: Running

  /// Serves events until ``stop()`` is called. Blocks its thread.
  package mutating func run<Handler: EventHandler & ~Copyable>(_ handler: inout Handler) {
    var buffer = ByteBuffer(capacity: EventLoop.readBufferBytes)
    while !isStopping {
      handler.aboutToWait(on: &self)
      let count = wait()
      for i in 0..<count {
        // Proof: the kernel filled `count` events.
        let flags = unsafe events[i].events
        let data = unsafe cl_event_data(events + i)
        if data >> 32 != 0 {
          serve(SocketID(bits: data), flags, &buffer, &handler)
        } else if data == 0 {
          waker.acknowledge()
          handler.woken(on: &self)
        } else {
          acceptAll(Int(data) - 1, &handler)
        }
      }
      serveQueued(&buffer, &handler)
      serveDeadlines(&handler)
      if now >= acceptsAgainAt {
        acceptsAgainAt = .max
        for i in listeners.indices { acceptAll(i, &handler) }
      }
      if now >= alarmTime {
        alarmTime = .max
        handler.alarm(on: &self)
      }
    }
  }

  /// Makes ``run(_:)`` return after the event being served. Connections stay until the loop goes.
  package mutating func stop() { isStopping = true }

  private mutating func wait() -> Int {
    var due = min(alarmTime, acceptsAgainAt)
    if let tick = wheel.nextTick() { due = min(due, tick << TimerWheel.tickShift) }
    let timeout: Int32
    if queued.count > 0 {
      timeout = 0
    } else if due == .max {
      timeout = -1
    } else {
      timeout = Int32(clamping: max(0, due &- now &+ 999_999) / 1_000_000)
    }
    let count = unsafe epoll_wait(
      poll.number, events, Int32(EventLoop.eventsPerWait), timeout)
    now = cl_monotonic_ns()
    if now &- wallCheckedAt > 1_000_000_000 {
      wallOffset = cl_wall_ns() &- now
      wallCheckedAt = now
    }
    return Int(max(0, count))
  }

  // MARK: Listeners

  /// Watches a listening socket; its number comes with every connection it accepts.
  package mutating func listen(on socket: borrowing ListeningSocket) throws(SystemError) -> Int {
    let index = listeners.count
    guard
      cl_epoll_add(
        poll.number, socket.descriptor.number, cl_readable, 1, UInt64(index + 1))
        == 0
    else { throw .current }
    listeners.append(Listener(number: socket.descriptor.number, isUnix: socket.isUnix))
    return index
  }

  /// Stops accepting, and lets new callers be refused at once. Connections made already stay.
  package mutating func stopListening() {
    for listener in listeners {
      _ = cl_epoll_remove(poll.number, listener.number)
      _ = shutdown(listener.number, Int32(SHUT_RDWR))
    }
    listeners = []
  }

  private mutating func acceptAll<Handler: EventHandler & ~Copyable>(
    _ index: Int, _ handler: inout Handler
  ) {
    guard index < listeners.count else { return }
    let listener = listeners[index]
    while index < listeners.count {
      guard connections.count < connectionLimit else {
        putOffAccepting()
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
          putOffAccepting()
          return
        }
      }
      var user = UInt32.max
      if listener.isUnix {
        var group: gid_t = 0
        if unsafe cl_peer_credentials(number, &user, &group) != 0 { user = .max }
      } else {
        _ = cl_no_delay(number)
      }
      handler.accepted(
        Descriptor(owning: number), from: PeerIdentity(address, user: user), listener: index,
        on: &self)
    }
  }

  private mutating func putOffAccepting() {
    acceptsPutOff += 1
    acceptsAgainAt = now + 100_000_000
  }

  // MARK: Connections

  /// Takes a connected socket into this loop.
  ///
  /// - Returns: its name; nil when the kernel refuses to watch it, and it is closed.
  package mutating func adopt(
    _ descriptor: consuming Descriptor, tag: SocketTag
  ) -> SocketID? {
    register(Connection(descriptor: descriptor, session: nil, tag: tag, phase: .open))
  }

  /// Begins a connection to `address`, with TLS when `client` is there. With `tunnel`, an authority like
  /// `cloud.scorm.com:443`, the address is a proxy's, which is asked to connect to it; nothing may be sent
  /// before the connection is ready then. ``EventHandler/connected(_:tag:on:)``
  /// or ``EventHandler/failed(_:_:tag:on:)`` follows. Bytes sent before that are queued.
  package mutating func connect(
    to address: SocketAddress, tunnel: String? = nil, tls client: TLSClient?, tag: SocketTag
  ) throws(SystemError) -> SocketID {
    let number = cl_socket(address.family)
    guard number >= 0 else { throw .current }
    let descriptor = Descriptor(owning: number)
    if address.family != AF_UNIX { _ = cl_no_delay(number) }
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

  private mutating func register(_ connection: consuming Connection) -> SocketID? {
    let number = connection.descriptor.number
    let id = connections.insert(connection)
    let interest = (cl_readable | cl_writable | cl_peer_closed)
    guard cl_epoll_add(poll.number, number, interest, 1, id.bits) == 0 else {
      _ = connections.remove(id)
      return nil
    }
    return id
  }

  /// Whether `socket` names a connection that its owner has not closed.
  package func contains(_ socket: SocketID) -> Bool {
    connections.contains(socket)
      && connections[socket].phase.rawValue <= Connection.Phase.open.rawValue
  }

  /// Sends `bytes`: at once as far as the socket takes them, the rest when it can.
  ///
  /// - Returns: how many bytes wait for the socket now. When that is not 0,
  ///   ``EventHandler/drained(_:tag:on:)`` follows; whoever produces more before that fills memory.
  @discardableResult
  package mutating func send(_ bytes: RawSpan, to socket: SocketID) -> Int {
    guard contains(socket) else { return 0 }
    let state = connections[socket].sendNow(bytes)
    if state == Connection.sendFailed { enqueue(socket) }
    return max(0, state)
  }

  /// Bytes that wait for the socket.
  package func queuedBytes(_ socket: SocketID) -> Int {
    connections.contains(socket) ? connections[socket].output.count : 0
  }

  /// Stops ``EventHandler/received(_:from:tag:on:)`` for this connection. Bytes stay in the kernel, and
  /// the peer is slowed down.
  package mutating func pauseReading(_ socket: SocketID) {
    if contains(socket) { connections[socket].isPaused = true }
  }

  /// Undoes ``pauseReading(_:)``.
  package mutating func resumeReading(_ socket: SocketID) {
    guard contains(socket) else { return }
    connections[socket].isPaused = false
    if connections[socket].mayRead { enqueue(socket) }
  }

  /// Whether the peer has announced its end, or bytes wait that were not asked for: for connections
  /// that should be quiet.
  package func isDisturbed(_ socket: SocketID) -> Bool {
    connections.contains(socket)
      && (connections[socket].peerEnding || connections[socket].mayRead)
  }

  /// Closes at once. What is queued is lost.
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

  /// Closes with a reset, so that the peer cannot take a message cut short for a whole one.
  package mutating func abort(_ socket: SocketID) {
    guard connections.contains(socket) else { return }
    unlink(socket)
    _ = cl_reset_on_close(connections[socket].descriptor.number)
    drop(socket)
  }

  /// Closes in stages: queued output goes out, then our side is shut down, and the connection is released
  /// when the peer is done too, or after ``lingerTimeout``. A peer that takes nothing for ``flushTimeout``
  /// is cut off with a reset. The owner gets no more events.
  package mutating func finish(_ socket: SocketID) {
    guard contains(socket) else { return }
    connections[socket].phase = .flushing
    connections[socket].isPaused = false
    setWheelDeadline(socket, at: now + flushTimeout)
    continueFinishing(socket)
  }

  private mutating func continueFinishing(_ socket: SocketID) {
    let waiting = connections[socket].output.count
    connections[socket].flush()
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
    setWheelDeadline(socket, at: now + lingerTimeout)
    _ = shutdown(connections[socket].descriptor.number, Int32(SHUT_WR))
    connections[socket].mayRead = true
    enqueue(socket)
  }

  private mutating func drop(_ socket: SocketID) {
    _ = connections.remove(socket)
    if acceptsAgainAt != .max { acceptsAgainAt = now }
  }

  private mutating func enqueue(_ socket: SocketID) {
    guard !connections[socket].isQueued else { return }
    connections[socket].isQueued = true
    queued.append(socket)
  }

  // MARK: Events

  private mutating func serve<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ flags: UInt32, _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    // A late event of a connection closed a moment ago names nothing.
    guard connections.contains(id) else { return }
    if flags & (cl_peer_closed | cl_hang_up) != 0 {
      connections[id].peerEnding = true
    }
    switch connections[id].phase {
    case .open:
      if flags & (cl_error | cl_hang_up) != 0, connections[id].isPaused {
        // Both directions are gone: nobody will read an answer, so say so in spite of the pause.
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
    case .handshaking: shakeHands(id, &handler)
    case .flushing: continueFinishing(id)
    case .lingering: discardInput(id, &buffer)
    }
  }

  private mutating func read<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    let tag = connections[id].tag
    for _ in 0..<EventLoop.readsInARow {
      if connections[id].isPaused {
        connections[id].mayRead = true
        return
      }
      let input = connections[id].read(into: &buffer)
      switch input {
      case .bytes(let more):
        connections[id].mayRead =
          more || connections[id].peerEnding || connections[id].writeError != 0
        handler.received(buffer.bytes, from: id, tag: tag, on: &self)
        guard contains(id), connections[id].mayRead else { return }
      case .nothing:
        connections[id].mayRead = false
        if connections[id].writeError != 0 { failWriting(id, &handler) }
        return
      case .end(let cleanly):
        connections[id].mayRead = false
        // The write took the reset that this end is.
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

  private mutating func flush<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    connections[id].flush()
    if connections[id].writeError != 0 {
      enqueue(id)
    } else if connections[id].output.isEmpty {
      connections[id].owesDrained = false
      let tag = connections[id].tag
      handler.drained(id, tag: tag, on: &self)
    }
  }

  /// A peer that takes no more bytes may have said why before: a server's early answer, and then its
  /// reset, because it closed on a request that it had not read. What it said is delivered first.
  private mutating func serveBroken<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    if connections[id].isPaused {
      failWriting(id, &handler)
    } else {
      read(id, &buffer, &handler)
    }
  }

  private mutating func failWriting<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    fail(id, .broken(SystemError(number: connections[id].writeError)), &handler)
  }

  private mutating func fail<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ failure: SocketFailure, _ handler: inout Handler
  ) {
    let tag = connections[id].tag
    unlink(id)
    drop(id)
    handler.failed(id, failure, tag: tag, on: &self)
  }

  private mutating func finishConnecting<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ flags: UInt32, _ handler: inout Handler
  ) {
    let relevant = (cl_writable | cl_error | cl_hang_up)
    guard flags & relevant != 0 else { return }
    let error = cl_socket_error(connections[id].descriptor.number)
    if error == 0 && flags & cl_hang_up != 0
      && flags & cl_error == 0 && flags & cl_readable == 0
    {
      // Not connected yet: some kernels announce a hang-up when an unconnected socket is registered.
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

  private mutating func continueTunnelling<Handler: EventHandler & ~Copyable>(
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

  private mutating func beginTLS<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    if connections[id].session != nil {
      connections[id].phase = .handshaking
      shakeHands(id, &handler)
    } else {
      becomeOpen(id, &handler)
    }
  }

  private mutating func shakeHands<Handler: EventHandler & ~Copyable>(
    _ id: SocketID, _ handler: inout Handler
  ) {
    let outcome = connections[id].session?.handshake() ?? .done(0)
    switch outcome {
    case .done: becomeOpen(id, &handler)
    case .wait: break
    case .end: fail(id, .tls("the peer closed during the handshake"), &handler)
    case .certificateRefused(let reason): fail(id, .certificate(reason), &handler)
    case .failed(let reason): fail(id, .tls(reason), &handler)
    }
  }

  private mutating func becomeOpen<Handler: EventHandler & ~Copyable>(
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

  private mutating func discardInput(_ id: SocketID, _ buffer: inout ByteBuffer) {
    while true {
      switch connections[id].read(into: &buffer) {
      case .bytes(let more):
        connections[id].discarded &+= Int32(truncatingIfNeeded: buffer.count)
        if connections[id].discarded < EventLoop.lingerBytes {
          // An announced end is read up to: no event will tell of it again.
          if more || connections[id].peerEnding { continue }
          return
        }
      case .nothing: return
      case .end, .failed: break
      }
      unlink(id)
      drop(id)
      return
    }
  }

  /// Connections that need a look although the kernel has nothing to say of them.
  private mutating func serveQueued<Handler: EventHandler & ~Copyable>(
    _ buffer: inout ByteBuffer, _ handler: inout Handler
  ) {
    // Those that are queued meanwhile get their turn after the next wait.
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
      case .connecting, .connectingToProxy, .tunnelling, .handshaking, .flushing: break
      }
    }
    // Keep the larger of the two lists' memory.
    round.removeAll()
    if queued.count == 0 { swap(&round, &queued) }
  }

  // MARK: Time

  /// Asks for ``EventHandler/alarm(on:)`` at `time` (monotonic nanoseconds) or soon after. The earliest
  /// time asked for counts; an alarm rings once.
  package mutating func setAlarm(at time: Int64) { alarmTime = min(alarmTime, time) }

  /// Sets the connection's one deadline to `time` (monotonic nanoseconds); nil takes it away.
  /// ``EventHandler/deadlinePassed(_:tag:on:)`` follows within 17 ms after it.
  package mutating func setDeadline(_ socket: SocketID, at time: Int64?) {
    guard contains(socket) else { return }
    setWheelDeadline(socket, at: time)
  }

  private mutating func setWheelDeadline(_ socket: SocketID, at time: Int64?) {
    guard let time else {
      connections[socket].deadlineTick = 0
      return
    }
    let tick = TimerWheel.tick(after: time)
    connections[socket].deadlineTick = tick
    let slot = connections[socket].slotTick
    // A later deadline waits in its earlier slot, and moves on when that comes up.
    if slot != 0 && slot <= tick { return }
    unlink(socket)
    link(socket, tick)
  }

  private mutating func link(_ socket: SocketID, _ tick: Int64) {
    let slot = wheel.slotTick(for: tick)
    let head = wheel.head(at: slot)
    connections[socket].slotTick = slot
    connections[socket].previousInSlot = .none
    connections[socket].nextInSlot = head
    if head.isSome { connections[head].previousInSlot = socket }
    wheel.setHead(socket, at: slot)
    wheel.added()
  }

  private mutating func unlink(_ socket: SocketID) {
    let slot = connections[socket].slotTick
    guard slot != 0 else { return }
    let previous = connections[socket].previousInSlot
    let next = connections[socket].nextInSlot
    if previous.isSome {
      connections[previous].nextInSlot = next
    } else {
      wheel.setHead(next, at: slot)
    }
    if next.isSome { connections[next].previousInSlot = previous }
    connections[socket].slotTick = 0
    wheel.removed()
  }

  private mutating func serveDeadlines<Handler: EventHandler & ~Copyable>(
    _ handler: inout Handler
  ) {
    while let tick = wheel.takeDue(now: now) {
      while true {
        let id = wheel.head(at: tick)
        guard id.isSome else { break }
        unlink(id)
        let deadline = connections[id].deadlineTick
        if deadline == 0 { continue }
        if deadline > tick {
          link(id, deadline)
          continue
        }
        connections[id].deadlineTick = 0
        if contains(id) {
          let tag = connections[id].tag
          handler.deadlinePassed(id, tag: tag, on: &self)
        } else {
          // Finishing took too long. What was cut short must not look whole.
          if !connections[id].output.isEmpty {
            _ = cl_reset_on_close(connections[id].descriptor.number)
          }
          drop(id)
        }
      }
    }
  }
}

extension Connection {
  /// What ``sendNow(_:)`` returns when the connection is broken.
  static let sendFailed = -1

  /// Sends what the socket takes and queues the rest: how many bytes wait, or ``sendFailed``.
  mutating func sendNow(_ bytes: RawSpan) -> Int {
    if writeError != 0 { return Connection.sendFailed }
    var sent = 0
    if phase == .open && output.isEmpty {
      sent = write(bytes)
      if sent == bytes.byteCount { return 0 }
      if writeError != 0 { return Connection.sendFailed }
    }
    output.put(bytes.slice(sent, bytes.byteCount))
    owesDrained = true
    return output.count
  }
}
