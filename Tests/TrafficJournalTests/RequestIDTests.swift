import Foundation
import Memory
import Testing

@testable import TrafficJournal

@Suite("The call with a request id", .ownThread)
struct RequestIDTests {
  private func filled(_ lines: [TestLine]) throws -> JournalFolder {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.write(batch(lines.map(\.text)))
    #expect(eventually(within: 60) { writer.statistics.written == lines.count })
    writer.stop()
    return folder
  }

  @Test("is found in whichever block it is, and in none; a time that it is not in hides it")
  func blocks() throws {
    let folder = try filled(
      (0..<2_500).map { TestLine(id: "r\($0)", ago: Double(5_000 - $0), agent: noise(200)) })
    let database = try Database(path: folder.journal, mode: .readOnly)
    #expect(try database.integer("SELECT count(*) FROM blocks") > 3)
    #expect(try database.integer("SELECT count(*) FROM recent") > 0)
    for number in [0, 1, 700, 1_499, 2_498, 2_499] {
      #expect(try folder.found("id=r\(number)") == ["r\(number)"])
      #expect(try folder.found("id=r\(number)&since=\(5_001 - number)s") == ["r\(number)"])
      #expect(try folder.found("id=r\(number)&since=\(4_999 - number)s") == [])
      #expect(try folder.found("id=r\(number)&until=\(5_001 - number)s") == [])
    }
    #expect(try folder.found("id=r2500") == [])
    let reader = try JournalReader(path: folder.journal, seconds: 10)
    let summary = try reader.summary(
      try TrafficQuery("id=r700", now: TestLine.now), now: TestLine.now)
    #expect(summary.all.figures.calls == 1)
  }

  @Test(
    "is found though the log escapes what is in it, or what is beside it",
    arguments: [("a\\\"b", "a%22b"), ("a\\\\b", "a%5Cb"), ("\\u0041\u{FC}", "A%C3%BC")])
  func escapes(inLine: String, asked: String) throws {
    let folder = try filled([
      TestLine(id: inLine), TestLine(id: "other", agent: "\\\"a\\\""), TestLine(id: "A"),
    ])
    #expect(try folder.found("id=" + asked) == [inLine])
    #expect(try folder.found("id=other") == ["other"])
    // Text elsewhere in a line is not a request id.
    #expect(try folder.found("id=crm") == [])
  }

  @Test(
    "is found in a block whose filter is one for all request ids; removing the block removes its filters"
  )
  func wholeFilter() throws {
    let folder = try filled((0..<900).map { TestLine(id: "r\($0)", agent: noise(200)) })
    do {
      let file = try Database(path: folder.journal, mode: .readWrite)
      // The first block's filter, changed to one that may contain anything.
      try file.run("DELETE FROM request_ids WHERE id & 0xFFFFFFFFFF = 1")
      try file.run("INSERT INTO request_ids (id, filter) VALUES (1, x'FFFFFFFFFFFFFFFF')")
      #expect(try file.integer("SELECT count(*) FROM request_ids") > 4)
    }
    for number in [0, 5, 899] { #expect(try folder.found("id=r\(number)") == ["r\(number)"]) }
    let limits = JournalLimits(maxAge: 1_000_000, maxSize: 1 << 30)
    let file = try JournalFile.open(folder.journal, limits).file
    while try file.trim(now: TestLine.now).more {}
    #expect(try folder.count() == 0)
    #expect(try file.database.integer("SELECT count(*) FROM request_ids") == 0)
  }

  @Test("is found in a file whose blocks have the index of before, which is replaced")
  func olderIndex() throws {
    let folder = try filled((0..<900).map { TestLine(id: "r\($0)", agent: noise(200)) })
    do {
      let file = try Database(path: folder.journal, mode: .readWrite)
      try file.run("DROP INDEX blocks_time; CREATE INDEX blocks_last ON blocks (last)")
    }
    #expect(try folder.found("id=r5") == ["r5"])
    try folder.writer().stop()
    let file = try Database(path: folder.journal, mode: .readOnly)
    let indexes = try file.prepare("SELECT name FROM sqlite_master WHERE tbl_name = 'blocks'")
    var names: [String] = []
    while try indexes.step() { names.append(String(decoding: indexes.text(0), as: UTF8.self)) }
    #expect(names.sorted() == ["blocks", "blocks_time"])
    #expect(try folder.found("id=r5") == ["r5"])
  }
}
