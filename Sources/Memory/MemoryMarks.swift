/// How much of its memory limit a process uses.
package enum MemoryLevel: UInt8, Sendable, CaseIterable {
  case ample
  /// Nothing new begins, and little is read at a time.
  case low
  /// The largest holders are ended.
  case critical
}

/// Where the memory levels begin and end.
///
/// A level is left at a lower mark than the one at which it begins, so that the process does not switch back and forth.
package struct MemoryMarks: Sendable, Equatable {
  /// The memory limit of the process in bytes.
  package let limit: Int

  package static let lowPercent = 85
  package static let ampleAgainPercent = 80
  package static let criticalPercent = 95
  /// At ``MemoryLevel/critical``, holders are ended until usage is down to this.
  package static let relievedPercent = 90

  package init(limit: Int) { self.limit = limit }

  /// The given percentage of the limit, in bytes.
  package func bytes(_ percent: Int) -> Int { limit / 100 * percent }

  /// The level when `used` bytes are in use and the level so far was `before`.
  package func level(used: Int, before: MemoryLevel) -> MemoryLevel {
    if used >= bytes(MemoryMarks.criticalPercent) { return .critical }
    if used >= bytes(MemoryMarks.lowPercent) { return .low }
    return before != .ample && used >= bytes(MemoryMarks.ampleAgainPercent) ? .low : .ample
  }
}
