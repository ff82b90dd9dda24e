/// A call's number in the journal: the microsecond in which it began, followed by the last bits of its line's number,
/// which make calls of the same microsecond distinct.
enum CallID {
  /// - Parameters:
  ///   - microsecond: since 1970; clamped to 0...2^51 - 1, which ends in the year 73325.
  ///   - line: only its low 12 bits count.
  static func make(microsecond: Int64, line: Int64) -> Int64 {
    max(0, min(microsecond, 1 << 51 - 1)) << JournalSchema.counterBits
      | line & (1 << JournalSchema.counterBits - 1)
  }

  /// The lowest number of a call that began in `microsecond` or later.
  static func first(microsecond: Int64) -> Int64 { make(microsecond: microsecond, line: 0) }

  /// The highest number of a call that began in `microsecond` or earlier.
  static func last(microsecond: Int64) -> Int64 { make(microsecond: microsecond, line: -1) }

  /// The microsecond in which the call began.
  static func microsecond(_ id: Int64) -> Int64 { id >> JournalSchema.counterBits }
}
