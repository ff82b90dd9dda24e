internal import Synchronization

/// The memory that recorded bodies may take until their lines are written, for all exchanges and loops together.
///
/// Only recorded exchanges use it. It costs two additions each time one of their buffers grows.
package final class CaptureRoom: Sendable {
  /// The most bytes of memory.
  let limit: Int
  private let taken = Atomic<Int>(0)
  private let refused = Atomic<UInt64>(0)

  init(limit: Int) { self.limit = limit }

  /// Bytes that are taken now.
  package var takenBytes: Int { taken.load(ordering: .relaxed) }
  /// Bodies that were not recorded because there was no room.
  package var refusals: UInt64 { refused.load(ordering: .relaxed) }

  /// Takes room for `bytes` more bytes. False, and counted, when there is none.
  func take(_ bytes: Int) -> Bool {
    guard taken.add(bytes, ordering: .relaxed).newValue <= limit else {
      taken.subtract(bytes, ordering: .relaxed)
      refused.add(1, ordering: .relaxed)
      return false
    }
    return true
  }

  /// Gives back what was taken.
  func give(_ bytes: Int) { taken.subtract(bytes, ordering: .relaxed) }
}
