import Foundation
import Glibc

/// A socket that listens on a free port of this machine, and serves each connection on a separate thread.
struct LoopbackListener: Sendable {
  let port: UInt16
  private let descriptor: Int32

  init() throws {
    (descriptor, port) = try bindLoopback()
    guard listen(descriptor, 1024) == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
  }

  /// Starts to accept connections.
  ///
  /// - Parameters:
  ///   - onAccept: called on the accepting thread for each connection, in order.
  ///   - serve: serves the connection with this number, counted from 0. The connection is closed when this returns or
  ///     throws.
  func serve(
    onAccept: @escaping @Sendable () -> Void = {},
    _ serve: @escaping @Sendable (Wire, Int) throws -> Void
  ) {
    let listener = descriptor
    Thread.detachNewThread {
      var accepted = 0
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 { break }
        onAccept()
        let number = accepted
        accepted += 1
        Thread.detachNewThread {
          let wire = Wire(owning: connection)
          try? serve(wire, number)
          wire.close()
        }
      }
      close(listener)
    }
  }

  /// Stops accepting. Connections in progress are served to their end.
  func stop() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// A server on loopback that serves every connection with a function while it lives.
final class PeerServer: Sendable {
  private let listener: LoopbackListener
  var port: UInt16 { listener.port }

  init(_ serve: @escaping @Sendable (Wire) throws -> Void) throws {
    listener = try LoopbackListener()
    listener.serve { wire, _ in try serve(wire) }
  }

  deinit { listener.stop() }
}
