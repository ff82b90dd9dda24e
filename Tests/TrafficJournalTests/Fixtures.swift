import Foundation
import Memory
import Synchronization
import System

@testable import TrafficJournal

/// A temporary folder for a journal, removed at the end.
final class JournalFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "scorm-gateway-journal-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var journal: String { path + "/traffic.sqlite" }

  var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  func writer(
    maxAge: Int64 = .max / 4, maxSize: Int64 = 1 << 30, told: Told = Told(),
    clock: TurnedClock = Changes.clock()
  ) throws -> JournalWriter {
    try JournalWriter(
      path: journal, limits: JournalLimits(maxAge: maxAge, maxSize: maxSize),
      clock: TimeSource(clock), tell: { told.add($0) })
  }

  func search(_ query: String, now: Int64 = TestLine.now) throws -> TrafficPage {
    let wanted = try TrafficQuery(query, now: now)
    return try JournalReader(path: journal, seconds: 10).search(wanted)
  }

  /// The request ids that a search finds.
  func found(_ query: String, now: Int64 = TestLine.now) throws -> [String] {
    try search(query, now: now).lines.compactMap { CallRecord(line: $0)?.requestID }
  }

  func integrity() throws -> String {
    let database = try Database(path: journal, mode: .readOnly)
    let check = try database.prepare("PRAGMA integrity_check")
    return try check.step() ? String(decoding: check.text(0), as: UTF8.self) : ""
  }

  /// The number of records in the file, in blocks and not yet in blocks.
  func count() throws -> Int64 {
    try Database(path: journal, mode: .readOnly).integer(
      """
      SELECT (SELECT coalesce(sum(count), 0) FROM blocks)
        + (SELECT coalesce(sum(count), 0) FROM recent)
      """)
  }
}

/// The lines for the operator.
final class Told: Sendable {
  private let lines = Mutex<[String]>([])
  func add(_ line: String) { lines.withLock { $0.append(line) } }
  var all: [String] { lines.withLock { $0 } }
}

/// A line of the traffic log, for tests.
struct TestLine {
  /// 2026-11-24T12:00:00Z in microseconds.
  static let now: Int64 = 1_795_521_600_000_000

  var id = "r1"
  /// Seconds before ``now``.
  var ago = 60.0
  var method = "GET"
  var path = "/api/v2/courses"
  var query: String?
  var agent: String?
  var caller: String? = "crm"
  var app: String? = "main"
  var operation: String? = "GetCourses"
  var status = 200
  var sent = 0
  var received = 2
  /// In seconds.
  var duration = 0.25
  var queueWait = 0.0
  var error: String?

  /// The line without its line feed. Texts are inserted unchanged, so they must be escaped already.
  var text: String {
    let time = Date(timeIntervalSince1970: Double(TestLine.now) / 1_000_000 - ago)
    let stamp = time.formatted(
      Date.ISO8601FormatStyle(includingFractionalSeconds: true, timeZone: .gmt))
    var members = [
      "\"timestamp\":\"\(stamp)\"", "\"request_id\":\"\(id)\"", "\"client.address\":\"127.0.0.1\"",
      "\"http.request.method\":\"\(method)\"", "\"url.path\":\"\(path)\"",
    ]
    for (name, value) in [
      ("url.query", query), ("user_agent.original", agent), ("caller", caller), ("app", app),
      ("operation", operation),
    ] {
      if let value { members.append("\"\(name)\":\"\(value)\"") }
    }
    members += [
      "\"http.response.status_code\":\(status)", "\"http.request.body.size\":\(sent)",
      "\"http.response.body.size\":\(received)", "\"duration\":\(String(format: "%.6f", duration))",
      "\"queue_wait\":\(queueWait)", "\"token_wait\":0", "\"termination\":\"completed\"",
    ]
    if let error { members.append("\"error.type\":\"\(error)\"") }
    return "{" + members.joined(separator: ",") + "}"
  }
}

func batch(_ lines: [String]) -> ByteBuffer {
  var buffer = ByteBuffer()
  for line in lines {
    buffer.put(text: line)
    buffer.put("\n")
  }
  return buffer
}

/// Text that hardly compresses: each character has six random bits.
func noise(_ count: Int) -> String {
  var generator = SystemRandomNumberGenerator()
  let signs = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.".utf8)
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count)
  while bytes.count < count {
    var word = generator.next()
    for _ in 0..<min(10, count - bytes.count) {
      bytes.append(signs[Int(word & 63)])
      word >>= 6
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
