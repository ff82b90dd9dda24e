internal import Synchronization

/// The memory that all ``ByteBuffer``s of the process hold at this moment.
///
/// What callers send and upstreams answer is in such buffers, so this is how much of the process's memory depends on
/// others. It is exact at any moment, while asking the system takes time. Buffers below ``smallest`` do not count: they
/// come and go with every request.
package enum HeldBytes {
  /// A buffer of fewer bytes is not counted.
  static let smallest = 1024

  /// What a buffer of at least this size costs in addition to its bytes: they begin a page, after a header.
  static let pageBytes = 4096

  private static let sum = Atomic<Int>(0)

  /// Bytes that are held now.
  package static var current: Int { sum.load(ordering: .relaxed) }

  private static func cost(_ bytes: Int) -> Int { bytes < pageBytes ? bytes : bytes + pageBytes }

  static func add(_ bytes: Int) {
    if bytes >= smallest { sum.add(cost(bytes), ordering: .relaxed) }
  }

  static func subtract(_ bytes: Int) {
    if bytes >= smallest { sum.subtract(cost(bytes), ordering: .relaxed) }
  }
}
