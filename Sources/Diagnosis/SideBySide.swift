internal import Synchronization
internal import System

/// Runs blocking work on several threads.
enum SideBySide {
  /// The maximum number of threads, and of concurrent requests to SCORM Cloud.
  static let limit = 8

  /// The results of `body` for `items`, in their order.
  static func map<Item: Sendable, Result: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) -> Result
  ) -> [Result] {
    let board = Board<Result>()
    let work: @Sendable () -> Void = {
      while true {
        let number = board.next.withLock { next in
          defer { next += 1 }
          return next
        }
        guard number < items.count else { return }
        let result = body(items[number])
        board.results.withLock { $0[number] = result }
      }
    }
    var threads: [SystemThread] = []
    for _ in 1..<max(1, min(limit, items.count)) {
      // If no thread can be started, this one does the work.
      if let thread = try? SystemThread("doctor", work) { threads.append(thread) }
    }
    work()
    for thread in threads { thread.join() }
    let results = board.results.withLock { $0 }
    return items.indices.compactMap { results[$0] }
  }

  private final class Board<Result: Sendable>: Sendable {
    let next = Mutex(0)
    let results = Mutex<[Int: Result]>([:])
  }
}
