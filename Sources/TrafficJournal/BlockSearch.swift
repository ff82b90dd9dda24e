internal import Memory
internal import System

/// A query's conditions, with names as their numbers in the file. Decides which blocks need not be unpacked.
struct BlockSearch {
  /// One row of `blocks`, without the columns that only some queries need.
  struct Row {
    var id: Int64 = 0
    var line: Int64 = 0
    var count = 0
    /// Microseconds since 1970.
    var first: Int64 = 0
    var last: Int64 = 0
    var size = 0
  }

  let query: TrafficQuery
  /// The lowest and highest number of a call that can match.
  let ids: (first: Int64, last: Int64)
  private let caller: Int64?
  private let app: Int64?
  private let operation: Int64?
  private let terms: WordTerms?
  private let requestID: UInt64?

  /// Nil if nothing can match: a name is not in the file, or the time range is empty.
  init?(
    _ query: TrafficQuery, number: (String) throws(DatabaseError) -> Int64?
  ) throws(DatabaseError) {
    self.query = query
    ids = query.ids
    guard ids.first <= ids.last else { return nil }
    func known(_ name: String?) throws(DatabaseError) -> Int64?? {
      guard let name else { return .some(nil) }
      guard let number = try number(name) else { return nil }
      return number
    }
    guard let caller = try known(query.caller), let app = try known(query.app),
      let operation = try known(query.operation)
    else { return nil }
    (self.caller, self.app, self.operation) = (caller, app, operation)
    requestID = query.requestID.map { MemberFilter.hash($0.utf8.span.bytesOfElements) }
    if let text = query.text {
      guard let terms = WordTerms(text) else { return nil }
      self.terms = terms
    } else {
      terms = nil
    }
  }

  /// Whether lines must be compared, and not only numbers.
  var comparesText: Bool { query.text != nil || query.requestID != nil || query.method != nil }

  /// Whether a block's statistics suffice for all of its calls, because no condition applies to a single call.
  var asksOfGroupsOnly: Bool { !comparesText && query.statuses == nil && query.slower == nil }

  func asksFor(_ group: CallGroup.Key) -> Bool {
    (caller == nil || caller == group.caller) && (app == nil || app == group.app)
      && (operation == nil || operation == group.operation)
  }

  // MARK: Blocks

  /// The rows of blocks that may contain a match, the latest calls first. Columns are those that ``row(_:)`` reads,
  /// then `groups`, then the filter of words if the query has any.
  func rows(of database: Database) throws(DatabaseError) -> Statement {
    // The filters are in separate tables, so other queries do not read them.
    let (column, join) = terms == nil ? ("", "") : (", words.filter", " JOIN words USING (id)")
    let some = requestID == nil ? "" : " AND blocks.id IN (SELECT value FROM json_each(?3))"
    let statement = try database.prepare(
      """
      SELECT blocks.id, line, count, first, last, slowest, classes, size, names, groups\(column)
      FROM blocks\(join) WHERE last >= ?1 AND first <= ?2\(some) ORDER BY last DESC
      """)
    try statement.bind(1, CallID.microsecond(ids.first))
    try statement.bind(2, CallID.microsecond(ids.last))
    if let requestID {
      let blocks = try RequestIDFilters.blocks(with: requestID, in: database)
      try statement.bind(3, text: "[\(blocks.map(String.init).joined(separator: ","))]")
    }
    return statement
  }

  func row(_ rows: Statement) -> Row {
    Row(
      id: rows.integer(0), line: rows.integer(1), count: Int(clamping: rows.integer(2)),
      first: rows.integer(3), last: rows.integer(4), size: Int(clamping: rows.integer(7)))
  }

  /// Whether the block in the row may contain a match.
  func mayMatch(_ rows: Statement) throws(DatabaseError) -> Bool {
    if let slower = query.slower, rows.integer(5) <= slower { return false }
    if let statuses = query.statuses {
      let classes = statuses.reduce(0) { $0 | BlockSearch.classes(of: $1) }
      guard rows.integer(6) & classes != 0 else { return false }
    }
    if caller != nil || app != nil || operation != nil {
      let isThere = try rows.withBlob(8) { (names: RawSpan) throws(DatabaseError) -> Bool in
        hasNames(names)
      }
      guard isThere else { return false }
    }
    guard let terms else { return true }
    return try rows.withBlob(10) { (filter: RawSpan) throws(DatabaseError) -> Bool in
      terms.mayMatch(in: filter)
    }
  }

  private static func classes(of status: ClosedRange<Int64>) -> Int64 {
    let first = min(9, max(0, status.lowerBound / 100))
    let last = min(9, max(0, status.upperBound / 100))
    return (first...last).reduce(0) { $0 | 1 << $1 }
  }

  /// Whether the sets of names in a row contain the names of the query. Sets that cannot be read may contain them: opening
  /// the block reports the damage.
  func hasNames(_ stored: RawSpan) -> Bool {
    var reader = VarintReader(stored)
    for wanted in [caller, app, operation] {
      var isThere = wanted == nil
      for _ in 0..<reader.nextCount() { if reader.next() == wanted { isThere = true } }
      if !isThere { return reader.isDamaged }
    }
    return true
  }

  // MARK: Calls

  /// Whether a call matches the conditions that apply to numbers.
  func matches(_ entry: OpenBlock.Entry) -> Bool {
    let call = entry.call
    guard entry.id >= ids.first, entry.id <= ids.last,
      asksFor(
        CallGroup.Key(caller: call.caller, app: call.app, operation: call.operation))
    else { return false }
    guard query.hasStatus(call.status) else { return false }
    if let slower = query.slower, call.duration <= slower { return false }
    return true
  }
}
