import Foundation
import Memory
import Testing

@testable import TrafficJournal

@Suite("A journal file that was cut short", .ownThread)
struct JournalTornTests {
  private func filled(_ count: Int) throws -> JournalFolder {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.write(batch((0..<count).map { TestLine(id: "r\($0)", ago: Double($0)).text }))
    writer.stop()
    return folder
  }

  private func cut(_ path: String, to length: Int64) throws {
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.truncate(atOffset: UInt64(length))
    try file.close()
  }

  @Test("in its middle, between pages or within one: it is renamed, and a new one begun")
  func inTheMiddle() throws {
    for length: (Int64) -> Int64 in [{ $0 / 2 & ~4_095 }, { $0 / 2 | 1_000 }, { _ in 50 }] {
      let folder = try filled(2_000)
      let size = try #require(FileFacts.size(folder.journal))
      try cut(folder.journal, to: length(size))
      let told = Told()
      let writer = try folder.writer(told: told)
      writer.write(batch([TestLine(id: "after").text]))
      writer.stop()
      #expect(told.all.contains { $0.contains(".corrupt-") })
      #expect(writer.statistics.written == 1 && writer.statistics.setAside == 1)
      #expect(try folder.found("") == ["after"])
    }
  }

  @Test("to nothing: it is begun anew")
  func empty() throws {
    let folder = try filled(100)
    try cut(folder.journal, to: 0)
    let writer = try folder.writer()
    writer.write(batch([TestLine(id: "after").text]))
    writer.stop()
    #expect(writer.statistics.written == 1)
    #expect(try folder.found("") == ["after"])
  }

  @Test("anywhere: a search of it answers, or says that it cannot be read")
  func search() throws {
    let folder = try filled(2_000)
    let size = try #require(FileFacts.size(folder.journal))
    var refusals = 0
    for step in 0...23 {
      let length = size - Int64(step) * (size / 23)
      try cut(folder.journal, to: length)
      for question in ["", "id=r1999", "text=courses", "status=5xx"] {
        do throws(JournalError) {
          let query = try? TrafficQuery(question, now: TestLine.now)
          _ = try JournalReader(path: folder.journal, seconds: 10).search(query ?? TrafficQuery())
        } catch {
          refusals += 1
          #expect(error.description.contains("journal"))
        }
      }
    }
    #expect(refusals > 40)
  }

  @Test("in its write-ahead log, as a lost power does: what was written before the cut is there")
  func log() throws {
    let folder = try JournalFolder()
    let limits = JournalLimits(maxAge: .max / 4, maxSize: 1 << 30)
    var ends: [Int64] = []
    let copy = folder.path + "/copy.sqlite"
    do {
      let file = try JournalFile.open(folder.journal, limits).file
      for number in 0..<8 {
        let line = batch([TestLine(id: "r\(number)", ago: Double(8 - number)).text])
        _ = try file.insert(line.bytes, writer: 1, counter: Int64(number))
        ends.append(try #require(FileFacts.size(folder.journal + "-wal")))
      }
      // Copied while it is open, because the last connection to close would move the log into the file.
      try FileManager.default.copyItem(atPath: folder.journal, toPath: copy)
      try FileManager.default.copyItem(atPath: folder.journal + "-wal", toPath: copy + "-wal")
    }
    for written in stride(from: 7, through: 1, by: -1) {
      // Within the last transaction that must be lost.
      try cut(copy + "-wal", to: ends[written] - 1_000)
      let other = folder.path + "/cut-\(written).sqlite"
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(atPath: copy + suffix, toPath: other + suffix)
      }
      let file = try JournalFile.open(other, limits)
      #expect(file.setAside == nil)
      let page = try JournalReader(path: other, seconds: 10).search(TrafficQuery())
      #expect(
        page.lines.compactMap { CallRecord(line: $0)?.requestID }
          == (0..<written).reversed().map { "r\($0)" })
    }
  }

  @Test(
    "A file of another version is not searched; the answer says what to do",
    arguments: [(1, "run `serve` once with this version"), (1_000, "a later version")])
  func version(_ version: Int, says: String) throws {
    let folder = try filled(1)
    try Database(path: folder.journal, mode: .readWrite).run("PRAGMA user_version = \(version)")
    let error = #expect(throws: JournalError.self) {
      _ = try JournalReader(path: folder.journal, seconds: 1).search(TrafficQuery())
    }
    #expect(error?.description.contains(says) == true)
  }
}
