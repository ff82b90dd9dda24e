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
  static let readsInARow = 8
  static let eventsPerWait = 256
  /// How much a finished connection may still send.
  static let lingerBytes: Int32 = 64 * 1024

  let poll: Descriptor
  let events: UnsafeMutablePointer<epoll_event>
  let waker: LoopWaker
  var connections = Slab<Connection>(capacity: 64)
  var listeners: [Listener] = []
  var wheel: TimerWheel
  /// Connections to be looked at without an event from the kernel.
  var queued = RecordList<SocketID>(capacity: 64)
  var alarmTime = Int64.max
  var isStopping = false
  /// A listener met the descriptor limit, or ours: try again when a connection closes or time passes.
  var acceptsAgainAt = Int64.max

  /// Nanoseconds of the monotonic clock when the events being served were fetched.
  package internal(set) var now: Int64
  /// Nanoseconds to add to ``now`` for wall-clock time since 1970.
  package internal(set) var wallOffset: Int64
  var wallCheckedAt: Int64
  /// Nanoseconds for which the peer of a finished connection may take none of the bytes queued for it.
  package var flushTimeout: Int64 = 60_000_000_000
  /// Nanoseconds that a finished connection may linger once all bytes are with the kernel.
  package var lingerTimeout: Int64 = 1_000_000_000
  /// Connections this loop accepts at once, handed over ones not counted.
  package var connectionLimit = Int.max
  /// Times that accepting was put off because descriptors ran out.
  package internal(set) var acceptsPutOff = 0

  struct Listener {
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

  mutating func wait() -> Int {
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

  mutating func acceptAll<Handler: EventHandler & ~Copyable>(
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

  mutating func putOffAccepting() {
    acceptsPutOff += 1
    acceptsAgainAt = now + 100_000_000
  }
}
