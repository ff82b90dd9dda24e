/// A call's number in the journal: the microsecond in which it began, then a counter that keeps calls of the
/// same microsecond apart.
enum CallID {
  /// - Parameters:
  ///   - microsecond: since 1970; not negative and below 2^50, the year 37647.
  ///   - counter: only its low 12 bits count.
  static func make(microsecond: Int64, counter: Int64) -> Int64 {
    max(0, min(microsecond, 1 << 50)) << JournalSchema.counterBits
      | counter & (1 << JournalSchema.counterBits - 1)
  }

  /// The least number of a call that began in `microsecond` or later.
  static func first(microsecond: Int64) -> Int64 { make(microsecond: microsecond, counter: 0) }

  /// The microsecond in which the call began.
  static func microsecond(_ id: Int64) -> Int64 { id >> JournalSchema.counterBits }
}
