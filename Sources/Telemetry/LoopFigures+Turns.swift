internal import Memory

extension LoopFigures {
  /// How often the loop has waited for events. Any thread may ask.
  package var turns: UInt64 { cells.read(layout.singles + Single.turns.rawValue) }
}
