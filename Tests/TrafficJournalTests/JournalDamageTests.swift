import Foundation
import Memory
import Testing

@testable import TrafficJournal

@Suite("A journal file that cannot be used", .ownThread)
struct JournalDamageTests {
  private func fill(_ folder: JournalFolder, _ count: Int = 500) throws {
    let writer = try folder.writer()
    writer.write(batch((0..<count).map { TestLine(id: "r\($0)", ago: Double($0)).text }))
    writer.stop()
  }

  private func overwrite(_ folder: JournalFolder, at offset: UInt64, _ bytes: [UInt8]) throws {
    let file = try #require(FileHandle(forUpdatingAtPath: folder.journal))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data(bytes))
    try file.close()
  }

  private func checkSetAside(_ folder: JournalFolder) throws {
    let told = Told()
    let writer = try folder.writer(told: told)
    writer.write(batch([TestLine(id: "after").text]))
    writer.stop()
    #expect(writer.statistics.setAside == 1)
    #expect(writer.statistics.written == 1)
    #expect(folder.files.filter { $0.contains(".corrupt-") }.count >= 1)
    #expect(told.all.contains { $0.contains(".corrupt-") })
    #expect(try folder.found("") == ["after"])
    #expect(try folder.integrity() == "ok")
  }

  @Test("a damaged header: it is renamed, and a new one begun")
  func header() throws {
    let folder = try JournalFolder()
    try fill(folder)
    try overwrite(folder, at: 0, Array(repeating: 0x5A, count: 100))
    try checkSetAside(folder)
  }

  @Test("a damaged page: it is renamed, and a new one begun")
  func page() throws {
    let folder = try JournalFolder()
    try fill(folder)
    try overwrite(folder, at: 3 * 4096, Array(repeating: 0x5A, count: 4096 * 4))
    try checkSetAside(folder)
  }

  @Test("text in its place: it is renamed, and a new one begun")
  func text() throws {
    let folder = try JournalFolder()
    try String(repeating: "no database at all\n", count: 500).write(
      toFile: folder.journal, atomically: true, encoding: .utf8)
    try checkSetAside(folder)
  }

  @Test("another program's database: it is renamed, whole, and a new one begun")
  func foreign() throws {
    let folder = try JournalFolder()
    do {
      let other = try Database(path: folder.journal, mode: .readWrite)
      try other.run("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (42)")
    }
    try checkSetAside(folder)
    let name = try #require(folder.files.first { $0.contains(".corrupt-") })
    let kept = try Database(path: folder.path + "/" + name, mode: .readOnly)
    #expect(try kept.integer("SELECT a FROM theirs") == 42)
  }

  @Test("one that a later version wrote: it is renamed, and a new one begun")
  func later() throws {
    let folder = try JournalFolder()
    try fill(folder, 1)
    do {
      let other = try Database(path: folder.journal, mode: .readWrite)
      try other.run("PRAGMA user_version = 1000")
    }
    try checkSetAside(folder)
  }

  @Test("damage that shows while it is written: it is renamed, and the lines go into the new one")
  func whileWriting() throws {
    let folder = try JournalFolder()
    let told = Told()
    let writer = try folder.writer(told: told)
    writer.write(batch((0..<2000).map { TestLine(id: "r\($0)", ago: Double($0)).text }))
    #expect(eventually { writer.statistics.written == 2000 })
    // The writer reads cached pages again once another connection has changed the file.
    do {
      let other = try Database(path: folder.journal, mode: .readWrite)
      try other.run("PRAGMA writable_schema = RESET")
      // A connection that has read nothing does not know about the log.
      _ = try other.integer("PRAGMA user_version")
      #expect(
        eventually {
          try? other.checkpoint()
          return FileFacts.size(folder.journal + "-wal") == 0
        })
    }
    let pages = Int((FileFacts.size(folder.journal) ?? 0) / 4096)
    try overwrite(folder, at: 4096, Array(repeating: 0x5A, count: (pages - 1) * 4096))
    do {
      // A page that other connections must read again.
      let other = try Database(path: folder.journal, mode: .readWrite)
      try? other.run("PRAGMA user_version = 0")
      try? other.run("PRAGMA user_version = \(JournalSchema.version)")
      try? other.run("CREATE TABLE changed (a)")
    }
    writer.write(batch((0..<10).map { TestLine(id: "after\($0)", ago: 0).text }))
    #expect(eventually { writer.statistics.written == 2010 })
    writer.stop()
    #expect(writer.statistics.dropped == 0)
    #expect(writer.statistics.setAside == 1)
    #expect(try folder.integrity() == "ok")
  }

  @Test("a folder that is not there stops the start, with the reason")
  func noFolder() throws {
    let error = #expect(throws: JournalError.self) {
      try JournalWriter(
        path: "/nonexistent/traffic.sqlite", limits: JournalLimits(maxAge: 1, maxSize: 1 << 20),
        tell: { _ in })
    }
    #expect(error?.description.contains("/nonexistent/traffic.sqlite") == true)
  }

  @Test(
    "a disk that fails or is full at the start stops nothing; a path that cannot be does",
    arguments: [
      // SQLITE_FULL, SQLITE_IOERR and its variants for fsync, write and read.
      (13, true), (10, true), (1034, true), (778, true), (266, true),
      // SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_PERM, SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_ERROR.
      (14, false), (8, false), (3, false), (5, false), (11, false), (1, false),
    ] as [(Int32, Bool)])
  func faultsOfTheDisk(code: Int32, isOfTheDisk: Bool) {
    #expect(DatabaseError(code: code, message: "").isOfTheDisk == isOfTheDisk)
  }

  @Test(
    "a name with signs that mean something in a URI is a name", arguments: ["a?b#c%41.db", "ü.db"])
  func names(name: String) throws {
    let folder = try JournalFolder()
    let writer = try JournalWriter(
      path: folder.path + "/" + name, limits: JournalLimits(maxAge: .max / 4, maxSize: 1 << 30),
      tell: { _ in })
    writer.write(batch([TestLine().text]))
    writer.stop()
    #expect(folder.files == [name])
  }
}
