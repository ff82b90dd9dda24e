internal import Memory
internal import TextCoding

/// Calls in columns, for people.
package enum TrafficTable {
  /// Characters of a path that a row shows.
  private static let pathWidth = 60

  package static let header = [
    "TIME", "STATUS", "METHOD", "PATH", "OPERATION", "CALLER", "APP", "TOOK", "WAITED", "BYTES",
    "ERROR", "REQUEST ID",
  ]
  /// Columns that are set to the right.
  package static let right: Set<Int> = [7, 8, 9]

  /// A call's cells.
  package static func row(_ record: CallRecord) -> [String] {
    let target = record.path + (record.query.map { "?" + $0 } ?? "")
    return [
      time(record.timestamp), record.status == 0 ? "-" : String(record.status),
      record.method.isEmpty ? "-" : shown(record.method),
      target.isEmpty ? "-" : shortened(shown(target)), record.operation ?? "-",
      record.caller.map(shown) ?? "-", record.app.map(shown) ?? "-",
      seconds(record.duration / 1000), seconds((record.queueWait + record.tokenWait) / 1000),
      bytes(record.received), record.error.map { "\($0) (\(record.termination))" } ?? "-",
      shown(record.requestID),
    ]
  }

  /// Rows as lines, each column as wide as its widest cell, those in `right` set to the right.
  ///
  /// - Parameters:
  ///   - atLeast: widths of columns even if no cell is so wide.
  ///   - colour: the sequence that sets a row's colour; nil for none.
  package static func text(
    _ rows: [[String]], right: Set<Int>, atLeast: [Int] = [],
    colour: (Int) -> String? = { _ in nil }
  ) -> String {
    guard let columns = rows.first?.indices else { return "" }
    let widths = columns.map { column in
      max(rows.map { $0[column].count }.max() ?? 0, column < atLeast.count ? atLeast[column] : 0)
    }
    var text = ""
    for (number, row) in rows.enumerated() {
      let cells = columns.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        if right.contains(column) { return padding + row[column] }
        return column == columns.last ? row[column] : row[column] + padding
      }
      let line = cells.joined(separator: "  ")
      text += (colour(number).map { "\($0)\(line)\u{1B}[0m" } ?? line) + "\n"
    }
    return text
  }

  /// The inside of a JSON string as it can be shown: it has no control characters; those that turn the direction
  /// of text could make a line read as another one.
  package static func shown(_ inside: String) -> String {
    var result = ""
    for scalar in inside.unicodeScalars {
      switch scalar.value {
      case 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF, 0x061C:
        result +=
          "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
          + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func shortened(_ text: String) -> String {
    text.count <= pathWidth ? text : text.prefix(pathWidth - 1) + "…"
  }

  /// `2026-11-24T07:01:33.579950Z` as `11-24 07:01:33.579`.
  private static func time(_ timestamp: String) -> String {
    guard timestamp.utf8.count >= 23 else { return timestamp }
    return timestamp.dropFirst(5).prefix(5) + " " + timestamp.dropFirst(11).prefix(12)
  }

  /// Microseconds with a unit that fits.
  static func seconds(_ microseconds: Int64) -> String {
    switch microseconds {
    case 0: "0"
    case ..<1_000: "\(microseconds) µs"
    case ..<10_000: "\(microseconds / 1_000).\(microseconds / 100 % 10) ms"
    case ..<1_000_000: "\(microseconds / 1_000) ms"
    case ..<100_000_000: "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10) s"
    default: "\(microseconds / 1_000_000) s"
    }
  }

  static func bytes(_ count: Int64) -> String {
    switch count {
    case ..<10_240: "\(count)"
    case ..<10_485_760: "\(count >> 10) KiB"
    case ..<10_737_418_240: "\(count >> 20) MiB"
    default: "\(count >> 30) GiB"
    }
  }

  /// Microseconds since 1970 as `2026-11-24 07:01:33`.
  static func day(_ microsecond: Int64) -> String {
    let time = CalendarTime(secondsSince1970: Int(max(0, microsecond) / 1_000_000))
    var text = ByteBuffer(capacity: 32)
    time.putDate(into: &text)
    text.put(UInt8(ascii: " "))
    time.putClock(into: &text)
    return text.bytes.text
  }
}
