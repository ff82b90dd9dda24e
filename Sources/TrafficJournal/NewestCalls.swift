/// The newest of the calls that a search finds, as many as are wanted.
///
/// Blocks overlap in time: a call is written when it ends, and ordered by when it began. So what is found is kept
/// until nothing later can come.
struct NewestCalls {
  private let limit: Int
  private let bytes: Int
  /// The newest first, once ``sort()`` was called.
  private var calls: [(id: Int64, line: [UInt8])] = []
  /// The oldest that is kept when there are enough.
  private var threshold = Int64.min

  /// - Parameters:
  ///   - limit: calls wanted.
  ///   - bytes: bytes of lines after which an answer is full.
  init(limit: Int, bytes: Int) {
    self.limit = limit
    self.bytes = bytes
  }

  /// Whether a call with this number may still be among the newest.
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

  /// Whether there are enough that are newer than everything that can still come.
  mutating func isComplete(from boundary: Int64) -> Bool {
    guard calls.count >= limit else { return false }
    sort()
    return threshold > boundary
  }

  /// The answer.
  ///
  /// - Parameter boundary: what is older was not searched for; nil when everything was.
  mutating func page(cutAt boundary: Int64? = nil) -> TrafficPage {
    sort()
    var page = TrafficPage()
    for call in calls {
      // `next` goes on with what is older than the last one.
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
