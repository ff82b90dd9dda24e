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
  private let uses: Mutex<Uses>

  private struct Uses {
    /// Per slot, whether some loop has looked it up since its last fetch started.
    var marks: [Bool]
    /// Per view, the requests that carried each slot's token: one view a loop, so as many as there are loops.
    var views: [CounterBlock] = []
    /// Per slot, requests counted for what it stood for before.
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
  ///   - slotCount: How many slots there are, until ``adopt(_:)``.
  ///   - basicLines: One line an app, from ``BasicCredential``.
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

  /// What changes with another configuration.
  package struct Change: Sendable {
    /// How many slots there are from now on, not fewer than before.
    package var slotCount: Int
    /// Slots that stand for something else than before.
    package var renewed: [TokenSlot]
    /// By app: its Basic credential; nil to keep the one there is.
    package var basicLines: [SecretBytes?]

    package init(slotCount: Int, renewed: [TokenSlot], basicLines: [SecretBytes?]) {
      self.slotCount = slotCount
      self.renewed = renewed
      self.basicLines = basicLines
    }
  }

  /// Takes over the slots and apps of another configuration. What is as before keeps its token.
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
    uses.withLock { $0.marks[slot.index] = true }
  }

  /// Counters for one more view, by slot: requests that carry its token. A view's own, so that loops do not
  /// write to the same cache line with every request.
  ///
  /// - Parameter earlier: the view's counters so far, which are carried over: there are more slots now.
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

  /// Requests that carried a token of `slot`.
  package func uses(of slot: TokenSlot) -> UInt64 {
    uses.withLock { $0.total(slot) &- $0.forgotten[slot.index] }
  }

  /// Whether `slot` was looked up since ``clearUsed(_:)``.
  package func isUsed(_ slot: TokenSlot) -> Bool {
    uses.withLock { $0.marks[slot.index] }
  }

  /// Starts counting anew: a fetch for `slot` starts.
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
  /// How often it was replaced or found to be all there is.
  var checks: UInt32 = 0
  /// Finds it, and the secret in it, in answers; and those before it, which calls that are under way may have sent.
  let search: CredentialSearch

  init(line: SecretBytes, generation: UInt32 = 1, after former: SecretBytes? = nil) {
    self.line = line
    self.generation = generation
    search = CredentialSearch(basicLines: [line] + (former.map { [$0] } ?? []))
  }
}
