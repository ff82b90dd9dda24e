internal import Glibc

/// The name of this machine or container.
package enum HostName {
  /// The name as `hostname` prints it, at most 64 bytes (`HOST_NAME_MAX`); empty when the system does not give it. In
  /// Kubernetes it is the pod's name.
  package static var current: String {
    // One byte more than the longest name, for the zero that ends it.
    var bytes = [CChar](repeating: 0, count: 65)
    // Proof: the kernel writes at most as many bytes as the call says are there.
    guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
    return String(
      decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
