internal import Memory

extension LoopFigures {
  /// How often the loop has waited for events. May be called on any thread.
  package var turns: UInt64 { cells.read(layout.singles + Single.turns.rawValue) }
}
