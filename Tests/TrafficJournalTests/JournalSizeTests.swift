import Foundation
import Memory
import Testing

@testable import TrafficJournal

@Suite("The room that a journal takes", .ownThread)
struct JournalSizeTests {
  /// The minimum that the configuration accepts.
  private static let maxSize: Int64 = 16 << 20
  private static let limits = JournalLimits(maxAge: .max / 4, maxSize: maxSize)

  /// The largest sizes of the files.
  private struct Largest {
    var log: Int64 = 0
    var sum: Int64 = 0

    mutating func look(at folder: JournalFolder) {
      let log = FileFacts.size(folder.journal + "-wal") ?? 0
      self.log = max(self.log, log)
      sum = max(
        sum,
        log + (FileFacts.size(folder.journal) ?? 0) + (FileFacts.size(folder.journal + "-shm") ?? 0)
      )
    }
  }

  /// `count` lines, each with a request id that looks random, the oldest first.
  private func lines(_ count: Int, from first: Int, padding: Int) -> ByteBuffer {
    batch(
      (first..<first + count).map {
        TestLine(id: UUID().uuidString, ago: Double(1_000_000 - $0), agent: noise(padding)).text
      })
  }

  @Test(
    "many small transactions: the write-ahead log stays within its quarter, all files within the size"
  )
  func smallTransactions() throws {
    let folder = try JournalFolder()
    let file = try JournalFile.open(folder.journal, Self.limits).file
    var largest = Largest()
    var removed = 0
    for number in 0..<9_000 {
      let line = lines(1, from: number, padding: 2_000)
      let insertion = try file.insert(line.bytes, writer: 1, counter: Int64(number))
      #expect(insertion.written == 1)
      largest.look(at: folder)
      removed += try file.trim(now: TestLine.now).removed
      largest.look(at: folder)
    }
    #expect(largest.log <= Self.maxSize / 4, "\(largest)")
    #expect(largest.sum <= Self.maxSize, "\(largest)")
    #expect(removed > 0)
    #expect(try folder.integrity() == "ok")
  }

  @Test(
    "transactions as large as they get, after small records too: log and files stay within their bounds",
    arguments: [0, 3_000, 60_000])
  func largeTransactions(padding: Int) throws {
    let folder = try JournalFolder()
    let file = try JournalFile.open(folder.journal, Self.limits).file
    var largest = Largest()
    var number = 0
    func write(_ bytes: Int, padding: Int) throws {
      let end = number + bytes / (padding + 300)
      while number < end {
        var waiting = lines(min(1_200, end - number), from: number, padding: padding)
        while !waiting.isEmpty {
          let insertion = try file.insert(waiting.bytes, writer: 1, counter: Int64(number))
          waiting.consume(insertion.bytes)
          number += insertion.written
          largest.look(at: folder)
          _ = try file.trim(now: TestLine.now)
          largest.look(at: folder)
        }
      }
    }
    try write(8 << 20, padding: 0)
    try write(24 << 20, padding: padding)
    #expect(largest.log <= Self.maxSize / 4, "\(largest)")
    #expect(largest.sum <= Self.maxSize, "\(largest)")
    #expect(try folder.integrity() == "ok")
  }

  @Test(
    "a reader that never ends: nothing is added beyond the bounds; what waits is written once it is gone"
  )
  func longReader() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer(maxSize: Self.maxSize)
    writer.write(lines(10, from: 0, padding: 0))
    #expect(eventually { writer.statistics.written == 10 })
    var largest = Largest()
    do {
      let reader = try Database(path: folder.journal, mode: .readOnly)
      let rows = try reader.prepare("SELECT id FROM recent")
      #expect(try rows.step())
      for part in 0..<8 {
        writer.write(lines(500, from: 10 + part * 500, padding: 1_500))
        #expect(
          eventually {
            largest.look(at: folder)
            return writer.statistics.waitingBytes == 0 || !writer.statistics.isWell
          })
      }
      #expect(
        eventually {
          largest.look(at: folder)
          return !writer.statistics.isWell && writer.statistics.waitingBytes > 0
        })
      #expect(writer.statistics.lastError?.contains("a reader of the journal") == true)
      #expect(writer.statistics.dropped == 0)
      #expect(largest.log <= Self.maxSize / 4, "\(largest)")
      #expect(largest.sum <= Self.maxSize, "\(largest)")
    }
    #expect(eventually(within: 60) { writer.statistics.written == 4_010 })
    writer.stop()
    #expect(writer.statistics.dropped == 0)
    largest.look(at: folder)
    #expect(largest.log <= Self.maxSize / 4, "\(largest)")
    #expect(largest.sum <= Self.maxSize, "\(largest)")
  }

  @Test("the log is moved into the file in a quiet moment")
  func quietMoment() throws {
    let folder = try JournalFolder()
    let file = try JournalFile.open(folder.journal, Self.limits).file
    _ = try file.insert(lines(10, from: 0, padding: 0).bytes, writer: 1, counter: 0)
    #expect(FileFacts.size(folder.journal + "-wal") ?? 0 > 0)
    try file.settle()
    #expect(FileFacts.size(folder.journal + "-wal") == 0)
  }
}
