internal import CLinux
internal import Glibc
package import System

/// A socket that waits for callers, TCP or Unix, with one owner.
package struct ListeningSocket: ~Copyable, Sendable {
  let descriptor: Descriptor
  let isUnix: Bool
  /// Where it listens, with the port that the system chose when 0 was asked for.
  package let address: SocketAddress
  /// The Unix socket's file, removed with the socket as long as it is this one's; nil for TCP.
  package let file: UnixSocketFile?

  /// Bytes that may wait in the kernel for their turn to be sent. Without a bound a reader who takes nothing
  /// costs megabytes, and the deadline of one who takes little passes before the socket is writable again.
  static let unsentBytes: Int32 = 128 * 1024

  /// Why nobody can listen there.
  package struct BindError: Error, CustomStringConvertible {
    package let description: String
  }

  /// Listens at a TCP address. The port must be free: it is not shared with another process.
  ///
  /// - Parameter takesIPv4: for an IPv6 address: IPv4 too, where the address is the unspecified one (RFC 3493
  ///   section 3.7).
  package init(tcp address: SocketAddress, takesIPv4: Bool = true) throws(BindError) {
    let number = cl_socket(address.family)
    guard number >= 0 else {
      let error = SystemError.current
      let hint =
        error.number == EAFNOSUPPORT ? ": this system has no IPv6; use 0.0.0.0" : ": \(error)"
      throw BindError(description: "cannot listen on \(address)\(hint)")
    }
    let descriptor = Descriptor(owning: number)
    // SO_REUSEADDR lets a restart take the port while old connections are in TIME_WAIT; a second
    // listener is refused all the same.
    _ = cl_reuse_address(number)
    if address.family == AF_INET6 { _ = cl_ipv6_only(number, takesIPv4 ? 0 : 1) }
    _ = cl_limit_unsent(number, ListeningSocket.unsentBytes)
    var bound = address
    guard unsafe cl_bind(number, &bound.storage, bound.length) == 0 else {
      let error = SystemError.current
      let hint =
        error.number == EADDRINUSE
        ? ": another process listens there; stop it or choose another address"
        : ": \(error)"
      throw BindError(description: "cannot listen on \(address)\(hint)")
    }
    guard Glibc.listen(number, 4096) == 0 else {
      throw BindError(description: "cannot listen on \(address): \(SystemError.current)")
    }
    _ = unsafe cl_local_address(number, &bound.storage, &bound.length)
    self.descriptor = descriptor
    isUnix = false
    file = nil
    self.address = bound
  }

  /// Listens on a Unix socket at `path` with the file mode `mode`. A socket left there by a process that
  /// is gone, or that takes no more callers, is replaced; anything else in its place is left alone and refused.
  package init(unixPath path: String, mode: UInt32) throws(BindError) {
    guard let address = SocketAddress(unixPath: path) else {
      throw BindError(description: "the path of a Unix socket has 1 to 107 bytes: \(path)")
    }
    // Held while the name is looked at and changed, so that two processes do not remove each other's socket.
    let lock = FolderLock(ofFile: path)
    defer { withExtendedLifetime(lock) {} }
    try ListeningSocket.clearStale(path, address)
    let number = cl_socket(AF_UNIX)
    guard number >= 0 else { throw BindError(description: "\(SystemError.current)") }
    let descriptor = Descriptor(owning: number)
    var bound = address
    // The file is made with no rights for anyone else; the mode asked for comes before listening.
    let before = umask(0o177)
    let status = unsafe cl_bind(number, &bound.storage, bound.length)
    let error = SystemError.current
    _ = umask(before)
    guard status == 0 else {
      throw BindError(description: "cannot make the Unix socket \(path): \(error)")
    }
    guard unsafe chmod(path, mode_t(mode)) == 0, Glibc.listen(number, 4096) == 0,
      let file = UnixSocketFile(at: path)
    else {
      let error = SystemError.current
      _ = unsafe unlink(path)
      throw BindError(description: "cannot listen on \(path): \(error)")
    }
    self.descriptor = descriptor
    isUnix = true
    self.address = address
    self.file = file
  }

  deinit {
    // The descriptor is still open: as long as it is, no other file gets this one's inode number.
    file?.remove()
  }

  private static func clearStale(_ path: String, _ address: SocketAddress) throws(BindError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw BindError(
        description: "\(path) exists and is not a socket; remove it or choose another")
    }
    let probe = cl_socket(AF_UNIX)
    guard probe >= 0 else { throw BindError(description: "\(SystemError.current)") }
    let descriptor = Descriptor(owning: probe)
    var target = address
    if unsafe cl_connect(descriptor.number, &target.storage, target.length) == 0
      || errno != ECONNREFUSED
    {
      throw BindError(description: "another process listens on \(path)")
    }
    _ = unsafe unlink(path)
  }
}
