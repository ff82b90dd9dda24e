internal import Histograms
internal import JSONText
internal import Memory
package import System
internal import TextCoding

/// Answers queries about traffic in the form of `/api/traffic`, for the admin server and for commands that read a file.
/// Blocks its thread for at most ``timeLimit``.
package struct JournalPages: Sendable {
  /// The answer to a query.
  package struct Answer: Sendable {
    package var status: Int
    package var type: String
    package var body: String
  }

  /// Maximum number of calls in one archive.
  static let archiveLimit = 500

  private let path: String
  /// Time limit of one answer, in seconds.
  private let timeLimit: Double
  /// The URL where callers are served: `http://127.0.0.1:8080`, or `unix:/path`. URLs in an archive begin with it, and
  /// answers contain it so that calls can be repeated.
  private let gateway: String
  private let version: String
  private let clock: TimeSource

  package init(
    path: String, timeLimit: Double, gateway: String, version: String, clock: TimeSource = .system
  ) {
    self.path = path
    self.timeLimit = timeLimit
    self.gateway = gateway
    self.version = version
    self.clock = clock
  }

  /// The page at `path`, with percent escapes as sent; nil if it does not exist.
  package func answer(_ path: String, query: String) -> Answer? {
    do {
      switch path {
      case "/api/traffic": return try search(query)
      case "/api/traffic.har": return try archive(query)
      case "/api/traffic/stats": return try summary(query)
      default:
        guard path.hasPrefix("/api/traffic/") else { return nil }
        return try one(path.dropFirst("/api/traffic/".count))
      }
    } catch let error as QueryError {
      return JournalPages.problem(400, "Bad Request", error.description)
    } catch let error as JournalError {
      return JournalPages.problem(503, "Service Unavailable", error.description)
    } catch {
      return JournalPages.problem(500, "Internal Server Error", "\(error)")
    }
  }

  private var now: Int64 { clock.wall / 1000 }

  private func reader() throws(JournalError) -> JournalReader {
    try JournalReader(path: path, seconds: timeLimit, clock: clock)
  }

  /// Writes each record on a separate line, as in the log.
  private func search(_ query: String) throws -> Answer {
    let wanted = try TrafficQuery(query, others: ["format"], now: now)
    let page = try reader().search(wanted)
    let lines = page.lines.map { String(decoding: $0, as: UTF8.self) }
    let name = wanted.after == nil ? "before" : "after"
    let next = page.next.map { "\"\($0)\"" } ?? "null"
    return Answer(
      status: 200, type: "application/json",
      body: "{\"records\":[\n\(lines.joined(separator: ",\n"))\n],\n"
        + "\"\(name)\":\(next),\"gateway\":\(gateway.quotedAsJSON),\"complete\":\(page.isComplete)}\n"
    )
  }

  private func archive(_ query: String) throws -> Answer {
    var wanted = try TrafficQuery(query, others: ["format"], now: now)
    wanted.limit = min(wanted.limit, JournalPages.archiveLimit)
    let page = try reader().search(wanted)
    return Answer(
      status: 200, type: "application/json",
      body: HARDocument.text(
        page.lines.compactMap { CallRecord(line: $0) }, gateway: gateway, version: version))
  }

  private func summary(_ query: String) throws -> Answer {
    let parameters = query.split(separator: "&")
    let summary = try reader().summary(
      TrafficQuery(query, others: ["format", "series", "width"], now: now), now: now,
      hasDurations: parameters.contains("series=durations"))
    guard parameters.contains("format=table") else {
      return Answer(status: 200, type: "application/json", body: summary.json)
    }
    let width = parameters.lazy.compactMap { $0.hasPrefix("width=") ? Int($0.dropFirst(6)) : nil }
      .first
    return Answer(
      status: 200, type: "text/plain; charset=utf-8",
      body: summary.table(in: TextTable.Room(width: width)))
  }

  /// The calls with a request id. Callers may use an id more than once.
  private func one(_ name: Substring) throws -> Answer {
    guard let id = PercentCoding.decode(name, plusIsBlank: false), !id.isEmpty else {
      throw QueryError(description: "a request id must follow /api/traffic/")
    }
    var query = TrafficQuery()
    query.requestID = id
    let page = try reader().search(query)
    guard !page.lines.isEmpty else {
      return JournalPages.problem(
        404, "Not Found", "The journal has no call with the request id \(id).")
    }
    let lines = page.lines.map { String(decoding: $0, as: UTF8.self) }
    let commands = page.lines.map { line in
      let record = CallRecord(line: line)
      let command = record.flatMap { CurlCommand.text($0, gateway: gateway) }
      let caveats = record.map(CurlCommand.caveats) ?? []
      return "{\"command\":\(command?.quotedAsJSON ?? "null"),"
        + "\"caveats\":[\(caveats.map(\.quotedAsJSON).joined(separator: ","))]}"
    }
    return Answer(
      status: 200, type: "application/json",
      body:
        "{\"records\":[\n\(lines.joined(separator: ",\n"))\n],\n"
        + "\"curl\":[\(commands.joined(separator: ","))],\"gateway\":\(gateway.quotedAsJSON),\"complete\":\(page.isComplete)}\n"
    )
  }

  /// A problem document of RFC 9457.
  private static func problem(_ status: Int, _ title: String, _ detail: String) -> Answer {
    let text = detail.quotedAsJSON
    return Answer(
      status: status, type: "application/problem+json",
      body: "{\"type\":\"about:blank\",\"title\":\"\(title)\",\"status\":\(status),"
        + "\"detail\":\(text),\"message\":\(text)}\n")
  }
}
