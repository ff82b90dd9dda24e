/// What is asked of the journal: conditions that must all hold, and how many records are wanted.
package struct TrafficQuery: Sendable, Equatable {
  /// Records that one answer holds at most, and without a word about it.
  package static let largestLimit = 1_000
  package static let usualLimit = 100

  /// Microseconds since 1970: calls that began in it or later, and before the other.
  package var since: Int64?
  package var until: Int64?
  package var caller: String?
  package var app: String?
  package var operation: String?
  /// Any of these; 0 is a call that got no answer. Nil: whatever it was.
  package var statuses: [ClosedRange<Int64>]?
  /// As sent, letters in the case they had.
  package var method: String?
  /// Microseconds; calls that took longer.
  package var slower: Int64?
  /// Words that the path or the error must have.
  package var text: String?
  package var requestID: String?
  /// 1...``largestLimit``.
  package var limit = TrafficQuery.usualLimit
  /// Only records older than the one with this number: what the page before ended with.
  package var before: Int64?
  /// Only records written after the line with this number, the oldest first; for following.
  package var after: Int64?

  package init() {}

  /// The oldest and newest number of a call that may match; empty when none may.
  var ids: (first: Int64, last: Int64) {
    let first = since.map { CallID.first(microsecond: $0) } ?? 0
    var last = until.map { CallID.first(microsecond: $0) - 1 } ?? Int64.max
    if let before { last = min(last, before - 1) }
    return (first, last)
  }
}
