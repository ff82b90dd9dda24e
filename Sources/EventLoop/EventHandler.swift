package import Memory
package import System

/// Identifies a connection of an event loop; never reused for another one.
package typealias SocketID = SlabHandle

/// How a handler identifies a connection: given at its start, returned with every event.
package struct SocketTag: Sendable, Equatable, BitwiseCopyable {
  /// The handler's kind of connection, such as caller or upstream.
  package let kind: UInt8
  /// The handler's own record of the connection.
  package let record: SlabHandle

  package init(kind: UInt8, record: SlabHandle) {
    self.kind = kind
    self.record = record
  }
}

/// Why a connection ended without its owner's request.
package enum SocketFailure: Sendable, Equatable {
  /// Refused, unreachable, no route: no connection was made.
  case connect(SystemError)
  /// The proxy did not open a tunnel.
  case tunnel(String)
  /// An error on an established connection, which took no byte of the last send. Not distinguished over TLS.
  case untaken(SystemError)
  /// A reset or another error on an established connection.
  case broken(SystemError)
  /// The TLS handshake failed because the certificate was not accepted.
  case certificate(String)
  /// The TLS handshake failed, or a record could not be read.
  case tls(String)
  /// The peer refused with a TLS alert.
  case tlsAlert(String)
}

/// The owner of an event loop's connections. It is called for every event, on the loop's thread.
///
/// Every handler may rely on these rules:
/// - A connection gets no event after it was closed, by either side.
/// - Bytes are lent for the call only. Bytes that must outlive it are copied.
/// - No method of the loop calls back into the handler: failures while sending come later, as an event.
/// - After ``EventLoop/pauseReading(_:)`` no ``received(_:from:tag:on:)`` comes until reading is resumed.
package protocol EventHandler: ~Copyable {
  /// A caller connected to listener number `listener`. Take the connection with ``EventLoop/adopt(_:tag:)``, or drop
  /// the descriptor to close it.
  mutating func accepted(
    _ descriptor: consuming Descriptor, from peer: PeerIdentity, listener: Int,
    on loop: inout EventLoop)
  /// An outgoing connection is ready, including its TLS handshake; or the TLS handshake of an incoming one is done.
  mutating func connected(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// Bytes arrived.
  mutating func received(
    _ bytes: RawSpan, from socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// The peer will send no more. `cleanly` is false when a TLS connection ended without a close_notify, which an
  /// attacker could have caused.
  mutating func ended(_ socket: SocketID, cleanly: Bool, tag: SocketTag, on loop: inout EventLoop)
  /// Reading is paused, and the peer has announced that it will send no more than the unread bytes. May come more than
  /// once.
  mutating func endAnnounced(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// All queued output has been written.
  mutating func drained(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// The connection failed and is already closed; `socket` is not valid any more.
  mutating func failed(
    _ socket: SocketID, _ failure: SocketFailure, tag: SocketTag, on loop: inout EventLoop)
  /// The connection's deadline has passed.
  mutating func deadlinePassed(_ socket: SocketID, tag: SocketTag, on loop: inout EventLoop)
  /// The loop is about to wait for events: a place to set the alarm.
  mutating func aboutToWait(on loop: inout EventLoop)
  /// The time that was set with ``EventLoop/setAlarm(at:)`` has come.
  mutating func alarm(on loop: inout EventLoop)
  /// Callers have to wait because descriptors are short, or there are too many connections. May come often.
  mutating func acceptingPutOff(on loop: inout EventLoop)
  /// ``LoopWaker/wake()`` was called.
  mutating func woken(on loop: inout EventLoop)
  /// The client began with text, perhaps HTTP, instead of a TLS handshake. The beginning of that text is lost. What is
  /// sent now goes out unencrypted. The handler should then close the connection.
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
