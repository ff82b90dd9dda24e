/// The SQL of a search, and the values bound to it. Which index leads is decided here: the planner does not know
/// how rare failures and slow calls are.
struct SearchPlan {
  enum Value {
    case integer(Int64)
    case text(String)
  }

  private(set) var sql: String
  private(set) var values: [Value] = []
  /// The search has words, whose matches must be compared once more.
  let comparesText: Bool

  /// - Parameter number: the number of a name in the file; nil when it is not there.
  /// - Returns: nil when nothing can match.
  init?(
    _ query: TrafficQuery, columns: String, joinsLines: Bool,
    number: (String) throws(DatabaseError) -> Int64?
  ) throws(DatabaseError) {
    comparesText = query.text != nil || query.requestID != nil
    let ids = query.ids
    guard ids.first <= ids.last else { return nil }
    var conditions: [String] = []
    var index = "NOT INDEXED"
    for (column, name) in [
      ("app", query.app), ("caller", query.caller), ("operation", query.operation),
    ] {
      guard let name else { continue }
      guard let number = try number(name) else { return nil }
      values.append(.integer(number))
      conditions.append("calls.\(column) = ?\(values.count)")
      index = "INDEXED BY calls_\(column)"
    }
    if let slower = query.slower {
      values.append(.integer(slower))
      conditions.append("calls.duration > ?\(values.count)")
      if slower >= JournalSchema.slowThreshold {
        // Said as the index says it, so that SQLite sees that it applies.
        conditions.append("calls.duration >= \(JournalSchema.slowThreshold)")
        index = "INDEXED BY calls_slow"
      }
    }
    if let status = query.status {
      values.append(.integer(status.lowerBound))
      values.append(.integer(status.upperBound))
      conditions.append("calls.status BETWEEN ?\(values.count - 1) AND ?\(values.count)")
      let statusClass = status.lowerBound / 100
      if statusClass != 2 {
        conditions.append("calls.class = \(statusClass) AND calls.class <> 2")
        index = "INDEXED BY calls_failed"
      }
    }
    values.append(.integer(ids.first))
    values.append(.integer(ids.last))
    let lines = joinsLines ? "CROSS JOIN lines ON lines.id = calls.line" : ""
    if let match = query.requestID.map(WordText.match(requestID:))
      ?? query.text.map(WordText.match(text:))
    {
      guard let match else { return nil }
      conditions.insert(
        "words.rowid BETWEEN ?\(values.count - 1) AND ?\(values.count)", at: 0)
      values.append(.text(match))
      sql = """
        SELECT \(columns) FROM words CROSS JOIN calls NOT INDEXED ON calls.id = words.rowid \(lines)
        WHERE words MATCH ?\(values.count) AND \(conditions.joined(separator: " AND "))
        ORDER BY words.rowid DESC
        """
    } else {
      conditions.append("calls.id BETWEEN ?\(values.count - 1) AND ?\(values.count)")
      sql = """
        SELECT \(columns) FROM calls \(index) \(lines)
        WHERE \(conditions.joined(separator: " AND ")) ORDER BY calls.id DESC
        """
    }
  }

  /// The statement with its values.
  func prepare(_ database: Database) throws(DatabaseError) -> Statement {
    let statement = try database.prepare(sql)
    for (index, value) in values.enumerated() {
      switch value {
      case .integer(let number): try statement.bind(Int32(index + 1), number)
      case .text(let text): try statement.bind(Int32(index + 1), text: text)
      }
    }
    return statement
  }
}
