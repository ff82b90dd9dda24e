import Foundation
import Glibc

/// A server on loopback whose every connection is served by a function, on a thread of its own.
final class PeerServer: Sendable {
  let port: UInt16
  private let listener: Int32

  init(_ serve: @escaping @Sendable (Wire) throws -> Void) throws {
    let (listener, port) = try bindLoopback()
    self.listener = listener
    self.port = port
    guard listen(listener, 64) == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    Thread.detachNewThread {
      while true {
        let connection = accept(listener, nil, nil)
        if connection < 0 { break }
        Thread.detachNewThread { try? serve(Wire(owning: connection)) }
      }
      close(listener)
    }
  }

  deinit { _ = shutdown(listener, Int32(SHUT_RDWR)) }
}
