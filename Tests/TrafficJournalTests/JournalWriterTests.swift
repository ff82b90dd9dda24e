import Foundation
import Memory
import Testing

@testable import TrafficJournal

@Suite("The thread that writes the journal", .ownThread)
struct JournalWriterTests {
  @Test("every record is in the file once stop returns, and counted")
  func writes() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    for part in 0..<20 {
      let lines = (0..<50).map { TestLine(id: "r\(part)-\($0)", ago: Double($0)).text }
      writer.write(batch(lines))
    }
    writer.stop()
    #expect(writer.statistics.written == 1000)
    #expect(writer.statistics.dropped == 0)
    #expect(try folder.count() == 1000)
    #expect(try folder.integrity() == "ok")
  }

  @Test("calls of the same microsecond are all kept, more than the counter has numbers for")
  func sameMicrosecond() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    for part in 0..<5 {
      writer.write(batch((0..<830).map { TestLine(id: "r\(part)-\($0)").text }))
    }
    // A slow machine takes longer than a stop waits.
    #expect(eventually(within: 60) { writer.statistics.written == 4_150 })
    writer.stop()
    #expect(try folder.count() == 4_150)
  }

  @Test("a torn line and other text are skipped and counted; what is whole goes in")
  func malformed() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    let whole = TestLine(id: "whole").text
    writer.write(
      batch([whole, String(whole.dropLast(20)), "", "[]", "{}", "{\"timestamp\":\"yesterday\"}"]))
    writer.stop()
    #expect(writer.statistics.written == 1)
    #expect(writer.statistics.droppedMalformed == 5)
    #expect(try folder.found("") == ["whole"])
  }

  @Test("lines that come after the stop are counted as lost")
  func afterStop() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.stop()
    writer.write(batch([TestLine().text, TestLine().text]))
    #expect(writer.statistics.droppedAtStop == 2)
  }

  @Test(
    "while another program holds the file, a bounded number of lines waits; the rest is counted as lost"
  )
  func held() throws {
    let folder = try JournalFolder()
    let told = Told()
    let writer = try folder.writer(told: told)
    let other = try Database(path: folder.journal, mode: .readWrite)
    try other.run("BEGIN EXCLUSIVE")
    let padding = String(repeating: "x", count: 1800)
    let lines = (0..<500).map { TestLine(id: "r\($0)", ago: Double($0), agent: padding).text }
    let part = batch(lines)
    let parts = JournalWriter.maximumWaitingBytes / part.count + 4
    for _ in 0..<parts { writer.write(part) }
    #expect(eventually { writer.statistics.failures > 0 })
    #expect(writer.statistics.waitingBytes <= JournalWriter.maximumWaitingBytes)
    #expect(writer.statistics.droppedQueueFull > 0)
    #expect(writer.statistics.written == 0)
    try other.run("COMMIT")
    #expect(eventually(within: 60) { writer.statistics.waitingBytes == 0 })
    writer.stop()
    let figures = writer.statistics
    #expect(figures.written + figures.droppedQueueFull == parts * 500)
    #expect(try folder.count() == Int64(figures.written))
    #expect(told.all.contains { $0.contains("records are lost") })
  }

  @Test("a stop does not wait for a file that another program holds, and counts what is lost")
  func stopWhileHeld() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    let other = try Database(path: folder.journal, mode: .readWrite)
    try other.run("BEGIN EXCLUSIVE")
    writer.write(batch([TestLine().text]))
    let began = ContinuousClock.now
    writer.stop(within: 1)
    #expect(began.duration(to: .now) < .seconds(5))
    #expect(writer.statistics.droppedAtStop == 1)
    try other.run("COMMIT")
  }

  @Test("old records are removed, others are not")
  func age() throws {
    let folder = try JournalFolder()
    let hour: Int64 = 3_600_000_000
    let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
    let shift = Double(TestLine.now - now) / 1_000_000
    let writer = try folder.writer(maxAge: hour)
    let ages = [10.0, 3_000, 3_700, 90_000]
    writer.write(
      batch(ages.map { TestLine(id: "r\(Int($0))", ago: $0 + shift, path: "/api/v2/x").text }))
    writer.stop()
    #expect(writer.statistics.removed == 2)
    #expect(try folder.found("", now: now) == ["r10", "r3000"])
    #expect(try folder.found("text=x", now: now) == ["r10", "r3000"])
    #expect(try folder.count() == 2)
  }

  @Test(
    "what waited for a block at the end of one gateway is removed by the next, though nothing is written"
  )
  func ageOfTheRest() throws {
    let folder = try JournalFolder()
    let limits = JournalLimits(maxAge: 60_000_000, maxSize: 1 << 30)
    let lines = batch([TestLine(id: "old", ago: 30).text])
    _ = try JournalFile.open(folder.journal, limits).file.insert(lines.bytes, writer: 1, counter: 0)
    let file = try JournalFile.open(folder.journal, limits).file
    #expect(try file.trim(now: TestLine.now) == (0, false))
    #expect(try folder.found("") == ["old"])
    #expect(try file.trim(now: TestLine.now + 60_000_000) == (1, false))
    #expect(try folder.count() == 0)
  }

  @Test("the file and its log stay within the size, the newest records in it, and searches go on")
  func size() throws {
    let folder = try JournalFolder()
    // The minimum that the configuration accepts.
    let limit: Int64 = 16 << 20
    let writer = try folder.writer(maxSize: limit)
    var largest: Int64 = 0
    for part in 0..<40 {
      let lines = (0..<250).map { number -> String in
        let order = part * 250 + number
        return TestLine(id: "r\(order)", ago: Double(100_000 - order), agent: noise(3_000)).text
      }
      writer.write(batch(lines))
      #expect(eventually { writer.statistics.written == (part + 1) * 250 })
      let file = FileFacts.size(folder.journal) ?? 0
      largest = max(largest, file + (FileFacts.size(folder.journal + "-wal") ?? 0))
    }
    writer.stop()
    #expect(writer.statistics.removed > 3_000)
    #expect(
      try folder.count() == Int64(writer.statistics.written - writer.statistics.removed))
    #expect(try folder.found("limit=1") == ["r9999"])
    #expect(try folder.found("id=r9999") == ["r9999"])
    #expect(try folder.found("id=r5").isEmpty)
    #expect(try folder.integrity() == "ok")
    #expect(largest <= limit, "\(largest)")
    #expect(largest > limit / 2, "it keeps what there is room for: \(largest)")
  }

  @Test("other users may not read it")
  func mode() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.write(batch([TestLine().text]))
    #expect(eventually { writer.statistics.written == 1 })
    for file in folder.files {
      let facts = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + file)
      #expect((facts[.posixPermissions] as? Int ?? 0o777) & 0o007 == 0, "\(file)")
    }
    #expect(folder.files.count == 3)
    writer.stop()
  }

  @Test("a journal that was longer than it may be now is made shorter")
  func shrinks() throws {
    let folder = try JournalFolder()
    let first = try folder.writer()
    for part in 0..<20 {
      first.write(
        batch(
          (0..<400).map {
            TestLine(id: "r\(part)-\($0)", ago: Double($0), agent: noise(2_000)).text
          }))
      // All at once would be more than may wait, and a slow machine takes longer than a stop waits.
      #expect(eventually(within: 60) { first.statistics.written == (part + 1) * 400 })
    }
    first.stop()
    let limit: Int64 = 4 << 20
    #expect((FileFacts.size(folder.journal) ?? 0) > 2 * limit)
    let second = try folder.writer(maxSize: limit)
    second.write(batch([TestLine(id: "new", ago: 0).text]))
    #expect(eventually { (FileFacts.size(folder.journal) ?? .max) <= limit })
    second.stop()
    #expect(try folder.found("id=new") == ["new"])
    #expect(try folder.integrity() == "ok")
  }
}
