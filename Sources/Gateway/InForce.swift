internal import AccessTokens
internal import Configuration
internal import Rules

/// What the configuration in force was made from. The next one is compiled against it.
package struct InForce: Sendable {
  var roster: Roster
  var slots: TokenSlotTable
  /// Parts of previous configurations, kept until the last call that may need them is over.
  private var leaving: [LeavingPart] = []

  init(roster: Roster, slots: TokenSlotTable) {
    self.roster = roster
    self.slots = slots
  }

  /// A part that new calls do not use.
  private struct LeavingPart: Sendable {
    /// The last generation that uses it.
    let generation: UInt32
    /// Ends the part; false if it is blocked and still runs.
    let end: @Sendable () -> Bool
  }

  /// Keeps a part until the calls of `generation`, the last one that uses it, are over.
  mutating func keep(_ generation: UInt32, _ end: @escaping @Sendable () -> Bool) {
    leaving.append(LeavingPart(generation: generation, end: end))
  }

  /// Removes and returns the parts that no generation since `oldest` uses. The caller must end them.
  mutating func takeEnded(oldest: UInt32) -> [@Sendable () -> Bool] {
    let ended = leaving.filter { $0.generation < oldest }
    leaving.removeAll { $0.generation < oldest }
    return ended.map(\.end)
  }

  /// Ends all parts and returns their results.
  mutating func endLeaving() -> [Bool] { takeEnded(oldest: .max).map { $0() } }
}
