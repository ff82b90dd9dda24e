internal import EventLoop
internal import HTTPMessages
internal import Memory
internal import System

/// One connection of a caller. Idle, it is this record and its socket, and owns no buffer.
struct CallerConnection: ~Copyable {
  // What every request looks at, side by side: of thousands of callers none is in the processor's cache.
  var socket = SocketID.none
  /// The exchange under way.
  var exchange = SlabHandle.none
  var http = HTTPConnection()
  let peer: PeerIdentity
  let listener: UInt16
  /// The configuration that ``callerNumber`` was found by; 0 to have it found anew with each request.
  private var generation: UInt32
  /// Index of the caller plus one; 0 when the configuration names callers and none matches.
  private(set) var callerNumber: UInt16
  /// It is in ``Relay/unsettled``.
  private(set) var isUnsettled = false
  /// Its connection is gone or going.
  var hasLeft = false
  /// Its record in ``Relay/secured``; none for a connection without TLS. One with TLS is identified by no configuration
  /// here, so that each request of it is looked at there.
  var security = SlabHandle.none

  /// Where its requests come from.
  struct Origin {
    let socket: SocketID
    let listener: Int
    /// Index of the caller; nil when the configuration names callers and none matches.
    let caller: Int?
    /// The configuration that says so.
    let generation: UInt32
  }

  @inline(__always)
  var origin: Origin {
    Origin(
      socket: socket, listener: Int(listener),
      caller: callerNumber == 0 ? nil : Int(callerNumber) - 1,
      generation: generation)
  }

  /// It belongs to `caller`, as the configuration `generation` has it.
  mutating func identify(_ caller: Int?, by generation: UInt32) {
    callerNumber = caller.map { UInt16($0 + 1) } ?? 0
    self.generation = generation
  }

  /// It has no exchange any more. Returns its socket.
  @inline(__always)
  mutating func endExchange() -> SocketID {
    exchange = .none
    return socket
  }

  /// Notes that it has changed. Returns whether it was settled before.
  @inline(__always)
  mutating func unsettles() -> Bool {
    let wasSettled = !isUnsettled
    isUnsettled = true
    return wasSettled
  }

  /// Notes that it was settled. Returns whether it has left.
  @inline(__always)
  mutating func settled() -> Bool {
    isUnsettled = false
    return hasLeft
  }

  /// What settling looks at, read at once: each look at a record of the slab checks its handle.
  struct Standing {
    let socket: SocketID
    let exchange: SlabHandle
    let hasInput: Bool
    let hasLeft: Bool
  }

  @inline(__always)
  var standing: Standing {
    Standing(socket: socket, exchange: exchange, hasInput: !http.input.isEmpty, hasLeft: hasLeft)
  }

  init(peer: PeerIdentity, listener: Int, caller: Int?, generation: UInt32) {
    self.generation = generation
    self.peer = peer
    self.listener = UInt16(listener)
    callerNumber = caller.map { UInt16($0 + 1) } ?? 0
  }
}

/// What a socket's tag says it is.
enum SocketKind {
  static let caller: UInt8 = 1
  static let upstream: UInt8 = 2
}
