package import Memory
package import Synchronization

/// The published tokens: written by the thread that fetches them, read by every event loop.
///
/// A loop does not read from the store while it handles a request. It keeps its own ``TokenView`` and compares
/// ``version``, which is one atomic load. Only after a publication does it take the lock and copy.
package final class TokenStore: Sendable {
  /// Counts publications. Written under the lock of `published`, read without it.
  @usableFromInline
  let version = Atomic<UInt64>(1)
  private let published: Mutex<Published>
  private let uses: Mutex<Uses>

  private struct Uses {
    /// By slot, whether a loop has looked it up since its last fetch started.
    var marks: [Bool]
    /// By view, the number of requests that carried each slot's token. There is one view for each loop.
    var views: [CounterBlock] = []
    /// By slot, the requests counted before its meaning changed.
    var forgotten: [UInt64]

    func total(_ slot: TokenSlot) -> UInt64 {
      views.reduce(0) { sum, view in
        slot.index < view.count ? sum &+ view.read(slot.index) : sum
      }
    }
  }

  private struct Published {
    var entries: [TokenEntry]
    var basics: [BasicEntry]
  }

  /// - Parameters:
  ///   - slotCount: The number of slots, until ``adopt(_:)``.
  ///   - basicLines: One line for each app, from ``BasicCredential``.
  package init(slotCount: Int, basicLines: [SecretBytes]) {
    published = Mutex(
      Published(
        entries: Array(repeating: .empty, count: slotCount),
        basics: basicLines.map { BasicEntry(line: $0) }))
    uses = Mutex(
      Uses(
        marks: Array(repeating: false, count: slotCount),
        forgotten: Array(repeating: 0, count: slotCount)))
  }

  /// What another configuration changes.
  package struct Change: Sendable {
    /// The number of slots from now on, not fewer than before.
    package var slotCount: Int
    /// The slots whose meaning has changed.
    package var renewed: [TokenSlot]
    /// The Basic credential of each app; nil to keep the current one.
    package var basicLines: [SecretBytes?]

    package init(slotCount: Int, renewed: [TokenSlot], basicLines: [SecretBytes?]) {
      self.slotCount = slotCount
      self.renewed = renewed
      self.basicLines = basicLines
    }
  }

  /// Takes over the slots and apps of another configuration. What is unchanged keeps its token.
  package func adopt(_ change: Change) {
    uses.withLock { uses in
      while uses.marks.count < change.slotCount {
        uses.marks.append(false)
        uses.forgotten.append(0)
      }
      for slot in change.renewed {
        uses.marks[slot.index] = false
        uses.forgotten[slot.index] = uses.total(slot)
      }
    }
    let replaced = published.withLock { published in
      let old = published
      while published.entries.count < change.slotCount { published.entries.append(.empty) }
      for slot in change.renewed { published.entries[slot.index] = .empty }
      for (app, line) in change.basicLines.enumerated() {
        guard let line else { continue }
        if app < published.basics.count {
          published.basics[app] = BasicEntry(line: line, after: published.basics[app].line)
        } else {
          published.basics.append(BasicEntry(line: line))
        }
      }
      version.wrappingAdd(1, ordering: .releasing)
      return old
    }
    _ = consume replaced
  }

  /// Replaces the entry of `slot`.
  package func publish(_ slot: TokenSlot, _ entry: TokenEntry) {
    // The replaced token is released after unlocking, because unmapping its pages is a system call.
    let replaced = published.withLock { published in
      let old = published.entries[slot.index]
      published.entries[slot.index] = entry
      version.wrappingAdd(1, ordering: .releasing)
      return old
    }
    _ = consume replaced
  }

  /// Replaces the Basic credential of the app at `app` if `line` is given, and counts the check.
  package func publishBasic(app: Int, line: SecretBytes?, generation: UInt32) {
    let replaced = published.withLock { published in
      let old = published.basics[app]
      if let line {
        published.basics[app] = BasicEntry(line: line, generation: generation, after: old.line)
        published.basics[app].checks = old.checks
      }
      published.basics[app].checks &+= 1
      version.wrappingAdd(1, ordering: .releasing)
      return old
    }
    _ = consume replaced
  }

  /// All entries, with their version.
  package func snapshot() -> (version: UInt64, entries: [TokenEntry]) {
    published.withLock { (version.load(ordering: .relaxed), $0.entries) }
  }

  /// Like ``snapshot()``, with the Basic credential of each app.
  func wholeSnapshot() -> (version: UInt64, entries: [TokenEntry], basics: [BasicEntry]) {
    published.withLock { (version.load(ordering: .relaxed), $0.entries, $0.basics) }
  }

  /// Notes that `slot` was looked up.
  func markUsed(_ slot: TokenSlot) {
    uses.withLock { $0.marks[slot.index] = true }
  }

  /// Adds counters for a view: the requests that carry the token of each slot. Each view has its own, so that loops do
  /// not write to the same cache line with every request.
  ///
  /// - Parameter earlier: The view's counters so far, which are carried over to a block with more slots.
  func addUses(_ earlier: CounterBlock? = nil) -> CounterBlock {
    uses.withLock { uses in
      let block = CounterBlock(count: uses.marks.count)
      if let earlier {
        for index in 0..<earlier.count { block.add(earlier.read(index), to: index) }
        uses.views.removeAll { $0 === earlier }
      }
      uses.views.append(block)
      return block
    }
  }

  /// The number of requests that carried a token of `slot`.
  package func uses(of slot: TokenSlot) -> UInt64 {
    uses.withLock { $0.total(slot) &- $0.forgotten[slot.index] }
  }

  /// Whether `slot` was looked up since ``clearUsed(_:)``.
  package func isUsed(_ slot: TokenSlot) -> Bool {
    uses.withLock { $0.marks[slot.index] }
  }

  /// Clears the used mark of `slot`, because a fetch for it starts.
  package func clearUsed(_ slot: TokenSlot) {
    uses.withLock { $0.marks[slot.index] = false }
  }
}

/// The Basic credential of an app, as published.
struct BasicEntry: Sendable {
  /// `Authorization: Basic …` with CR LF.
  let line: SecretBytes
  /// Generation of the secret in it.
  let generation: UInt32
  /// How many times it was replaced, or checked without finding another one.
  var checks: UInt32 = 0
  /// Finds it and the secret key in it in answers, and also its predecessor, which calls in flight may have sent.
  let search: CredentialSearch

  init(line: SecretBytes, generation: UInt32 = 1, after former: SecretBytes? = nil) {
    self.line = line
    self.generation = generation
    search = CredentialSearch(basicLines: [line] + (former.map { [$0] } ?? []))
  }
}
