/// A query of the journal: conditions that must all be met, and the number of records to return.
package struct TrafficQuery: Sendable, Equatable {
  /// The largest limit of records in one answer, and the default.
  package static let largestLimit = 1_000
  package static let usualLimit = 100

  /// Calls that began at or after `since` and before `until`, in microseconds since 1970.
  package var since: Int64?
  package var until: Int64?
  package var caller: String?
  package var app: String?
  package var operation: String?
  /// Any of these statuses; 0 is a call without an answer. Nil means all.
  package var statuses: [ClosedRange<Int64>]?
  /// As sent, in its original case.
  package var method: String?
  /// Calls that took longer than this, in microseconds.
  package var slower: Int64?
  /// Words that the path or the error must contain.
  package var text: String?
  package var requestID: String?
  /// 1...``largestLimit``.
  package var limit = TrafficQuery.usualLimit
  /// Only records older than the one with this number, with which the previous page ended.
  package var before: Int64?
  /// Only records written after the line with this number, the oldest first; for following.
  package var after: Int64?

  package init() {}

  /// The lowest and highest number of a call that can match; an empty range if none can.
  var ids: (first: Int64, last: Int64) {
    let first = since.map { CallID.first(microsecond: $0) } ?? 0
    var last = until.map { CallID.first(microsecond: $0) - 1 } ?? Int64.max
    if let before { last = min(last, before - 1) }
    return (first, last)
  }
}
