internal import CLinux
internal import Glibc

/// A descriptor that this process got at its start, from a supervisor or a predecessor.
package enum InheritedDescriptor {
  /// What the descriptor is.
  package enum Kind: Sendable {
    /// A stream socket that listens at this address.
    case listening(SocketAddress)
    /// A socket, but not one that callers can connect to.
    case otherSocket
    /// A file, a pipe, or nothing at all.
    case noSocket
  }

  package static func kind(of number: Int32) -> Kind {
    switch cl_listening_socket(number) {
    case 1:
      var address = SocketAddress()
      // Proof: the kernel writes an address of at most the storage's size into it.
      guard unsafe cl_local_address(number, &address.storage, &address.length) == 0 else {
        return .otherSocket
      }
      return .listening(address)
    case 0: return .otherSocket
    default: return .noSocket
    }
  }

  /// Keeps programs that this process starts from inheriting the descriptor.
  package static func closeOnExec(_ number: Int32) { _ = cl_close_on_exec(number) }
}
