/// The newest calls that a search finds, up to a limit.
///
/// Blocks overlap in time, because calls are written when they end but ordered by when they began. So matches are kept
/// until nothing later can follow.
struct NewestCalls {
  private let limit: Int
  private let bytes: Int
  /// The newest first, after ``sort()``.
  private var calls: [(id: Int64, line: [UInt8])] = []
  /// The oldest call kept once the limit is reached.
  private var threshold = Int64.min

  /// - Parameters:
  ///   - limit: maximum number of calls.
  ///   - bytes: bytes of lines at which an answer is full.
  init(limit: Int, bytes: Int) {
    self.limit = limit
    self.bytes = bytes
  }

  /// Whether a call with this number can still be among the newest.
  func wants(_ id: Int64) -> Bool { id > threshold }

  mutating func add(_ id: Int64, _ line: [UInt8]) {
    calls.append((id, line))
    if calls.count >= 2 * limit { sort() }
  }

  private mutating func sort() {
    calls.sort { $0.id > $1.id }
    guard calls.count >= limit else { return }
    calls.removeLast(calls.count - limit)
    threshold = calls[limit - 1].id
  }

  /// Whether the limit is reached with calls newer than `boundary`, the newest number that can still come.
  mutating func isComplete(from boundary: Int64) -> Bool {
    guard calls.count >= limit else { return false }
    sort()
    return threshold > boundary
  }

  /// The answer.
  ///
  /// - Parameter boundary: calls up to this number were not searched; nil if all were.
  mutating func page(cutAt boundary: Int64? = nil) -> TrafficPage {
    sort()
    var page = TrafficPage()
    for call in calls {
      // `next` continues with calls older than the last one.
      if let boundary, call.id <= boundary { break }
      page.lines.append(call.line)
      page.bytes += call.line.count
      if page.lines.count == limit || page.bytes >= bytes {
        page.next = call.id
        return page
      }
    }
    if let boundary {
      page.isComplete = false
      page.next = boundary == .max ? nil : boundary + 1
    }
    return page
  }
}
