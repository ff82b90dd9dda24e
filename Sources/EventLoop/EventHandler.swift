package import Memory
package import System

/// Names a connection of an event loop; never reused for another one.
package typealias SocketID = SlabHandle

/// What a handler knows a connection by: given at its start, handed back with every event.
package struct SocketTag: Sendable, Equatable, BitwiseCopyable {
  /// The handler's own distinction, say between callers and upstreams.
  package let kind: UInt8
  /// The handler's own record of the connection.
  package let record: SlabHandle

  package init(kind: UInt8, record: SlabHandle) {
    self.kind = kind
    self.record = record
  }
}

/// Why a connection came to its end without being asked to.
package enum SocketFailure: Sendable, Equatable {
  /// Refused, unreachable, no route: no connection was made.
  case connect(SystemError)
  /// The proxy did not open a tunnel.
  case tunnel(String)
  /// An error on a connection that was made, which took no byte of what was sent last. Not told over TLS.
  case untaken(SystemError)
  /// Reset or another error on a connection that was made.
  case broken(SystemError)
  /// The TLS handshake failed because the certificate was not accepted.
  case certificate(String)
  /// The TLS handshake failed, or a record could not be read.
  case tls(String)
  /// The peer refused with a TLS alert.
  case tlsAlert(String)
}

/// The owner of an event loop's connections: it is called for every event, on the loop's thread.
///
/// Rules that every handler may rely on:
/// - A connection gets no event after it was closed, whoever closed it.
/// - Bytes are lent for the call only; what must outlive it is copied.
/// - No method of the loop calls back into the handler: failures met while sending come as an event later.
/// - After ``EventLoop/pauseReading(_:)`` no ``received(_:from:tag:on:)`` comes until reading is resumed.
package protocol EventHandler: ~Copyable {
  /// A caller connected to listener number `listener`. Take the connection with
  /// ``EventLoop/adopt(_:tag:)``, or let go of the descriptor to close it.
  mutating func accepted(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop)
  /// An outgoing connection is ready, its TLS handshake done; or that of an incoming one is.
  mutating func connected(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// Bytes arrived.
  mutating func received(
    _ bytes: RawSpan, from socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// The peer will send no more. `cleanly` is false when a TLS connection ended without a
  /// close_notify, which an attacker could have caused.
  mutating func ended(_ socket: SocketID, cleanly: Bool, tag: SocketTag, on loop: inout EventLoop)
  /// Reading is paused, and the peer has announced that it will send no more than what lies unread. May
  /// come more than once.
  mutating func endAnnounced(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// All queued output has been written.
  mutating func drained(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// The connection failed and is closed already; `socket` names nothing any more.
  mutating func failed(
    _ socket: SocketID, _ failure: SocketFailure, tag: SocketTag, on loop: inout EventLoop)
  /// The connection's deadline has passed.
  mutating func deadlinePassed(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// The loop is about to wait for events: a place to set the alarm.
  mutating func aboutToWait(on loop: inout EventLoop)
  /// The time asked for with ``EventLoop/setAlarm(at:)`` has come.
  mutating func alarm(on loop: inout EventLoop)
  /// Callers wait because there are no descriptors for them, or too many connections. May come often.
  mutating func acceptingPutOff(on loop: inout EventLoop)
  /// ``LoopWaker/wake()`` was called.
  mutating func woken(on loop: inout EventLoop)
  /// The client of a connection that was to speak TLS began with text, HTTP perhaps, of which the beginning is gone. What
  /// is sent now goes out as it is. To be closed.
  mutating func spokePlainly(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
}

extension EventHandler where Self: ~Copyable {
  package mutating func aboutToWait(on loop: inout EventLoop) {}

  package mutating func acceptingPutOff(on loop: inout EventLoop) {}

  package mutating func spokePlainly(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop) {
    loop.close(socket)
  }

  package mutating func endAnnounced(
    _ socket: SocketID, tag: SocketTag, on loop: inout EventLoop
  ) {}
}
