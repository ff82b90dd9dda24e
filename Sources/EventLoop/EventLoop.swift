internal import CLinux
internal import Glibc
internal import Memory
package import System

/// One thread's event loop over epoll: sockets, TLS, deadlines and wake-ups.
///
/// Every connection is registered once, edge-triggered, for both directions, so no system calls change its interest. A
/// read shorter than the buffer means that the socket is empty, so no read ends in EAGAIN. All connections of a loop
/// read into one buffer, which is lent to the handler for the call.
///
/// The loop is a value that its thread owns. A handler gets it `inout` with each event.
@safe package struct EventLoop: ~Copyable {
  /// The size of the buffer that all connections read into, and so the most bytes that one event delivers: 45 Ethernet
  /// segments.
  ///
  /// It is not a multiple of a page's size. The kernel copies with `rep movsb`, which takes up to a hundred times as long
  /// when the target is a few bytes further in its page than the source. In a long body, reads of whole pages would all have
  /// the same distance; with this size, the distance changes with each read (docs/performance.md).
  package static let readBufferBytes = 45 * 1448
  /// Consecutive reads of one connection before the others get their turn.
  static let readsInARow = 8
  /// The most events that one wait brings.
  package static let eventsPerWait = 256
  /// How many consecutive waits may return as many events as fit before deadlines are checked anyway.
  static let waitsBehind = 64
  /// How many bytes a finished connection that should send nothing may still send.
  static let lingerBytes: Int32 = 64 * 1024
  /// How many bytes a finished connection may still send that was in the middle of a message. Many clients read an
  /// answer only after sending their whole request (RFC 9112 section 9.6), so their bytes are read and discarded. This
  /// bound is large enough for nearly every upload, and limits the cost of one connection.
  static let restBytes: Int32 = 64 << 20

  /// The most bytes of memory that the loop keeps for the next queue of output.
  static let spareBytes = 256 * 1024

  private let staysInPlace = StaysInPlace()
  let poll: Descriptor
  let events: UnsafeMutablePointer<epoll_event>
  let waker: LoopWaker
  private let clock: TimeSource
  var connections = Slab<Connection>(capacity: 64)
  var listeners: [Listener?] = []
  /// Listeners that are not accepted from for now: ``pauseListening()``.
  var pausedListeners: [Listener?] = []
  var wheel: TimerWheel
  /// Memory for the next queue of output; empty.
  var spareOutput = ByteBuffer()
  /// Connections that need attention without an event from the kernel.
  var queued = RecordList<SocketID>(capacity: 64)
  var alarmTime = Int64.max
  var isStopping = false
  /// Accepting met the system's descriptor limit or ``descriptorMark``: try again when a connection closes, or at this
  /// time.
  var acceptsAgainAt = Int64.max
  /// A connection that was accepted and waits for a descriptor below ``descriptorMark``.
  var parked: ParkedConnection?
  /// Consecutive waits after which there was more to serve than one wait returns.
  var waitsInARow = 0

  /// Monotonic time in nanoseconds when the events being served were fetched.
  package internal(set) var now: Int64
  /// Nanoseconds to add to ``now`` for wall-clock time since 1970.
  package internal(set) var wallOffset: Int64
  var wallCheckedAt: Int64
  /// Nanoseconds for which the peer of a finished connection may take none of the bytes queued for it.
  package var flushTimeout: Int64 = 60_000_000_000
  /// Nanoseconds that a finished connection may linger once the kernel has all its bytes.
  package var lingerTimeout: Int64 = 1_000_000_000
  /// The same for a connection that was in the middle of a message. nginx's `lingering_time` is as long.
  package var restTimeout: Int64 = 30_000_000_000
  /// Nanoseconds for which such a connection may send nothing: nginx's `lingering_timeout`.
  package var restPause: Int64 = 5_000_000_000
  /// How many connections at once may send the rest of a message. Any more are finished like those that should send
  /// nothing. This bounds what they hold in total, descriptors above all.
  package var restLimit = 256
  /// Connections that are sending the rest of a message.
  var restCount = 0
  /// The most connections that this loop accepts. Connections that were handed over do not count.
  package var connectionLimit = Int.max
  /// The most bytes that one event delivers. Fewer while memory is short, because what is read has to be stored
  /// somewhere.
  package var readBytes = EventLoop.readBufferBytes
  /// The most events that one wait returns: fewer where their effect must be checked soon. 1 to
  /// ``EventLoop/eventsPerWait``, the capacity.
  package var eventsPerWait = EventLoop.eventsPerWait {
    didSet { eventsPerWait = min(max(1, eventsPerWait), EventLoop.eventsPerWait) }
  }
  /// Descriptors from this number on are not used for accepted connections. They are reserved for what serves those,
  /// such as upstream connections and reopening a log. The kernel gives the lowest free number, so a number this high
  /// means that nearly all are in use.
  package var descriptorMark = Int32.max

  /// - Parameter clock: determines deadlines and alarms; read once per turn.
  /// - Throws: when the process is out of descriptors.
  package init(waker: LoopWaker, clock: TimeSource = .system) throws(SystemError) {
    let number = cl_epoll_create()
    guard number >= 0 else { throw .current }
    let poll = Descriptor(owning: number)
    guard cl_epoll_add(number, waker.descriptor.number, cl_readable, 0, 0) == 0
    else { throw .current }
    self.poll = poll
    // Proof: the memory belongs to this loop alone and is freed by its deinit; nothing after this throws. The kernel
    // fills it before it is read.
    unsafe events = UnsafeMutablePointer<epoll_event>.allocate(capacity: EventLoop.eventsPerWait)
    self.waker = waker
    self.clock = clock
    now = clock.monotonic
    wallOffset = clock.wall - now
    wallCheckedAt = now
    wheel = TimerWheel(now: now)
  }

  // Proof: allocated by init, and never given away.
  deinit { unsafe events.deallocate() }

  /// How many connections the loop has.
  package var connectionCount: Int { connections.count }

  /// Wall-clock time of the events being served: nanoseconds since 1970-01-01T00:00:00Z.
  package var wallTime: Int64 { now &+ wallOffset }

  // MARK: Running

  /// Serves events until ``stop()`` is called. Blocks its thread.
  package mutating func run<Handler: EventHandler & ~Copyable>(_ handler: inout Handler) {
    var buffer = ByteBuffer(capacity: EventLoop.readBufferBytes)
    let turns = clock.onTurn { [waker] in waker.interrupt() }
    while !isStopping { takeTurn(&buffer, &handler, waits: true) }
    withExtendedLifetime(turns) {}
  }

  /// Serves pending events, and what is due, without waiting. For a caller that decides by itself when the loop goes
  /// on.
  ///
  /// - Returns: whether the kernel had any events, or something must be served again.
  @discardableResult
  package mutating func turn<Handler: EventHandler & ~Copyable>(_ handler: inout Handler) -> Bool {
    var buffer = ByteBuffer(capacity: readBytes)
    let count = takeTurn(&buffer, &handler, waits: false)
    return count != 0 || queued.count > 0 || min(alarmTime, acceptsAgainAt) <= now
  }

  /// - Returns: like ``wait(_:)``.
  @discardableResult
  private mutating func takeTurn<Handler: EventHandler & ~Copyable>(
    _ buffer: inout ByteBuffer, _ handler: inout Handler, waits: Bool
  ) -> Int {
    handler.aboutToWait(on: &self)
    if buffer.allocatedBytes != readBytes { buffer = ByteBuffer(capacity: readBytes) }
    let count = wait(waits)
    let isBehind = count < 0 || count == eventsPerWait
    waitsInARow = isBehind ? waitsInARow &+ 1 : 0
    for i in 0..<max(0, count) {
      // Proof: the kernel filled `count` events.
      let flags = unsafe events[i].events
      let data = unsafe cl_event_data(events + i)
      if data >> 32 != 0 {
        serve(SocketID(bits: data), flags, &buffer, &handler)
      } else if data == 0 {
        if waker.acknowledge() { handler.woken(on: &self) }
      } else {
        acceptAll(Int(data) - 1, &handler)
      }
    }
    serveQueued(&buffer, &handler)
    // Bytes that arrived in time count as in time, even if this process was stopped until after the deadline.
    if !isBehind || waitsInARow > EventLoop.waitsBehind { serveDeadlines(&handler) }
    if now >= acceptsAgainAt {
      acceptsAgainAt = .max
      for i in listeners.indices { acceptAll(i, &handler) }
    }
    if now >= alarmTime {
      alarmTime = .max
      handler.alarm(on: &self)
    }
    return count
  }

  /// Whether ``stop()`` was called.
  package var hasStopped: Bool { isStopping }

  /// Makes ``run(_:)`` return after the event being served. Connections stay until the loop is destroyed.
  package mutating func stop() { isStopping = true }

  /// Waits for events until the earliest time at which something is due; or only checks for them.
  ///
  /// - Returns: how many events there are; -1 when a signal interrupted, and the number is unknown.
  private mutating func wait(_ waits: Bool) -> Int {
    var due = min(alarmTime, acceptsAgainAt)
    if let tick = wheel.nextTick() { due = min(due, tick << TimerWheel.tickShift) }
    let timeout: Int32
    if !waits || queued.count > 0 {
      timeout = 0
    } else {
      timeout = clock.milliseconds(until: due, from: now)
    }
    // Proof: `events` has room for EventLoop.eventsPerWait events, which the variable eventsPerWait never exceeds.
    var count = unsafe cl_epoll_wait(
      poll.number, events, Int32(eventsPerWait), timeout)
    if count < 0 {
      // A process that was stopped and continued gets here, with its events still to be fetched: signal(7).
      // Proof: as above.
      count = unsafe cl_epoll_wait(poll.number, events, Int32(eventsPerWait), 0)
    }
    now = clock.monotonic
    if now &- wallCheckedAt > 1_000_000_000 {
      wallOffset = clock.wall &- now
      wallCheckedAt = now
    }
    return Int(count)
  }
}
