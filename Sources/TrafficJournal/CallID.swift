/// A call's number in the journal: the microsecond in which it began, then the last bits of its line's number,
/// which keep calls of the same microsecond apart.
enum CallID {
  /// - Parameters:
  ///   - microsecond: since 1970; taken for the nearest of 0 and 2^51 - 1, the year 73325, when outside.
  ///   - line: only its low 12 bits count.
  static func make(microsecond: Int64, line: Int64) -> Int64 {
    max(0, min(microsecond, 1 << 51 - 1)) << JournalSchema.counterBits
      | line & (1 << JournalSchema.counterBits - 1)
  }

  /// The least number of a call that began in `microsecond` or later.
  static func first(microsecond: Int64) -> Int64 { make(microsecond: microsecond, line: 0) }

  /// The greatest number of a call that began in `microsecond` or before.
  static func last(microsecond: Int64) -> Int64 { make(microsecond: microsecond, line: -1) }

  /// The microsecond in which the call began.
  static func microsecond(_ id: Int64) -> Int64 { id >> JournalSchema.counterBits }
}
