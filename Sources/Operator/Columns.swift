/// Rows for people.
package enum Columns {
  /// Each column as wide as its widest cell; every row ends with a line feed.
  package static func text(_ rows: [[String]]) -> String {
    guard let columns = rows.first?.indices else { return "" }
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      row.indices.map { column in
        column == row.count - 1
          ? row[column]
          : row[column] + String(repeating: " ", count: widths[column] - row[column].count)
      }.joined(separator: "  ")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
