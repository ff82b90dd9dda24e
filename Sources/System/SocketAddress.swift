package import CLinux
internal import Glibc

/// A TCP or Unix socket address.
@safe package struct SocketAddress: Sendable {
  package var storage = sockaddr_storage()
  package var length: socklen_t = 0

  package init() {}

  /// A Unix socket's address; nil when the path is empty or longer than 107 bytes.
  package init?(unixPath path: String) {
    // Proof: the shim writes within `storage` and copies the path.
    guard unsafe cl_unix_address(path, &storage, &length) == 0 else { return nil }
  }

  /// A numeric IPv4 or IPv6 address (without brackets); nil when `host` is not one.
  package init?(numericHost host: String, port: UInt16) {
    guard
      let first = SocketAddress.lookUp(
        host: host, port: port, passive: true, numericOnly: true
      ).addresses.first
    else { return nil }
    self = first
  }

  /// Resolves `host`. Blocks, so it is only for start-up and for the resolver's thread.
  ///
  /// - Returns: the addresses in the system's order, and the resolver's error text when there are none.
  static func lookUp(
    host: String, port: UInt16, passive: Bool, numericOnly: Bool
  ) -> (addresses: [SocketAddress], failure: String) {
    var list: UnsafeMutablePointer<addrinfo>?
    // Proof: both strings live through the call; the list is freed below and not kept.
    let status = unsafe cl_getaddrinfo(
      host, String(port), passive ? 1 : 0, numericOnly ? 1 : 0, &list)
    guard status == 0 else {
      return ([], unsafe String(cString: gai_strerror(status)))
    }
    defer { unsafe freeaddrinfo(list) }
    var result: [SocketAddress] = []
    var next = unsafe list
    while let entry = unsafe next, result.count < 16 {
      var address = SocketAddress()
      // Proof: entries of the list live until it is freed, when this function ends.
      let length = unsafe Int(entry.pointee.ai_addrlen)
      if let source = unsafe entry.pointee.ai_addr, length <= MemoryLayout<sockaddr_storage>.size {
        // Proof: length bytes are readable at source and fit into the storage.
        unsafe withUnsafeMutableBytes(of: &address.storage) { target in
          unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: length))
        }
        address.length = socklen_t(length)
        result.append(address)
      }
      unsafe next = unsafe entry.pointee.ai_next
    }
    return (result, result.isEmpty ? "the name has no address" : "")
  }

  package var family: Int32 { Int32(storage.ss_family) }

  /// The port; 0 for a Unix socket.
  package var port: UInt16 { PeerIdentity(self).port }

  /// Whether only this machine can reach the address.
  package var isLocal: Bool { PeerIdentity(self).isLocal }
}

extension SocketAddress: CustomStringConvertible {
  /// `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`.
  package var description: String {
    unixPath.map { "unix:\($0)" } ?? PeerIdentity(self).description
  }

  /// The path of a Unix socket's address; nil for other addresses, and empty for a socket without a name.
  package var unixPath: String? {
    guard family == AF_UNIX else { return nil }
    let storage = storage
    // Proof: sun_path is what follows the family, `length` bytes in all, within the storage (unix(7)).
    return unsafe withUnsafeBytes(of: storage) { bytes in
      let end = min(Int(length), bytes.count)
      let path = unsafe bytes[min(MemoryLayout<sa_family_t>.size, end)..<end].prefix { $0 != 0 }
      return unsafe String(decoding: path, as: UTF8.self)
    }
  }
}
