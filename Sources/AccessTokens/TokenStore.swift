package import Memory
package import Synchronization

/// The tokens as published: written by the thread that fetches them, read by every event loop.
///
/// A loop does not read from here on its way through a request: it keeps a ``TokenView`` of its own and
/// compares ``version``, one atomic load. Only after a publication does it take the lock and copy.
package final class TokenStore: Sendable {
  /// Counts publications. Written under the lock of `published`, read without it.
  @usableFromInline
  let version = Atomic<UInt64>(1)
  private let published: Mutex<Published>
  /// Per slot, whether some loop has looked it up since its last fetch started.
  private let marks: [UseMark]
  /// Per view, the requests that carried each slot's token: one view a loop, so as many as there are loops.
  private let viewUses = Mutex<[CounterBlock]>([])

  private struct Published {
    var entries: [TokenEntry]
    var basics: [BasicEntry]
  }

  /// - Parameters:
  ///   - slotCount: How many slots there are; fixed, as they come from the configuration.
  ///   - basicLines: One line an app, from ``BasicCredential``.
  package init(slotCount: Int, basicLines: [SecretBytes]) {
    published = Mutex(
      Published(
        entries: Array(repeating: .empty, count: slotCount),
        basics: basicLines.map { BasicEntry(line: $0) }))
    marks = (0..<slotCount).map { _ in UseMark() }
  }

  /// How many slots there are.
  package var slotCount: Int { marks.count }

  /// Replaces what is known about `slot`.
  package func publish(_ slot: TokenSlot, _ entry: TokenEntry) {
    // The replaced token is released after the unlock: unmapping its pages is a system call.
    let replaced = published.withLock { published in
      let old = published.entries[slot.index]
      published.entries[slot.index] = entry
      version.wrappingAdd(1, ordering: .releasing)
      return old
    }
    _ = consume replaced
  }

  /// Replaces the Basic credential of the app at `app`, if `line` is given, and counts that it was looked
  /// at.
  package func publishBasic(app: Int, line: SecretBytes?, generation: UInt32) {
    let replaced = published.withLock { published in
      let old = published.basics[app].line
      if let line {
        published.basics[app].line = line
        published.basics[app].generation = generation
      }
      published.basics[app].checks &+= 1
      version.wrappingAdd(1, ordering: .releasing)
      return old
    }
    _ = consume replaced
  }

  /// Every entry, with the version they belong to.
  package func snapshot() -> (version: UInt64, entries: [TokenEntry]) {
    published.withLock { (version.load(ordering: .relaxed), $0.entries) }
  }

  /// As ``snapshot()``, with the Basic credential of each app.
  func wholeSnapshot() -> (version: UInt64, entries: [TokenEntry], basics: [BasicEntry]) {
    published.withLock { (version.load(ordering: .relaxed), $0.entries, $0.basics) }
  }

  /// Notes that `slot` was looked up.
  func markUsed(_ slot: TokenSlot) {
    marks[slot.index].isUsed.store(true, ordering: .relaxed)
  }

  /// Counters for one more view, by slot: requests that carry its token. A view's own, so that loops do not
  /// write to the same cache line with every request.
  func addUses() -> CounterBlock {
    let uses = CounterBlock(count: marks.count)
    viewUses.withLock { $0.append(uses) }
    return uses
  }

  /// Requests that carried a token of `slot`.
  package func uses(of slot: TokenSlot) -> UInt64 {
    viewUses.withLock { $0.reduce(0) { sum, uses in sum &+ uses.read(slot.index) } }
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

/// The Basic credential of an app, as published.
struct BasicEntry: Sendable {
  /// `Authorization: Basic …` with CR LF.
  var line: SecretBytes
  /// Generation of the secret in it.
  var generation: UInt32 = 1
  /// How often it was replaced or found to be all there is.
  var checks: UInt32 = 0
}
