/// How many costly searches one loop makes per second, so that a caller with a wrong base URL, or with bad intent, does
/// not take the loop's time from the others.
struct SearchBudget {
  /// The most searches in one second.
  static let limit = 20

  private var second: Int64 = 0
  private var left = SearchBudget.limit

  /// Whether a search is left at `now`, in monotonic nanoseconds.
  mutating func areLeft(at now: Int64) -> Bool {
    let current = now / 1_000_000_000
    if current != second {
      second = current
      left = SearchBudget.limit
    }
    return left > 0
  }

  mutating func take() { left = max(0, left - 1) }
}
