internal import CLinux
internal import Glibc
internal import Synchronization
package import System

/// A socket that listens for callers, TCP or Unix, with one owner.
package struct ListeningSocket: ~Copyable, Sendable {
  let descriptor: Descriptor
  let isUnix: Bool
  /// The address at which it listens, with the port that the system chose if 0 was requested.
  package let address: SocketAddress
  /// The Unix socket's file, which is removed with the socket as long as it belongs to this one. Nil for TCP, and for a
  /// socket that another process made and keeps.
  package let file: UnixSocketFile?
  /// Another process listens on the same socket: it must only be closed, not shut down.
  package let isShared: Bool
  /// Whether this process removes the file.
  private let ownsFile = Atomic<Bool>(true)

  /// Bytes that may wait in the kernel to be sent. Without a bound, a reader that takes nothing costs megabytes, and
  /// the deadline of a reader that takes little passes before the socket becomes writable again.
  static let unsentBytes: Int32 = 128 * 1024

  /// Why listening is not possible.
  package struct BindError: Error, CustomStringConvertible {
    package let description: String
  }

  /// Listens at a TCP address. The port must be free: it is not shared with another process.
  ///
  /// - Parameter takesIPv4: with an IPv6 address, also listen on IPv4 if the address is the unspecified one (RFC 3493
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
    // SO_REUSEADDR lets a restart take the port while old connections are in TIME_WAIT. A second listener is refused
    // anyway.
    _ = cl_reuse_address(number)
    if address.family == AF_INET6 { _ = cl_ipv6_only(number, takesIPv4 ? 0 : 1) }
    _ = cl_limit_unsent(number, ListeningSocket.unsentBytes)
    var bound = address
    // Proof: the kernel reads `length` bytes of `storage`, which is larger than any address.
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
    // Proof: the kernel writes at most `length` bytes, the size of an address of this family, into `storage`.
    _ = unsafe cl_local_address(number, &bound.storage, &bound.length)
    self.descriptor = descriptor
    isUnix = false
    isShared = false
    file = nil
    self.address = bound
  }

  /// Listens on a Unix socket at `path` with the file mode `mode`. A socket there is replaced if its process is gone or
  /// accepts no more callers. Anything else at the path is left alone, and listening is refused.
  ///
  /// A gateway that ends and still accepts callers marks its file (``UnixSocketFile/markLeaving()``). This socket takes
  /// the name in one step, so that each caller finds one of the two.
  package init(unixPath path: String, mode: UInt32) throws(BindError) {
    guard let address = SocketAddress(unixPath: path) else {
      throw BindError(description: "the path of a Unix socket has 1 to 107 bytes: \(path)")
    }
    // Held while the name is checked and changed, so that two processes do not remove each other's socket.
    let lock = FolderLock(ofFile: path)
    defer { withExtendedLifetime(lock) {} }
    let replaces = try ListeningSocket.clearStale(path, address)
    let number = cl_socket(AF_UNIX)
    guard number >= 0 else { throw BindError(description: "\(SystemError.current)") }
    let descriptor = Descriptor(owning: number)
    // The path at which to create it: a name in use is taken over only when callers can be served.
    let place = replaces ? UnixSocketFile.nameBeside(path) : path
    guard var bound = SocketAddress(unixPath: place) else {
      throw BindError(
        description:
          "no name beside \(path) is short enough to take its place; wait until the other one has ended"
      )
    }
    // The file is created without rights for anyone else. The requested mode is set before listening.
    let before = umask(0o177)
    // Proof: the kernel reads `length` bytes of `storage`, which is larger than any address.
    let status = unsafe cl_bind(number, &bound.storage, bound.length)
    let error = SystemError.current
    _ = umask(before)
    guard status == 0 else {
      throw BindError(description: "cannot create the Unix socket \(path): \(error)")
    }
    // Proof: the path is a C string for the call.
    guard unsafe chmod(place, mode_t(mode)) == 0, Glibc.listen(number, 4096) == 0,
      place == path || UnixSocketFile.rename(place, to: path), let file = UnixSocketFile(at: path)
    else {
      let error = SystemError.current
      // Proof: the path is a C string for the call.
      _ = unsafe unlink(place)
      throw BindError(description: "cannot listen on \(path): \(error)")
    }
    self.descriptor = descriptor
    isUnix = true
    isShared = false
    self.address = address
    self.file = file
  }

  /// Listens on a socket that another process has made: a supervisor, which goes on listening on it, or a predecessor,
  /// which stops. It is not bound and gets no mode. Its file stays, unless `file` gives it to this process.
  ///
  /// - Parameters:
  ///   - descriptor: a listening socket (``InheritedDescriptor``).
  ///   - isShared: its maker goes on listening.
  package init(
    inherited descriptor: consuming Descriptor, at address: SocketAddress, isShared: Bool,
    file: UnixSocketFile? = nil
  ) {
    // A supervisor's descriptor may be a blocking one.
    _ = cl_never_wait(descriptor.number)
    isUnix = address.family == AF_UNIX
    if !isUnix { _ = cl_limit_unsent(descriptor.number, ListeningSocket.unsentBytes) }
    self.descriptor = descriptor
    self.address = address
    self.isShared = isShared
    self.file = file
  }

  /// Gives the file up: it stays when this socket is closed.
  package func disown() { ownsFile.store(false, ordering: .relaxed) }

  /// Marks the Unix socket's file: this process ends soon, and a successor may take the name.
  package func markLeaving() { file?.markLeaving() }

  /// For poll(2), and for handing it to another process.
  package var number: Int32 { descriptor.number }

  /// Another descriptor for the same socket, to be handed to another process.
  package func duplicate() -> Descriptor? {
    let number = cl_duplicate(descriptor.number)
    return number < 0 ? nil : Descriptor(owning: number)
  }

  deinit {
    // The descriptor is still open. As long as it is, no other file gets the inode number of this one.
    if ownsFile.load(ordering: .relaxed) { file?.remove() }
  }

  /// Removes a stale socket at `path`, unless a process listens there.
  ///
  /// - Returns: whether a gateway listens there that has marked its file because it ends.
  private static func clearStale(
    _ path: String, _ address: SocketAddress
  ) throws(BindError) -> Bool {
    var status = stat()
    // Proof: the path is a C string for the call, and the status outlives it.
    guard unsafe lstat(path, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw BindError(
        description: "\(path) exists and is not a socket; remove it or choose another")
    }
    let probe = cl_socket(AF_UNIX)
    guard probe >= 0 else { throw BindError(description: "\(SystemError.current)") }
    let descriptor = Descriptor(owning: probe)
    var target = address
    // Proof: the kernel reads `length` bytes of `storage`, which is larger than any address.
    if unsafe cl_connect(descriptor.number, &target.storage, target.length) == 0
      || errno != ECONNREFUSED
    {
      guard status.st_mode & UnixSocketFile.leavingMark != 0 else {
        throw BindError(description: "another process listens on \(path)")
      }
      return true
    }
    // Proof: the path is a C string for the call.
    _ = unsafe unlink(path)
    return false
  }
}
