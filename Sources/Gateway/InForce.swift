internal import AccessTokens
internal import Configuration
internal import Rules

/// What the configuration in force was made of, which the next one is made after.
package struct InForce: Sendable {
  var roster: Roster
  var slots: TokenSlotTable
  /// Parts of configurations before, until the last call that may need them is over.
  private var leaving: [LeavingPart] = []

  init(roster: Roster, slots: TokenSlotTable) {
    self.roster = roster
    self.slots = slots
  }

  /// A part that no new call uses.
  private struct LeavingPart: Sendable {
    /// The last generation that uses it.
    let generation: UInt32
    /// Ends it; false when it is held up and still runs.
    let end: @Sendable () -> Bool
  }

  /// Keeps a part of `generation`, the last one with it, until that is over.
  mutating func keep(_ generation: UInt32, _ end: @escaping @Sendable () -> Bool) {
    leaving.append(LeavingPart(generation: generation, end: end))
  }

  /// Takes what no generation since `oldest` uses, to be ended.
  mutating func takeEnded(oldest: UInt32) -> [@Sendable () -> Bool] {
    let ended = leaving.filter { $0.generation < oldest }
    leaving.removeAll { $0.generation < oldest }
    return ended.map(\.end)
  }

  /// Ends all of it. Returns what each returns.
  mutating func endLeaving() -> [Bool] { takeEnded(oldest: .max).map { $0() } }
}
