internal import Glibc

/// What this machine, or this container, calls itself.
package enum HostName {
  /// As `hostname` prints it, at most 64 bytes (`HOST_NAME_MAX`); empty when the system does not tell. In Kubernetes it
  /// is the pod's name.
  package static var current: String {
    // One byte more than the longest name has: the zero that ends it.
    var bytes = [CChar](repeating: 0, count: 65)
    // Proof: the kernel writes at most as many bytes as it is told there are.
    guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
    return String(
      decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
