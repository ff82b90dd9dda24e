internal import CLinux
internal import Glibc

/// The socket on which a service manager receives notifications: `NOTIFY_SOCKET` of sd_notify(3).
package struct ServiceManager: Sendable {
  /// A path, or a name that begins with `@`.
  private let address: String

  /// Nil when `address` is neither: sockets of virtual machines are not supported.
  package init?(address: String) {
    guard address.hasPrefix("/") || address.hasPrefix("@"), address.utf8.count > 1 else {
      return nil
    }
    self.address = address
  }

  /// Sends one datagram. Returns whether the socket took it, without ever waiting for it.
  @discardableResult
  package func notify(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    // Proof: both are read during the call, as many bytes as given.
    return unsafe bytes.withUnsafeBufferPointer { buffer in
      unsafe cl_notify(address, buffer.baseAddress, buffer.count) == 0
    }
  }
}
