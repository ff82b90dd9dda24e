import Foundation
import Histograms
import Memory
import System
import Testing
import TextCoding

@testable import TrafficJournal

@Suite("Searching the journal", .ownThread)
struct SearchTests {
  /// Calls that differ in everything that can be searched for.
  private static let lines: [TestLine] = [
    TestLine(id: "a", ago: 10, caller: "crm", operation: "GetCourses"),
    TestLine(
      id: "b", ago: 20, path: "/api/v2/registrations/reg-12", caller: "lms",
      operation: "GetRegistration",
      status: 404, duration: 0.01, error: "operation-unknown"),
    TestLine(
      id: "c", ago: 30, path: "/api/v2/registrations/reg-123", caller: "crm", app: "second",
      operation: "GetRegistration", status: 503, duration: 3.5, error: "token-unavailable"),
    TestLine(
      id: "d", ago: 7_200, method: "POST", path: "/api/v2/courses/Golf%20Basics/title", caller: nil,
      operation: nil, status: 0, duration: 1.5, error: "caller-gone"),
    TestLine(
      id: "0f8fad5b-d9cb-469f-a165-70867728950e", ago: 100_000, caller: "x'; DROP TABLE calls;--"),
    TestLine(id: "e", ago: 200_000, path: "/api/v2/dispatches/100%25", status: 301),
  ]

  private func filled() throws -> JournalFolder {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.write(batch(SearchTests.lines.map(\.text)))
    writer.stop()
    return folder
  }

  static let questions: [(String, [String])] = [
    ("", ["a", "b", "c", "d", "0f8fad5b-d9cb-469f-a165-70867728950e", "e"]),
    ("since=1h", ["a", "b", "c"]),
    ("since=2026-11-24T10:00:00Z", ["a", "b", "c", "d"]),
    ("since=2d&until=1h", ["d", "0f8fad5b-d9cb-469f-a165-70867728950e"]),
    ("until=2026-11-23", ["e"]),
    ("caller=crm", ["a", "c", "e"]),
    ("caller=nobody", []),
    ("app=second", ["c"]),
    ("operation=GetRegistration", ["b", "c"]),
    ("operation=GetRegistration&caller=crm&app=second&status=503&slower=2s&since=1h", ["c"]),
    ("status=404", ["b"]), ("status=5xx", ["c"]), ("status=none", ["d"]), ("status=3xx", ["e"]),
    ("status=2xx&since=1h", ["a"]), ("status=200&caller=crm", ["a"]),
    ("slower=1s", ["c", "d"]), ("slower=100ms&since=1h", ["a", "c"]), ("slower=2s", ["c"]),
    ("text=reg-12", ["b", "c"]), ("text=registrations%20reg-123", ["c"]),
    ("text=REG-123", ["c"]), ("text=golf", ["d"]), ("text=Golf%2520Basics", ["d"]),
    ("text=token-unavailable", ["c"]), ("text=unavail", ["c"]),
    ("text=reg&status=404", ["b"]), ("text=reg&since=25s", ["b"]), ("text=eg-12", []),
    ("text=reg_12", []), ("text=reg.12", []), ("text=100%2525", ["e"]),
    ("id=c", ["c"]), ("id=C", []),
    ("id=0f8fad5b-d9cb-469f-a165-70867728950e", ["0f8fad5b-d9cb-469f-a165-70867728950e"]),
    ("id=0f8fad5bd9cb469fa16570867728950e", []),
    ("limit=2", ["a", "b"]),
  ]

  @Test(
    "finds exactly the calls that every condition holds for, the newest first", arguments: questions
  )
  func finds(question: String, ids: [String]) throws {
    #expect(try filled().found(question) == ids)
  }

  @Test(
    "what means something to SQL or to full-text search is text",
    arguments: [
      "x'; DROP TABLE calls;--", "' OR 1=1 --", "%", "_", "*", "\"", "reg*", "text:reg", "NOT reg",
      "reg OR golf", "NEAR(reg golf)", "reg AND golf", "{text}:reg", "^reg", "-reg", "(reg",
      "\"reg",
      "reg\u{0}", "reg' OR '1", "reg\" OR \"golf", "\u{2028}", "ü",
    ])
  func metacharacters(text: String) throws {
    let folder = try filled()
    let value = PercentCoding.encode(text)
    for name in ["caller", "app", "operation", "id"] {
      let found = try folder.found("\(name)=\(value)")
      let isName = name == "caller" && text == SearchTests.lines[4].caller
      #expect(found == (isName ? ["0f8fad5b-d9cb-469f-a165-70867728950e"] : []))
    }
    do {
      // None of the paths contains these characters, except `-` and `%`.
      #expect(try folder.found("text=\(value)").isEmpty)
    } catch {
      // Without a letter or digit it is refused, not searched for.
      #expect(error is QueryError)
    }
    #expect(try folder.count() == 6)
  }

  @Test(
    "a question that makes no sense is refused with what to write instead",
    arguments: [
      "since=soon", "since=1", "until=2026-13-40", "status=6x", "status=99", "status=1e3",
      "slower=2",
      "slower=-1s", "limit=0", "limit=1001", "limit=x", "before=x", "before=-1", "caller",
      "text=%25",
      "colour=red", "caller=%zz", "caller=%ff", "since=99999999999999999999d",
      "since=9223372036854775807d",
    ])
  func refuses(question: String) {
    let error = #expect(throws: QueryError.self) {
      try TrafficQuery(question, now: TestLine.now)
    }
    #expect(error?.description.isEmpty == false)
  }

  @Test("pages, one after the other, have every record once")
  func pages() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    let ids = (0..<957).map { "r\($0)" }
    writer.write(batch(ids.map { TestLine(id: $0, ago: Double($0.dropFirst()) ?? 0).text }))
    writer.stop()
    for filter in ["", "caller=crm&", "text=courses&"] {
      var found: [String] = []
      var before: Int64?
      repeat {
        let page = try folder.search("\(filter)limit=100" + (before.map { "&before=\($0)" } ?? ""))
        found += page.lines.compactMap { CallRecord(line: $0)?.requestID }
        before = page.next
      } while before != nil
      #expect(found == ids)
    }
  }

  @Test("following brings what was written since, in the order of its end, and only that")
  func following() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.write(batch([TestLine(id: "old").text]))
    #expect(eventually { writer.statistics.written == 1 })
    let start = try #require(try folder.search("after=now").next)
    // A call that began long ago and ends now.
    writer.write(
      batch([
        TestLine(id: "long", ago: 5_000).text, TestLine(id: "lms", ago: 1, caller: "lms").text,
      ]))
    #expect(eventually { writer.statistics.written == 3 })
    #expect(try folder.found("after=\(start)").sorted() == ["lms", "long"])
    #expect(try folder.found("after=\(start)&caller=crm") == ["long"])
    #expect(try folder.found("after=\(start)&status=5xx").isEmpty)
    let end = try #require(try folder.search("after=\(start)").next)
    #expect(try folder.found("after=\(end)").isEmpty)
    writer.stop()
  }

  @Test(
    "a search sees what was written while the writer has the file open, and does not hold it up")
  func besideTheWriter() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    for number in 0..<30 {
      writer.write(batch([TestLine(id: "r\(number)", ago: Double(number)).text]))
      #expect(eventually { writer.statistics.written == number + 1 })
      #expect(try folder.found("limit=1000").count == number + 1)
    }
    writer.stop()
    #expect(writer.statistics.failures == 0)
  }

  @Test("when the time is up, what was found so far is given, and where to go on")
  func timeLimit() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    let lines = (0..<6_000).map { TestLine(id: "r\($0)", ago: Double($0)).text }
    writer.write(batch(lines))
    // A stop gives up after a while.
    #expect(eventually { writer.statistics.written == lines.count })
    writer.stop()
    let query = try TrafficQuery("status=418&limit=10", now: TestLine.now)
    let wide = try TrafficQuery("slower=900ms", now: TestLine.now)
    for question in [query, wide] {
      let page = try JournalReader(path: folder.journal, seconds: 0).search(question)
      #expect(page.lines.isEmpty)
      #expect(!page.isComplete || question == query)
    }
  }

  @Test("a journal that is not there, or is none, is refused with its name")
  func noJournal() throws {
    let folder = try JournalFolder()
    let error = #expect(throws: JournalError.self) { try folder.search("") }
    #expect(error?.description.contains(folder.journal) == true)
    try
      "no database, only text, and more of it than a header has: \(String(repeating: "x", count: 200))"
      .write(toFile: folder.journal, atomically: true, encoding: .utf8)
    #expect(throws: JournalError.self) { try folder.search("") }
  }

  @Test("a file in a folder that may not be written to can be read", .enabled(if: geteuid() != 0))
  func readOnlyFolder() throws {
    let folder = try filled()
    _ = unsafe chmod(folder.path, 0o500)
    defer { _ = unsafe chmod(folder.path, 0o700) }
    #expect(try folder.found("caller=crm") == ["a", "c", "e"])
  }

  @Test("without a beginning, the chart begins at the first call, also before any block is sealed")
  func begins() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.write(batch([TestLine(id: "a", ago: 100).text, TestLine(id: "b", ago: 10).text]))
    writer.stop()
    let summary = try JournalReader(path: folder.journal, seconds: 10).summary(
      try TrafficQuery("", now: TestLine.now), now: TestLine.now)
    #expect(summary.start == TestLine.now - 100_000_000)
    #expect(summary.calls.first == 1)
    #expect(summary.calls.last == 0)
  }

  @Test("a block whose sets of names are damaged may contain the call that is looked for")
  func damagedNames() throws {
    let query = try TrafficQuery("app=main", now: TestLine.now)
    let search = try #require(try BlockSearch(query, number: { _ in 5 }))
    let hasNames = { (stored: [UInt8]) in search.hasNames(stored.span.bytesOfElements) }
    // No callers, and the app 5, or 6.
    #expect(hasNames([0, 1, 5, 0]))
    #expect(!hasNames([0, 1, 6, 0]))
    // More apps than bytes follow.
    #expect(hasNames([0, 9, 6, 0]))
    #expect(hasNames([]))
  }

  @Test(
    "calls are counted by caller and operation, refused and failed ones, with percentiles and bytes"
  )
  func summary() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    var lines = (1...100).map {
      TestLine(id: "r\($0)", ago: Double($0), received: 10, duration: Double($0) / 100).text
    }
    lines.append(TestLine(id: "e", ago: 5, caller: "lms", status: 500, queueWait: 2).text)
    lines.append(TestLine(id: "q", ago: 7, caller: "lms", status: 404).text)
    lines.append(TestLine(id: "n", ago: 6, caller: "lms", status: 0).text)
    writer.write(batch(lines))
    writer.stop()
    let summary = try JournalReader(path: folder.journal, seconds: 10).summary(
      try TrafficQuery("since=1h", now: TestLine.now), now: TestLine.now)
    #expect(summary.isComplete)
    #expect(summary.groups.map(\.caller) == ["crm", "lms"])
    #expect(summary.groups.map(\.figures.calls) == [100, 3])
    #expect(summary.groups.map(\.figures.failed) == [0, 2])
    #expect(summary.groups.map(\.figures.refused) == [0, 1])
    #expect(summary.groups[0].figures.received == 1000)
    #expect(summary.groups[1].figures.waited == 2_000_000)
    for (fraction, seconds) in [(0.5, 0.5), (0.95, 0.95), (0.99, 0.99)] {
      let value = Double(summary.groups[0].figures.durations.percentile(fraction)) / 1_000_000
      #expect(abs(value - seconds) <= seconds * 0.07)
    }
    #expect(summary.calls.reduce(0, +) == 103)
    #expect(summary.failed.reduce(0, +) == 2)
    #expect(PlainJSON.read(Array(summary.json.utf8)) != nil)
    #expect(summary.durations.isEmpty && !summary.json.contains("\"p50\":["))
    #expect(summary.table(in: .unlimited).contains("lms"))
    #expect(
      summary.table(in: .unlimited).contains("▁") || summary.table(in: .unlimited).contains("█"))
  }
}
