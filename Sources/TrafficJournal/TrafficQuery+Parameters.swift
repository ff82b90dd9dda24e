internal import Memory
internal import System
internal import TextCoding
internal import TrafficLog

/// What is wrong with a query, in words for its sender.
package struct QueryError: Error, CustomStringConvertible {
  package let description: String
}

/// A query as the parameters of `/api/traffic`. The commands send the same ones.
extension TrafficQuery {
  /// Names of all parameters.
  package static let parameters = [
    "since", "until", "caller", "app", "operation", "method", "status", "slower", "text", "id",
    "limit",
    "before", "after",
  ]

  /// Reads the query of a URL, without its `?`. Parameters in `others` are ignored, because other code reads them.
  ///
  /// - Parameter now: microseconds since 1970, for times relative to now.
  package init(_ query: String, others: Set<String> = [], now: Int64) throws(QueryError) {
    for part in query.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(pair[0])
      if others.contains(name) { continue }
      guard pair.count == 2, let value = PercentCoding.decode(pair[1], plusIsBlank: true) else {
        throw QueryError(
          description: "the parameter \(name) has no value, or one that is not UTF-8")
      }
      if value.isEmpty { continue }
      try take(name, value, now)
    }
  }

  private mutating func take(_ name: String, _ value: String, _ now: Int64) throws(QueryError) {
    switch name {
    case "since": since = try TrafficQuery.time(name, value, now)
    case "until": until = try TrafficQuery.time(name, value, now)
    case "caller": caller = value
    case "app": app = value
    case "operation": operation = value
    case "method": method = value
    case "status":
      var ranges: [ClosedRange<Int64>] = []
      for part in value.split(separator: ",", omittingEmptySubsequences: false) {
        ranges.append(try TrafficQuery.status(String(part)))
      }
      statuses = ranges
    case "slower":
      guard let time = TrafficQuery.duration(value) else {
        throw QueryError(description: "slower takes a time like 500ms or 2s, not “\(value)”")
      }
      slower = time
    case "text":
      guard WordTerms(value) != nil else {
        throw QueryError(description: "text takes words with at least one letter or digit")
      }
      text = value
    case "id": requestID = value
    case "limit":
      guard let number = Int(value), (1...TrafficQuery.largestLimit).contains(number) else {
        throw QueryError(description: "limit takes a number from 1 to \(TrafficQuery.largestLimit)")
      }
      limit = number
    case "before": before = try TrafficQuery.cursor(name, value)
    case "after": after = value == "now" ? .max : try TrafficQuery.cursor(name, value)
    default:
      throw QueryError(
        description: "unknown parameter \(name). Parameters: "
          + TrafficQuery.parameters.joined(separator: ", "))
    }
  }

  private static func cursor(_ name: String, _ value: String) throws(QueryError) -> Int64 {
    guard let number = Int64(value), number >= 0 else {
      throw QueryError(description: "\(name) takes the value from an earlier answer")
    }
    return number
  }

  /// `1h` means that long ago. Other values are RFC 3339 in UTC, with or without the time of day and its fraction.
  private static func time(_ name: String, _ value: String, _ now: Int64) throws(QueryError)
    -> Int64
  {
    if let ago = duration(value) { return max(0, now - ago) }
    let full = value.utf8.count == 10 ? value + "T00:00:00Z" : value
    let bytes = Array(full.utf8)
    if let time = TrafficRecord.time(bytes.span.bytesOfElements) { return time / 1000 }
    throw QueryError(
      description: "\(name) takes a time ago like 90s, 15m, 1h or 7d, or a time like 2026-11-24 or "
        + "2026-11-24T07:00:00Z; not “\(value)”")
  }

  /// `404`, `5xx`, or `none` for calls without an answer.
  private static func status(_ value: String) throws(QueryError) -> ClosedRange<Int64> {
    if value == "none" { return 0...0 }
    let characters = Array(value.utf8)
    if characters.count == 3, let first = Int64(value.prefix(1)), (1...9).contains(first),
      value.dropFirst().lowercased() == "xx"
    {
      return first * 100...first * 100 + 99
    }
    guard let number = Int64(value), (100...999).contains(number) else {
      throw QueryError(
        description:
          "status takes numbers like 404, classes like 5xx, or none, separated by commas")
    }
    return number...number
  }

  /// A number and a unit, converted to microseconds.
  static func duration(_ text: String) -> Int64? {
    let units: [(String, Int64)] = [
      ("ms", 1_000), ("us", 1), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000),
      ("d", 86_400_000_000),
    ]
    for (unit, size) in units where text.hasSuffix(unit) {
      let digits = text.dropLast(unit.count)
      guard let number = Int64(digits), number >= 0, digits.utf8.allSatisfy({ $0 &- 0x30 < 10 })
      else {
        continue
      }
      let (product, overflows) = number.multipliedReportingOverflow(by: size)
      return overflows ? nil : product
    }
    return nil
  }
}
