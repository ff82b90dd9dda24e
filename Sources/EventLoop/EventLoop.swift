internal import CLinux
internal import Glibc
internal import Memory
package import System

/// One thread's event loop over epoll: sockets, TLS, deadlines and wake-ups.
///
/// Every connection is registered once, edge-triggered, for both directions: there is no system call for
/// changing interest. A read shorter than the buffer means the socket is empty, so no read ends in EAGAIN.
/// All connections of a loop read into one buffer, lent to the handler for the call.
///
/// The loop is a value that its thread owns; a handler gets it `inout` with each event.
@safe package struct EventLoop: ~Copyable {
  /// Bytes of the buffer that all connections read into, and so the most that one event delivers: 45 segments of
  /// Ethernet.
  ///
  /// Not a multiple of a page's size: the kernel copies with `rep movsb`, which takes up to a hundred times as long when
  /// the target is a few bytes further in its page than the source. In a long body a read of whole pages would meet the same
  /// distance each time; this one meets them all in turn (docs/performance.md).
  package static let readBufferBytes = 45 * 1448
  /// Reads of one connection in a row before the others get their turn.
  static let readsInARow = 8
  /// The most events that one wait brings.
  package static let eventsPerWait = 256
  /// Waits in a row that brought as many events as fit, after which deadlines are looked at all the same.
  static let waitsBehind = 64
  /// How much a finished connection may still send that has nothing to send.
  static let lingerBytes: Int32 = 64 * 1024
  /// How much a finished connection may still send that was in the middle of a message. Many clients read an
  /// answer only when all of their request is sent (RFC 9112 section 9.6), so what they send is read and thrown
  /// away: this much holds nearly every upload, and bounds what one connection costs.
  static let restBytes: Int32 = 64 << 20

  /// Bytes of memory at most that the loop keeps for the next queue of output.
  static let spareBytes = 256 * 1024

  private let staysInPlace = StaysInPlace()
  let poll: Descriptor
  let events: UnsafeMutablePointer<epoll_event>
  let waker: LoopWaker
  private let clock: TimeSource
  var connections = Slab<Connection>(capacity: 64)
  var listeners: [Listener?] = []
  /// Those that are not accepted from for now: ``pauseListening()``.
  var pausedListeners: [Listener?] = []
  var wheel: TimerWheel
  /// Memory for the next queue of output; empty.
  var spareOutput = ByteBuffer()
  /// Connections to be looked at without an event from the kernel.
  var queued = RecordList<SocketID>(capacity: 64)
  var alarmTime = Int64.max
  var isStopping = false
  /// A listener met the descriptor limit, or ours: try again when a connection closes or time passes.
  var acceptsAgainAt = Int64.max
  /// A connection that was accepted and waits for a descriptor below ``descriptorMark``.
  var parked: ParkedConnection?
  /// Waits in a row after which there was more to serve than one wait brings.
  var waitsInARow = 0

  /// Nanoseconds of the monotonic clock when the events being served were fetched.
  package internal(set) var now: Int64
  /// Nanoseconds to add to ``now`` for wall-clock time since 1970.
  package internal(set) var wallOffset: Int64
  var wallCheckedAt: Int64
  /// Nanoseconds for which the peer of a finished connection may take none of the bytes queued for it.
  package var flushTimeout: Int64 = 60_000_000_000
  /// Nanoseconds that a finished connection may linger once all bytes are with the kernel.
  package var lingerTimeout: Int64 = 1_000_000_000
  /// The same for one that was in the middle of a message. nginx's `lingering_time` is as long.
  package var restTimeout: Int64 = 30_000_000_000
  /// Nanoseconds for which such a one may send nothing meanwhile: nginx's `lingering_timeout`.
  package var restPause: Int64 = 5_000_000_000
  /// Connections that may be read from so at once; more are finished like those that have nothing to send. It
  /// bounds what all of them hold, descriptors first.
  package var restLimit = 256
  /// Connections that are read from so.
  var restCount = 0
  /// Connections this loop accepts at once, handed over ones not counted.
  package var connectionLimit = Int.max
  /// The most that one event delivers. Fewer while memory is short: what is read has to be kept somewhere.
  package var readBytes = EventLoop.readBufferBytes
  /// Events that one wait brings: fewer where it must be seen soon what they have brought about. 1 to
  /// ``EventLoop/eventsPerWait``, which is as many as there is room for.
  package var eventsPerWait = EventLoop.eventsPerWait {
    didSet { eventsPerWait = min(max(1, eventsPerWait), EventLoop.eventsPerWait) }
  }
  /// Descriptors from this number on are not for accepted connections: they are kept for what serves those,
  /// such as connections to the upstream and a log that is opened anew. The kernel gives the lowest free
  /// number, so one as high as this says that nearly all are in use.
  package var descriptorMark = Int32.max

  /// - Parameter clock: what deadlines and alarms are by; read once a turn.
  /// - Throws: when the process is out of descriptors.
  package init(waker: LoopWaker, clock: TimeSource = .system) throws(SystemError) {
    let number = cl_epoll_create()
    guard number >= 0 else { throw .current }
    let poll = Descriptor(owning: number)
    guard cl_epoll_add(number, waker.descriptor.number, cl_readable, 0, 0) == 0
    else { throw .current }
    self.poll = poll
    // Proof: the loop's own, freed by its deinit; nothing after this throws. The kernel fills it before it is read.
    unsafe events = UnsafeMutablePointer<epoll_event>.allocate(capacity: EventLoop.eventsPerWait)
    self.waker = waker
    self.clock = clock
    now = clock.monotonic
    wallOffset = clock.wall - now
    wallCheckedAt = now
    wheel = TimerWheel(now: now)
  }

  // Proof: allocated by init, and given to nobody.
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

  /// Serves what there is to serve, and what is due, and does not wait: for a caller that decides by itself when
  /// the loop goes on.
  ///
  /// - Returns: whether the kernel had anything to tell, or something is to be served again.
  @discardableResult
  package mutating func turn<Handler: EventHandler & ~Copyable>(_ handler: inout Handler) -> Bool {
    var buffer = ByteBuffer(capacity: readBytes)
    let count = takeTurn(&buffer, &handler, waits: false)
    return count != 0 || queued.count > 0 || min(alarmTime, acceptsAgainAt) <= now
  }

  /// - Returns: as ``wait(_:)``.
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
    // What has arrived in time counts as such, even if this process was stopped until after its deadline.
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

  /// Makes ``run(_:)`` return after the event being served. Connections stay until the loop goes.
  package mutating func stop() { isStopping = true }

  /// Waits for events, until the earliest time at which something is due; or just looks for them.
  ///
  /// - Returns: how many there are; -1 when a signal got in the way, and nobody knows.
  private mutating func wait(_ waits: Bool) -> Int {
    var due = min(alarmTime, acceptsAgainAt)
    if let tick = wheel.nextTick() { due = min(due, tick << TimerWheel.tickShift) }
    let timeout: Int32
    if !waits || queued.count > 0 {
      timeout = 0
    } else {
      timeout = clock.milliseconds(until: due, from: now)
    }
    // Proof: `events` has room for EventLoop.eventsPerWait, which the variable eventsPerWait never exceeds.
    var count = unsafe cl_epoll_wait(
      poll.number, events, Int32(eventsPerWait), timeout)
    if count < 0 {
      // A process that was stopped and continued comes here, with its events still to be fetched: signal(7).
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
