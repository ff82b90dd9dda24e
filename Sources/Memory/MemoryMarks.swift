/// How much of the memory that a process may have is in use.
package enum MemoryLevel: UInt8, Sendable, CaseIterable {
  case ample
  /// Nothing new is begun, and little is read at a time.
  case low
  /// What holds most is ended.
  case critical
}

/// Where the levels of memory begin and end.
///
/// A level is left at a lower mark than it is entered at, so that the process does not go to and fro between two.
package struct MemoryMarks: Sendable, Equatable {
  /// Bytes that the process may have.
  package let limit: Int

  package static let lowPercent = 85
  package static let ampleAgainPercent = 80
  package static let criticalPercent = 95
  /// What is ended at ``MemoryLevel/critical`` is ended down to here.
  package static let relievedPercent = 90

  package init(limit: Int) { self.limit = limit }

  /// So many percent of the limit, in bytes.
  package func bytes(_ percent: Int) -> Int { limit / 100 * percent }

  /// The level when `used` bytes are in use, and `before` was the level until now.
  package func level(used: Int, before: MemoryLevel) -> MemoryLevel {
    if used >= bytes(MemoryMarks.criticalPercent) { return .critical }
    if used >= bytes(MemoryMarks.lowPercent) { return .low }
    return before != .ample && used >= bytes(MemoryMarks.ampleAgainPercent) ? .low : .ample
  }
}
