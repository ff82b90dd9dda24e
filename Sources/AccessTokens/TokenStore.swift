package import Memory
package import Synchronization

/// The tokens as published: written by the thread that fetches them, read by every event loop.
///
/// A loop does not read from here on its way through a request: it keeps a ``TokenView`` of its own and
/// compares ``version``, one atomic load. Only after a publication does it take the lock and copy.
package final class TokenStore: Sendable {
  /// Counts publications. Written under the lock of `entries`, read without it.
  @usableFromInline
  let version = Atomic<UInt64>(1)
  private let entries: Mutex<[TokenEntry]>
  /// Per slot, whether some loop has looked it up since its last fetch started.
  private let marks: [UseMark]
  /// Per app, its `Authorization: Basic …` line with CR LF.
  let basicLines: [SecretBytes]

  /// - Parameters:
  ///   - slotCount: How many slots there are; fixed, as they come from the configuration.
  ///   - basicLines: One line an app, from ``BasicCredential``.
  package init(slotCount: Int, basicLines: [SecretBytes]) {
    entries = Mutex(Array(repeating: .empty, count: slotCount))
    marks = (0..<slotCount).map { _ in UseMark() }
    self.basicLines = basicLines
  }

  /// How many slots there are.
  package var slotCount: Int { marks.count }

  /// Replaces what is known about `slot`.
  package func publish(_ slot: TokenSlot, _ entry: TokenEntry) {
    // The replaced token is released after the unlock: unmapping its pages is a system call.
    let replaced = entries.withLock { entries in
      let old = entries[slot.index]
      entries[slot.index] = entry
      version.wrappingAdd(1, ordering: .releasing)
      return old
    }
    _ = consume replaced
  }

  /// Every entry, with the version they belong to.
  package func snapshot() -> (version: UInt64, entries: [TokenEntry]) {
    entries.withLock { (version.load(ordering: .relaxed), $0) }
  }

  /// Notes that `slot` was looked up.
  func markUsed(_ slot: TokenSlot) {
    marks[slot.index].isUsed.store(true, ordering: .relaxed)
  }

  /// Whether `slot` was looked up since ``clearUsed(_:)``.
  package func isUsed(_ slot: TokenSlot) -> Bool {
    marks[slot.index].isUsed.load(ordering: .relaxed)
  }

  /// Starts counting anew: a fetch for `slot` starts.
  package func clearUsed(_ slot: TokenSlot) {
    marks[slot.index].isUsed.store(false, ordering: .relaxed)
  }
}

/// An atomic that can stand in an array.
private final class UseMark: Sendable {
  let isUsed = Atomic<Bool>(false)
}
