import Foundation

/// The structure of HTTP archives 1.2 from http://www.softwareishard.com/blog/har-12-spec/: every required member with
/// its type, and times that add up.
enum HARStructure {
  struct Flaw: Error { let text: String }

  private enum Kind { case text, number, list, object }

  private static let log: [(String, Kind)] = [
    ("version", .text), ("creator", .object), ("entries", .list),
  ]
  private static let entry: [(String, Kind)] = [
    ("startedDateTime", .text), ("time", .number), ("request", .object), ("response", .object),
    ("cache", .object), ("timings", .object),
  ]
  private static let request: [(String, Kind)] = [
    ("method", .text), ("url", .text), ("httpVersion", .text), ("cookies", .list),
    ("headers", .list),
    ("queryString", .list), ("headersSize", .number), ("bodySize", .number),
  ]
  private static let response: [(String, Kind)] = [
    ("status", .number), ("statusText", .text), ("httpVersion", .text), ("cookies", .list),
    ("headers", .list), ("content", .object), ("redirectURL", .text), ("headersSize", .number),
    ("bodySize", .number),
  ]
  private static let pair: [(String, Kind)] = [("name", .text), ("value", .text)]

  static func check(_ data: Data) throws {
    let document = try members(try JSONSerialization.jsonObject(with: data), [("log", .object)])
    let log = try members(document["log"], HARStructure.log)
    guard log["version"] as? String == "1.2" else { throw Flaw(text: "version") }
    _ = try members(log["creator"], [("name", .text), ("version", .text)])
    for element in log["entries"] as? [Any] ?? [] { try check(entry: element) }
  }

  private static func check(entry element: Any) throws {
    let entry = try members(element, HARStructure.entry)
    let format = ISO8601DateFormatter()
    format.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
    guard let start = entry["startedDateTime"] as? String, format.date(from: start) != nil else {
      throw Flaw(text: "startedDateTime")
    }
    let request = try members(entry["request"], HARStructure.request)
    guard let url = request["url"] as? String, URL(string: url)?.host != nil else {
      throw Flaw(text: "url")
    }
    for list in ["headers", "queryString"] {
      for element in request[list] as? [Any] ?? [] { _ = try members(element, pair) }
    }
    let response = try members(entry["response"], HARStructure.response)
    _ = try members(response["content"], [("size", .number), ("mimeType", .text)])
    let timings = try members(
      entry["timings"], [("send", .number), ("wait", .number), ("receive", .number)])
    let sum = timings.values.compactMap { $0 as? Double }.filter { $0 >= 0 }.reduce(0, +)
    guard let time = entry["time"] as? Double, abs(time - sum) < 0.01 else {
      throw Flaw(text: "timings do not add up to time")
    }
  }

  private static func members(_ value: Any?, _ wanted: [(String, Kind)]) throws -> [String: Any] {
    guard let object = value as? [String: Any] else { throw Flaw(text: "no object") }
    for (name, kind) in wanted {
      let isRight =
        switch kind {
        case .text: object[name] is String
        case .number: object[name] is NSNumber
        case .list: object[name] is [Any]
        case .object: object[name] is [String: Any]
        }
      guard isRight else { throw Flaw(text: name) }
    }
    return object
  }
}
