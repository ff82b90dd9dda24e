internal import CLinux
internal import Glibc
internal import Synchronization
package import System

/// A socket that waits for callers, TCP or Unix, with one owner.
package struct ListeningSocket: ~Copyable, Sendable {
  let descriptor: Descriptor
  let isUnix: Bool
  /// Where it listens, with the port that the system chose when 0 was asked for.
  package let address: SocketAddress
  /// The Unix socket's file, removed with the socket as long as it is this one's; nil for TCP, and for a socket that
  /// somebody else made and keeps.
  package let file: UnixSocketFile?
  /// Another process listens with the same socket: it is not to be shut down, only closed.
  package let isShared: Bool
  /// Whether the file is this process' to remove.
  private let ownsFile = Atomic<Bool>(true)

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

  /// Listens on a Unix socket at `path` with the file mode `mode`. A socket left there by a process that
  /// is gone, or that takes no more callers, is replaced; anything else in its place is left alone and refused.
  ///
  /// A gateway that ends and still takes callers says so at its file (``UnixSocketFile/markLeaving()``): its name goes
  /// to this socket in one step, so that each caller finds one of them.
  package init(unixPath path: String, mode: UInt32) throws(BindError) {
    guard let address = SocketAddress(unixPath: path) else {
      throw BindError(description: "the path of a Unix socket has 1 to 107 bytes: \(path)")
    }
    // Held while the name is looked at and changed, so that two processes do not remove each other's socket.
    let lock = FolderLock(ofFile: path)
    defer { withExtendedLifetime(lock) {} }
    let replaces = try ListeningSocket.clearStale(path, address)
    let number = cl_socket(AF_UNIX)
    guard number >= 0 else { throw BindError(description: "\(SystemError.current)") }
    let descriptor = Descriptor(owning: number)
    // Where it is made: a name that is in use is taken over only when callers can be served.
    let place = replaces ? UnixSocketFile.nameBeside(path) : path
    guard var bound = SocketAddress(unixPath: place) else {
      throw BindError(
        description:
          "no name beside \(path) is short enough to take its place; wait until the other one has ended"
      )
    }
    // The file is made with no rights for anyone else; the mode asked for comes before listening.
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

  /// Listens with a socket that another process has made: a supervisor, which goes on listening with it, or a
  /// predecessor, which stops. It is neither bound nor given rights; its file stays unless `file` says that it is this
  /// process' from now on.
  ///
  /// - Parameters:
  ///   - descriptor: a socket that listens (``InheritedDescriptor``).
  ///   - isShared: its maker goes on listening.
  package init(
    inherited descriptor: consuming Descriptor, at address: SocketAddress, isShared: Bool,
    file: UnixSocketFile? = nil
  ) {
    // A supervisor's descriptor may be one that waits.
    _ = cl_never_wait(descriptor.number)
    isUnix = address.family == AF_UNIX
    if !isUnix { _ = cl_limit_unsent(descriptor.number, ListeningSocket.unsentBytes) }
    self.descriptor = descriptor
    self.address = address
    self.isShared = isShared
    self.file = file
  }

  /// The file is somebody else's from now on: it stays when this socket goes.
  package func disown() { ownsFile.store(false, ordering: .relaxed) }

  /// Says at the Unix socket's file that this process ends soon and a successor may have the name.
  package func markLeaving() { file?.markLeaving() }

  /// For poll(2), and to be handed to another process.
  package var number: Int32 { descriptor.number }

  /// Another descriptor for the same socket, to be handed to another process.
  package func duplicate() -> Descriptor? {
    let number = cl_duplicate(descriptor.number)
    return number < 0 ? nil : Descriptor(owning: number)
  }

  deinit {
    // The descriptor is still open: as long as it is, no other file gets this one's inode number.
    if ownsFile.load(ordering: .relaxed) { file?.remove() }
  }

  /// Makes way at `path`, unless somebody listens there.
  ///
  /// - Returns: whether a gateway listens there that says that it ends.
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
