internal import Histograms
internal import System

/// Statistics of calls by caller and operation, and over time.
package struct TrafficSummary {
  /// Maximum number of pairs of caller and operation that are counted separately; all others are counted as one.
  static let groupLimit = 500
  /// Columns of the chart over time.
  static let bars = 60

  /// Calls of one caller to one operation; names are nil if the calls have none.
  struct Group {
    var caller: String?
    var operation: String?
    var figures = CallGroup()
  }

  /// The busiest first.
  var groups: [Group] = []
  /// All calls together.
  var all = Group()
  /// Whether pairs beyond ``groupLimit`` were counted as one.
  var hasOthers = false
  /// The first and last moment counted, in microseconds since 1970.
  var start: Int64 = 0
  var end: Int64 = 0
  /// Calls, and failed calls, in each of ``bars`` equal parts of the time.
  var calls = [Int](repeating: 0, count: TrafficSummary.bars)
  var failed = [Int](repeating: 0, count: TrafficSummary.bars)
  /// Durations of the calls in each of these parts; empty unless requested.
  var durations: [LogHistogram] = []
  /// False if the time limit expired; then only the newest calls are counted.
  package var isComplete = true
}

extension JournalReader {
  /// Counts the calls that match.
  ///
  /// - Parameters:
  ///   - now: microseconds since 1970.
  ///   - hasDurations: whether to collect durations over time, which takes longer.
  package func summary(
    _ query: TrafficQuery, now: Int64, hasDurations: Bool = false
  ) throws(JournalError) -> TrafficSummary {
    do throws(DatabaseError) {
      return try summarize(query, now: now, hasDurations)
    } catch {
      throw JournalError("the journal cannot be searched: \(error.message)")
    }
  }

  private func summarize(
    _ query: TrafficQuery, now: Int64, _ hasDurations: Bool
  ) throws(DatabaseError) -> TrafficSummary {
    var summary = TrafficSummary()
    if hasDurations {
      summary.durations = Array(repeating: LogHistogram(), count: TrafficSummary.bars)
    }
    summary.end = query.until ?? now
    let waiting = try recent()
    let earliest = min(
      try database.integer("SELECT coalesce(min(first), \(Int64.max)) FROM blocks"),
      waiting.entries.map(\.call.microsecond).min() ?? .max)
    summary.start = min(max(query.since ?? earliest, earliest), summary.end)
    guard
      let search = try BlockSearch(
        query, number: { name throws(DatabaseError) in try number(of: name) })
    else { return summary }
    var count = GroupCount(names: try names(), search: search)
    count.add(waiting, to: &summary)
    do throws(DatabaseError) {
      let rows = try search.rows(of: database)
      let contents = try database.prepare("SELECT bytes FROM contents WHERE id = ?1")
      var block = OpenBlock()
      while try rows.step() {
        guard clock.monotonic < deadline else {
          summary.isComplete = false
          break
        }
        guard try search.mayMatch(rows) else { continue }
        let row = search.row(rows)
        if search.asksOfGroupsOnly, summary.hasWhole(row, search) {
          try rows.withBlob(9) { (groups) throws(DatabaseError) in
            try count.add(groups, at: row.first, to: &summary)
          }
        } else {
          try open(row, from: contents, into: &block)
          count.add(block, to: &summary)
        }
      }
    } catch {
      guard error.kind == .interrupted else { throw error }
      summary.isComplete = false
    }
    for group in summary.groups { summary.all.figures.add(group.figures) }
    summary.groups.sort { $0.figures.calls > $1.figures.calls }
    return summary
  }
}

/// Counts calls into the groups of a summary.
private struct GroupCount {
  struct Pair: Hashable {
    let caller: Int64
    let operation: Int64
  }

  private static let slotCount = 1_024

  let names: [Int64: String]
  let search: BlockSearch
  private var places: [Pair: Int] = [:]
  /// A cache of group indices, each in a slot that its pair's numbers select.
  private var slots: [(pair: Pair, place: Int)]

  init(names: [Int64: String], search: BlockSearch) {
    self.names = names
    self.search = search
    slots = Array(
      repeating: (Pair(caller: -1, operation: -1), 0), count: GroupCount.slotCount)
  }

  /// Counts a block's calls one by one.
  mutating func add(_ block: borrowing OpenBlock, to summary: inout TrafficSummary) {
    for entry in block.entries where search.matches(entry) {
      if search.comparesText, !search.query.hasText(of: block.bytes(entry)) { continue }
      let place = place(
        Pair(caller: entry.call.caller, operation: entry.call.operation), in: &summary)
      summary.groups[place].figures.add(entry.call)
      summary.count(1, entry.call.hasFailed ? 1 : 0, at: entry.call.microsecond)
      if !summary.durations.isEmpty {
        summary.durations[summary.bar(at: entry.call.microsecond)].add(entry.call.duration)
      }
    }
  }

  /// Counts all calls of a block by its groups. The block began at `microsecond`.
  mutating func add(
    _ groups: RawSpan, at microsecond: Int64, to summary: inout TrafficSummary
  ) throws(DatabaseError) {
    var reader = VarintReader(groups)
    var others = CallGroup()
    while !reader.isAtEnd {
      let key = CallGroup.Key(reading: &reader)
      guard search.asksFor(key) else {
        _ = others.add(reading: &reader)
        continue
      }
      let place = place(Pair(caller: key.caller, operation: key.operation), in: &summary)
      if !summary.durations.isEmpty {
        var one = CallGroup()
        let (calls, failed) = one.add(reading: &reader)
        summary.groups[place].figures.add(one)
        summary.durations[summary.bar(at: microsecond)].add(one.durations)
        summary.count(calls, failed, at: microsecond)
        continue
      }
      let (calls, failed) = summary.groups[place].figures.add(reading: &reader)
      summary.count(calls, failed, at: microsecond)
    }
    if reader.isDamaged { throw BlockCodec.damaged }
  }

  private mutating func place(_ pair: Pair, in summary: inout TrafficSummary) -> Int {
    let slot =
      Int(truncatingIfNeeded: pair.caller &* 31 &+ pair.operation) & (GroupCount.slotCount - 1)
    if slots[slot].pair == pair { return slots[slot].place }
    let place = places[pair] ?? summary.place(names[pair.caller], names[pair.operation])
    // The index of all others is not cached, because any number of pairs can have it.
    if !summary.hasOthers {
      places[pair] = place
      slots[slot] = (pair, place)
    }
    return place
  }
}

extension TrafficSummary {
  /// The column of the chart for a moment.
  fileprivate func bar(at microsecond: Int64) -> Int {
    let span = max(1, end - start)
    let offset = max(0, microsecond - start)
    return min(
      TrafficSummary.bars - 1, Int(Double(offset) / Double(span) * Double(TrafficSummary.bars)))
  }

  fileprivate mutating func count(_ calls: Int, _ failed: Int, at microsecond: Int64) {
    let bar = bar(at: microsecond)
    self.calls[bar] += calls
    self.failed[bar] += failed
  }

  /// Whether all calls of a block are within the query's limits and in one column of the chart.
  fileprivate func hasWhole(_ row: BlockSearch.Row, _ search: BlockSearch) -> Bool {
    CallID.first(microsecond: row.first) >= search.ids.first
      && CallID.last(microsecond: row.last) <= search.ids.last
      && bar(at: row.first) == bar(at: row.last)
  }

  /// The index of the group for calls of a caller to an operation. Beyond the limit, the index of all others.
  fileprivate mutating func place(_ caller: String?, _ operation: String?) -> Int {
    if groups.count >= TrafficSummary.groupLimit {
      if !hasOthers {
        hasOthers = true
        groups.append(Group(caller: "(others)", operation: "(others)"))
      }
      return groups.count - 1
    }
    groups.append(Group(caller: caller, operation: operation))
    return groups.count - 1
  }
}
