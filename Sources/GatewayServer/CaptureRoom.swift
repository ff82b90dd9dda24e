internal import Synchronization

/// The memory that bodies on record may take until their lines are written, all exchanges and loops together.
///
/// Only exchanges that are recorded come here; it is two additions for each time a buffer of theirs grows.
package final class CaptureRoom: Sendable {
  /// Bytes of memory.
  let limit: Int
  private let taken = Atomic<Int>(0)
  private let refused = Atomic<UInt64>(0)

  init(limit: Int) { self.limit = limit }

  /// Bytes that are taken now.
  package var takenBytes: Int { taken.load(ordering: .relaxed) }
  /// Bodies that were not recorded for want of room.
  package var refusals: UInt64 { refused.load(ordering: .relaxed) }

  /// Takes room for `bytes` more; false, and counted, when there is none.
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
