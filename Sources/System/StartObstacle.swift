internal import CLinux
internal import Glibc

/// Why the system would refuse what a start needs, found without doing it. Conditions that change by the minute, such
/// as a port that another process uses, are left to the start.
package enum StartObstacle {
  /// Why `path` cannot be opened for appending, or created; nil when it can.
  package static func toWriting(_ path: String) -> String? {
    switch kind(path) {
    case nil: toMaking(path)
    case S_IFDIR: "it is a folder"
    default: refusal(path, W_OK)
    }
  }

  /// Why a regular file cannot be written that has other files created beside it; nil when it can.
  package static func toWritingBeside(_ path: String) -> String? {
    switch kind(path) {
    case nil: break
    case S_IFREG: if let reason = refusal(path, R_OK | W_OK) { return reason }
    case S_IFDIR: return "it is a folder"
    default: return "it is not a regular file"
    }
    return toMaking(path)
  }

  /// Why no Unix socket can be created at `path`; nil when it can. An existing socket is replaced, or is in use.
  package static func toSocket(_ path: String) -> String? {
    if let kind = kind(path), kind != S_IFSOCK { return "it exists and is not a socket" }
    return toMaking(path)
  }

  /// Why this machine does not let this user listen at `address`; nil when it does, or when the port is in use.
  package static func toListening(at address: SocketAddress) -> String? {
    let number = cl_socket(address.family)
    guard number >= 0 else { return "\(SystemError.current)" }
    let descriptor = Descriptor(owning: number)
    defer { withExtendedLifetime(descriptor) {} }
    _ = cl_reuse_address(number)
    var wanted = address
    // Any port shows whether this machine has the address. The configured port is bound only if that may need a
    // privilege, and is never listened on.
    if address.port >= firstUnprivilegedPort { wanted.clearPort() }
    // Proof: the storage outlives the call.
    guard unsafe cl_bind(number, &wanted.storage, wanted.length) != 0 else { return nil }
    let error = SystemError.current
    switch error.number {
    case EADDRINUSE: return nil
    case EADDRNOTAVAIL: return "this machine does not have the address"
    case EACCES: return "this user may not listen on a port below \(firstUnprivilegedPort)"
    default: return "\(error)"
    }
  }

  /// An administrator can change this on Linux (ip_unprivileged_port_start). Ports below the default are tried.
  private static let firstUnprivilegedPort: UInt16 = 1_024

  /// Why no file can be created in the folder of `path`.
  private static func toMaking(_ path: String) -> String? {
    let folder = folder(of: path)
    switch kind(folder) {
    case nil: return "there is no folder \(folder)"
    case S_IFDIR: break
    default: return "\(folder) is not a folder"
    }
    return refusal(folder, W_OK | X_OK).map { "the folder \(folder) cannot be written: \($0)" }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// The type bits of what is at `path`, after following links; nil when nothing is, or it cannot be accessed.
  private static func kind(_ path: String) -> mode_t? {
    var facts = stat()
    // Proof: both pointers are valid for the call.
    return unsafe stat(path, &facts) == 0 ? facts.st_mode & S_IFMT : nil
  }

  /// Why this process, with its effective rights, may not use `path` in this way.
  private static func refusal(_ path: String, _ rights: Int32) -> String? {
    // Proof: the path is a C string for the call.
    unsafe faccessat(AT_FDCWD, path, rights, AT_EACCESS) == 0 ? nil : "\(SystemError.current)"
  }
}

extension SocketAddress {
  /// Lets the system choose the port.
  fileprivate mutating func clearPort() {
    guard family == AF_INET || family == AF_INET6 else { return }
    // Proof: in both sockaddr_in and sockaddr_in6 the port is bytes 2 and 3.
    unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      unsafe bytes.storeBytes(of: 0, toByteOffset: 2, as: UInt16.self)
    }
  }
}
