internal import CLinux
internal import Glibc

extension PeerIdentity {
  /// The peer of a connected socket, according to the kernel.
  package init(of descriptor: Int32) {
    var address = SocketAddress()
    address.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // Proof: the kernel writes an address of at most the storage's size into it.
    _ = unsafe cl_peer_address(descriptor, &address.storage, &address.length)
    var user = UInt32.max
    var group: gid_t = 0
    if address.family == AF_UNIX {
      // Proof: both numbers outlive the call, which only writes them.
      if unsafe cl_peer_credentials(descriptor, &user, &group) != 0 { user = .max }
    }
    self.init(address, user: user)
  }
}
