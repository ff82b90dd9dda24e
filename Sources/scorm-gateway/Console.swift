internal import System

/// Texts for the person at the terminal, and for whoever keeps standard error.
enum Console {
  /// A line on standard error.
  static func tell(_ text: String) { StandardError.write(line: text) }

  /// A line on standard error that says who speaks.
  static func report(_ text: String) { StandardError.write(line: "scorm-gateway: \(text)") }
}

/// Columns for people.
struct TextTable {
  private var rows: [[String]]

  init(header: [String]) { rows = [header] }

  mutating func append(_ row: [String]) { rows.append(row) }

  /// The rows, each column as wide as its widest cell.
  var text: String {
    guard let columns = rows.first?.count else { return "" }
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell
        if column < columns - 1 {
          line += String(repeating: " ", count: widths[column] - cell.count + 2)
        }
      }
      return line
    }.joined(separator: "\n")
  }
}
