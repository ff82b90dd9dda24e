internal import EventLoop

/// Calls counted by caller and operation, and over time.
package struct TrafficSummary {
  /// Pairs of caller and operation that are told apart; the others are counted as one.
  static let groupLimit = 500
  /// Columns of the chart over time.
  static let bars = 60

  /// Calls of one caller to one operation; names are nil where there was none.
  struct Group {
    var caller: String?
    var operation: String?
    var calls = 0
    /// Answers of 400 to 499.
    var refused = 0
    /// Answers of 500 and above, and calls without an answer.
    var failed = 0
    /// Bytes of bodies, as the caller sees them: of its requests, and of the answers.
    var sent: Int64 = 0
    var received: Int64 = 0
    /// Microseconds, of all calls together.
    var waited: Int64 = 0
    var durations = DurationHistogram()
  }

  /// The busiest first.
  var groups: [Group] = []
  /// All calls together.
  var all = Group()
  /// Pairs beyond ``groupLimit`` were counted as one.
  var hasOthers = false
  /// Microseconds since 1970: the first and the last moment counted.
  var start: Int64 = 0
  var end: Int64 = 0
  /// Calls, and those that failed, in each of ``bars`` equal parts of the time.
  var calls = [Int](repeating: 0, count: TrafficSummary.bars)
  var failed = [Int](repeating: 0, count: TrafficSummary.bars)
  /// False: the time was up; only the newest calls are counted.
  package var isComplete = true
}

extension JournalReader {
  /// Counts the calls that match.
  ///
  /// - Parameter now: microseconds since 1970.
  package func summary(_ query: TrafficQuery, now: Int64) throws(JournalError) -> TrafficSummary {
    do throws(DatabaseError) {
      return try summarize(query, now: now)
    } catch {
      throw JournalError("the journal cannot be searched: \(error.message)")
    }
  }

  private func summarize(_ query: TrafficQuery, now: Int64) throws(DatabaseError) -> TrafficSummary
  {
    var summary = TrafficSummary()
    summary.end = query.until ?? now
    let first = CallID.microsecond(try database.integer("SELECT min(id) FROM calls"))
    summary.start = min(max(query.since ?? first, first), summary.end)
    let comparesLines = query.text != nil || query.requestID != nil
    let columns =
      "calls.id, calls.caller, calls.operation, calls.status, calls.duration, "
      + "calls.queue_wait + calls.token_wait, calls.sent, calls.received"
      + (comparesLines ? ", lines.line" : "")
    guard
      let plan = try SearchPlan(
        query, columns: columns, joinsLines: comparesLines,
        number: { name throws(DatabaseError) in try number(of: name) })
    else { return summary }
    let names = try names()
    let rows = try plan.prepare(database)
    var places: [Pair: Int] = [:]
    do throws(DatabaseError) {
      while try rows.step() {
        if comparesLines, !query.hasText(of: rows.text(8)) { continue }
        let pair = Pair(caller: rows.integer(1), operation: rows.integer(2))
        let place = places[pair] ?? summary.place(pair, names, &places)
        summary.count(rows, place)
      }
    } catch {
      guard error.kind == .interrupted else { throw error }
      summary.isComplete = false
    }
    summary.groups.sort { $0.calls > $1.calls }
    return summary
  }
}

/// Numbers of a caller and an operation, 0 for none.
private struct Pair: Hashable {
  let caller: Int64
  let operation: Int64
}

extension TrafficSummary {
  /// A place for calls of `pair`, or that of all others when there are too many.
  fileprivate mutating func place(
    _ pair: Pair, _ names: [Int64: String], _ places: inout [Pair: Int]
  ) -> Int {
    if groups.count >= TrafficSummary.groupLimit {
      if !hasOthers {
        hasOthers = true
        groups.append(Group(caller: "(others)", operation: "(others)"))
      }
      return groups.count - 1
    }
    groups.append(Group(caller: names[pair.caller], operation: names[pair.operation]))
    places[pair] = groups.count - 1
    return groups.count - 1
  }

  fileprivate mutating func count(_ row: Statement, _ place: Int) {
    let hasFailed = row.integer(3) >= 500 || row.integer(3) == 0
    groups[place].add(row, hasFailed)
    all.add(row, hasFailed)
    let span = max(1, end - start)
    let offset = max(0, CallID.microsecond(row.integer(0)) - start)
    let bar = min(
      TrafficSummary.bars - 1, Int(Double(offset) / Double(span) * Double(TrafficSummary.bars)))
    calls[bar] += 1
    if hasFailed { failed[bar] += 1 }
  }
}

extension TrafficSummary.Group {
  fileprivate mutating func add(_ row: Statement, _ hasFailed: Bool) {
    calls += 1
    if hasFailed {
      failed += 1
    } else if row.integer(3) >= 400 {
      refused += 1
    }
    durations.add(row.integer(4))
    waited += row.integer(5)
    sent += row.integer(6)
    received += row.integer(7)
  }
}
