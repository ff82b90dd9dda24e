internal import Memory
package import System
internal import TextCoding

/// Calls in columns, for people.
package enum TrafficTable {
  /// With little room, the columns for time, call and duration are the last to be dropped.
  private static let columns: [TextTable.Column] = [
    .init("TIME"), .init("STATUS"), .init("METHOD", least: 7), .init("PATH", least: 20),
    .init("OPERATION", least: 12, rank: 5), .init("CALLER", least: 8, rank: 2),
    .init("APP", least: 8, rank: 9), .init("TOOK", isRight: true),
    .init("WAITED", isRight: true, rank: 6), .init("SENT", isRight: true, rank: 8),
    .init("RECEIVED", isRight: true, rank: 7), .init("ERROR", least: 16, rank: 3),
    .init("REQUEST ID", rank: 4),
  ]

  /// The table of some calls.
  package static func table(_ records: [CallRecord], hasHeader: Bool = true) -> TextTable {
    var table = TextTable(columns, hasHeader: hasHeader)
    for record in records { table.append(row(record)) }
    return table
  }

  /// The layout for rows printed one after the other: wide enough for most.
  package static func layout(in room: TextTable.Room) -> TextTable.Layout {
    TextTable(columns).layout(in: room, atLeast: [18, 6, 6, 40, 22, 10, 8, 8, 8, 8, 8, 16, 32])
  }

  /// The cells of a call.
  private static func row(_ record: CallRecord) -> [String] {
    let target = record.path + (record.query.map { "?" + $0 } ?? "")
    return [
      time(record.timestamp), record.status == 0 ? "-" : String(record.status),
      record.method.isEmpty ? "-" : shown(record.method), target.isEmpty ? "-" : shown(target),
      record.operation ?? "-", record.caller.map(shown) ?? "-", record.app.map(shown) ?? "-",
      DurationText.text(nanoseconds: record.duration),
      DurationText.text(nanoseconds: record.queueWait + record.tokenWait), bytes(record.sent),
      bytes(record.received), record.error.map { "\($0) (\(record.termination))" } ?? "-",
      shown(record.requestID),
    ]
  }

  /// The inside of a JSON string in a form that is safe to print. It contains no control characters. Characters that
  /// change the direction of text are escaped, because they could make a line read as another one.
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

  /// `2026-11-24T07:01:33.579950Z` as `11-24 07:01:33.579`.
  private static func time(_ timestamp: String) -> String {
    guard timestamp.utf8.count >= 23 else { return timestamp }
    return timestamp.dropFirst(5).prefix(5) + " " + timestamp.dropFirst(11).prefix(12)
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
