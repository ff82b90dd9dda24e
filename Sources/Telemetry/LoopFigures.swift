internal import Histograms
internal import Memory

/// The counters of one event loop. Only the loop writes them; any thread may read them.
///
/// All are in one ``CounterBlock``, at the positions that the layout defines. Counting an exchange takes no lock, no
/// allocation and no lookup by name.
package final class LoopFigures: Sendable {
  package let labels: FigureLabels
  let layout: Layout
  let cells: CounterBlock
  private let durations = Buckets.durations
  private let sizes = Buckets.sizes

  package init(labels: FigureLabels) {
    self.labels = labels
    layout = Layout(labels)
    cells = CounterBlock(count: layout.count)
  }

  /// Copies these figures to other labels. Counts of a caller or an app continue, unless its number plus one is in
  /// `newCallers` or `newApps`, which means that the number now belongs to another one. Operations, methods and reasons
  /// are the same.
  package func under(
    _ next: FigureLabels, newCallers: Set<Int>, newApps: Set<Int>
  ) -> LoopFigures {
    let result = LoopFigures(labels: next)
    for cell in 0..<layout.pairs { result.cells.set(cell, to: cells.read(cell)) }
    for caller in 0...min(labels.callers.count, next.callers.count)
    where !newCallers.contains(caller) {
      for app in 0...min(labels.apps.count, next.apps.count) where !newApps.contains(app) {
        let from = layout.pair(caller: caller, app: app)
        let to = result.layout.pair(caller: caller, app: app)
        for place in 0..<layout.pairWidth {
          result.cells.set(to + place, to: cells.read(from + place))
        }
      }
    }
    return result
  }

  /// The position of each family of counters.
  struct Layout: Sendable {
    /// Rows: operations, and methods without one. The counters of a row are adjacent: durations (the buckets, then the
    /// sum in nanoseconds), requests by class of status, and bytes of bodies (received from callers, sent to callers).
    private let rows: Int
    private let rowWidth: Int
    /// Offsets of statuses and bytes in a row.
    let statusesInRow: Int
    let bytesInRow: Int
    /// Pairs of caller and app. Each has requests by class of status, then bytes of bodies: received, sent.
    let pairs: Int
    let pairWidth: Int
    private let operationCount: Int
    private let appStride: Int
    /// Offset of bytes in a pair.
    let bytesInPair: Int
    /// Histograms over all exchanges.
    let requestSizes: Int
    let responseSizes: Int
    let tokenWaits: Int
    let queueWaits: Int
    let attemptDurations: Int
    /// Attempts by class of status.
    let attempts: Int
    let retries: Int
    let errors: Int
    let terminations: Int
    /// Figures without labels, by ``LoopFigures/Single``.
    let singles: Int
    let count: Int

    init(_ labels: FigureLabels) {
      var end = 0
      func take(_ count: Int) -> Int {
        defer { end += count }
        return end
      }
      let classes = FigureLabels.statusClasses.count
      let duration = Buckets.durations.count + 1
      let size = Buckets.sizes.count + 1
      operationCount = labels.operations.count
      appStride = labels.apps.count + 1
      statusesInRow = duration
      bytesInRow = duration + classes
      rowWidth = bytesInRow + 2
      rows = take(labels.rowCount * rowWidth)
      bytesInPair = classes
      pairWidth = bytesInPair + 2
      requestSizes = take(size)
      responseSizes = take(size)
      tokenWaits = take(duration)
      queueWaits = take(duration)
      attemptDurations = take(duration)
      attempts = take(classes)
      retries = take(labels.retryReasons.count + 1)
      errors = take(labels.errors.count + 1)
      terminations = take(labels.terminations.count)
      singles = take(Single.allCases.count)
      // At the end, because this is the only family whose size depends on the configuration.
      pairs = take(labels.pairCount * pairWidth)
      count = end
    }

    /// The row with this index.
    func row(_ index: Int) -> Int { rows &+ index &* rowWidth }

    /// The row of an exchange.
    @inline(__always)
    func row(operation: Int?, method: Int) -> Int { row(operation ?? operationCount &+ method) }

    /// The pair of a caller and an app, each by its number plus one; 0 for none.
    @inline(__always)
    func pair(caller: Int, app: Int) -> Int { pairs &+ (caller &* appStride &+ app) &* pairWidth }
  }

  /// Figures without labels.
  package enum Single: Int, CaseIterable, Sendable {
    /// Set before each wait for events.
    case exchangesUnderWay, callerConnections, upstreamConnections, idleUpstreamConnections
    case exchangesAwaitingConnection
    /// When the upstream last answered, and when an attempt last ended without an answer: monotonic nanoseconds, 0 for
    /// never.
    case answeredAt, unansweredAt
    /// How often the loop has waited for events.
    case turns
    case callersAccepted, connectionsMade, connectionsFailed, poolWaits
    /// Spans accepted by the exporter's queue, and spans that it dropped.
    case spansQueued, spansLost
  }

  // MARK: Counting, by the loop

  @inline(__always)
  package func count(_ single: Single, _ amount: UInt64 = 1) {
    cells.add(amount, to: layout.singles &+ single.rawValue)
  }

  @inline(__always)
  package func set(_ single: Single, to value: Int) {
    cells.set(layout.singles &+ single.rawValue, to: UInt64(max(0, value)))
  }

  /// An exchange that has ended.
  package struct Ended {
    /// Index of the operation; nil for none.
    package var operation: Int?
    /// Index of the method, for an exchange without an operation.
    package var method = 0
    /// Index of the caller and of the app, plus one; 0 for none.
    package var caller = 0
    package var app = 0
    /// 0 if none was sent.
    package var status = 0
    /// Nanoseconds.
    package var duration: Int64 = 0
    package var tokenWait: Int64 = 0
    package var queueWait: Int64 = 0
    /// Bytes of bodies as the gateway sees them: of requests, and of answers. Callers and operators use the opposite
    /// words.
    package var received = 0
    package var sent = 0
    package var termination = 0
    package var error: StaticString?

    package init() {}
  }

  package func count(_ e: Ended) {
    let row = layout.row(operation: e.operation, method: e.method)
    let pair = layout.pair(caller: e.caller, app: e.app)
    let status = LoopFigures.statusClass(e.status)
    put(e.duration, into: row, durations)
    cells.add(1, to: row &+ layout.statusesInRow &+ status)
    cells.add(1, to: pair &+ status)
    let received = UInt64(max(0, e.received))
    let sent = UInt64(max(0, e.sent))
    if received > 0 {
      cells.add(received, to: row &+ layout.bytesInRow)
      cells.add(received, to: pair &+ layout.bytesInPair)
    }
    if sent > 0 {
      cells.add(sent, to: row &+ layout.bytesInRow &+ 1)
      cells.add(sent, to: pair &+ layout.bytesInPair &+ 1)
    }
    put(Int64(e.received), into: layout.requestSizes, sizes)
    put(Int64(e.sent), into: layout.responseSizes, sizes)
    if e.tokenWait > 0 { put(e.tokenWait, into: layout.tokenWaits, durations) }
    if e.queueWait > 0 { put(e.queueWait, into: layout.queueWaits, durations) }
    cells.add(1, to: layout.terminations &+ e.termination)
    if let error = e.error {
      cells.add(1, to: layout.errors &+ LoopFigures.place(of: error, in: labels.errors))
    }
  }

  /// Counts an upstream request that has ended at `now`, in monotonic nanoseconds. `status` is 0 without an answer,
  /// `duration` is in nanoseconds, and `retryReason` is nil if no further request follows.
  package func countAttempt(
    status: Int, duration: Int64, retryReason: StaticString?, at now: Int64
  ) {
    set(status > 0 ? .answeredAt : .unansweredAt, to: Int(now))
    cells.add(1, to: layout.attempts &+ LoopFigures.statusClass(status))
    put(duration, into: layout.attemptDurations, durations)
    if let retryReason {
      let place = LoopFigures.place(of: retryReason, in: labels.retryReasons)
      cells.add(1, to: layout.retries &+ place)
    }
  }

  /// Adds `value` to the histogram at `start`: its buckets, then its sum.
  @inline(__always)
  private func put(_ value: Int64, into start: Int, _ buckets: Buckets) {
    cells.add(1, to: start &+ buckets.index(of: value))
    cells.add(UInt64(max(0, value)), to: start &+ buckets.count)
  }

  @inline(__always)
  static func statusClass(_ status: Int) -> Int {
    status < 100 || status > 599 ? 0 : status / 100
  }

  private static func place(of name: StaticString, in names: [StaticString]) -> Int {
    for i in names.indices where names[i].hasSameBytes(as: name) { return i }
    return names.count
  }
}
