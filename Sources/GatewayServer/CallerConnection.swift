internal import EventLoop
internal import HTTPMessages
internal import Memory
internal import System

/// One connection of a caller. While idle, it consists of this record and its socket, and owns no buffer.
struct CallerConnection: ~Copyable {
  // The fields that every request reads are adjacent: with thousands of callers, no record is in the processor's cache.
  var socket = SocketID.none
  /// The exchange under way.
  var exchange = SlabHandle.none
  var http = HTTPConnection()
  let peer: PeerIdentity
  let listener: UInt16
  /// The configuration that determined ``callerNumber``; 0 means that each request determines it again.
  private var generation: UInt32
  /// Index of the caller plus one; 0 when the configuration names callers and none matches.
  private(set) var callerNumber: UInt16
  /// The connection is in ``Relay/unsettled``.
  private(set) var isUnsettled = false
  /// The connection is closed or closing.
  var hasLeft = false
  /// The connection's record in ``Relay/secured``; none without TLS. For a connection with TLS, `generation` stays 0,
  /// so each request looks at that record.
  var security = SlabHandle.none

  /// Where its requests come from.
  struct Origin {
    let socket: SocketID
    let listener: Int
    /// Index of the caller; nil when the configuration names callers and none matches.
    let caller: Int?
    /// The configuration that determined `caller`.
    let generation: UInt32
  }

  @inline(__always)
  var origin: Origin {
    Origin(
      socket: socket, listener: Int(listener),
      caller: callerNumber == 0 ? nil : Int(callerNumber) - 1,
      generation: generation)
  }

  /// Notes that the connection belongs to `caller` according to the configuration `generation`.
  mutating func identify(_ caller: Int?, by generation: UInt32) {
    callerNumber = caller.map { UInt16($0 + 1) } ?? 0
    self.generation = generation
  }

  /// Notes that the connection has no exchange any more. Returns its socket.
  @inline(__always)
  mutating func endExchange() -> SocketID {
    exchange = .none
    return socket
  }

  /// Notes that the connection has changed. Returns whether it was settled before.
  @inline(__always)
  mutating func unsettles() -> Bool {
    let wasSettled = !isUnsettled
    isUnsettled = true
    return wasSettled
  }

  /// Notes that the connection was settled. Returns whether it has left.
  @inline(__always)
  mutating func settled() -> Bool {
    isUnsettled = false
    return hasLeft
  }

  /// What settling needs, read at once: each access to a record of the slab checks its handle.
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

/// What a socket belongs to, as its tag says.
enum SocketKind {
  static let caller: UInt8 = 1
  static let upstream: UInt8 = 2
}
