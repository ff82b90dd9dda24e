import Foundation
import Histograms
import Memory
import Testing

@testable import TrafficJournal

@Suite("Calls in blocks", .ownThread)
struct JournalBlockTests {
  private static let limits = JournalLimits(maxAge: .max / 4, maxSize: 1 << 30)

  @Test("a call that began long ago and ended late stands where it began, across blocks and pages")
  func overlap() throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    // Every seventh call takes so long that it is written some blocks after those that began with it.
    let order = (0..<3_000).sorted {
      $0 - ($0 % 7 == 0 ? 0 : 900) < $1 - ($1 % 7 == 0 ? 0 : 900)
    }
    writer.write(
      batch(order.map { TestLine(id: "r\($0)", ago: Double($0), agent: noise(200)).text }))
    #expect(eventually(within: 60) { writer.statistics.written == 3_000 })
    writer.stop()
    let blocks = try Database(path: folder.journal, mode: .readOnly).integer(
      "SELECT count(*) FROM blocks")
    #expect(blocks > 3)
    var found: [String] = []
    var before: Int64?
    repeat {
      let page = try folder.search("limit=70" + (before.map { "&before=\($0)" } ?? ""))
      found += page.lines.compactMap { CallRecord(line: $0)?.requestID }
      before = page.next
    } while before != nil
    #expect(found == (0..<3_000).map { "r\($0)" })
  }

  @Test("statistics by blocks say what counting each call says", arguments: ["", "&status=2xx"])
  func statistics(filter: String) throws {
    let folder = try JournalFolder()
    let writer = try folder.writer()
    writer.write(
      batch(
        (0..<2_500).map {
          TestLine(
            id: "r\($0)", ago: Double($0), agent: noise(150), caller: "c\($0 % 5)",
            operation: "o\($0 % 3)", sent: 3, duration: Double($0) / 1_000
          ).text
        }))
    #expect(eventually(within: 60) { writer.statistics.written == 2_500 })
    writer.stop()
    // With a status in the query, the blocks' own counts cannot be used.
    let summary = try JournalReader(path: folder.journal, seconds: 10).summary(
      try TrafficQuery("since=1900s&until=100s" + filter, now: TestLine.now), now: TestLine.now)
    #expect(summary.all.figures.calls == 1_800)
    #expect(summary.all.figures.sent == 5_400)
    #expect(summary.groups.count == 15)
    #expect(summary.groups.allSatisfy { $0.figures.calls == 120 })
    #expect(summary.calls.reduce(0, +) == 1_800)
    #expect(summary.calls.allSatisfy { $0 == 30 || $0 == 29 || $0 == 31 || $0 == 0 || $0 > 20 })
    let middle = Double(summary.all.figures.durations.percentile(0.5)) / 1_000_000
    #expect(abs(middle - 1) < 0.07)
    // Over time, counted from the blocks' own counts or call by call.
    let series = try JournalReader(path: folder.journal, seconds: 10).summary(
      try TrafficQuery("since=1900s&until=100s" + filter, now: TestLine.now), now: TestLine.now,
      hasDurations: true)
    #expect(series.calls == summary.calls && series.all.figures.calls == 1_800)
    #expect(series.durations.map(\.total) == series.calls)
    #expect(PlainJSON.read(Array(series.json.utf8)) != nil && series.json.contains("\"p99\":["))
  }

  @Test("a transaction that had been done and seemed to fail is known when it is tried again")
  func onceOnly() throws {
    let folder = try JournalFolder()
    let file = try JournalFile.open(folder.journal, Self.limits).file
    let lines = batch((0..<700).map { TestLine(id: "r\($0)", ago: Double($0)).text })
    #expect(try file.insert(lines.bytes, writer: 7, counter: 100).written == 700)
    #expect(try file.insert(lines.bytes, writer: 7, counter: 100).written == 700)
    #expect(try folder.count() == 700)
    #expect(try file.insert(lines.bytes, writer: 8, counter: 100).written == 700)
    #expect(try folder.count() == 1_400)
  }

  @Test("two programs that write to one file keep each other's records")
  func twoWriters() throws {
    let folder = try JournalFolder()
    let first = try JournalFile.open(folder.journal, Self.limits).file
    let second = try JournalFile.open(folder.journal, Self.limits).file
    for part in 0..<20 {
      for (number, file) in [first, second].enumerated() {
        let lines = batch(
          (0..<40).map {
            TestLine(id: "w\(number)-\(part)-\($0)", ago: Double(part * 40 + $0), agent: noise(99))
              .text
          })
        _ = try file.insert(lines.bytes, writer: Int64(number + 1), counter: Int64(part * 40))
      }
    }
    #expect(try folder.count() == 1_600)
    #expect(Set(try folder.found("limit=1000") + folder.found("limit=1000&until=400s")).count > 999)
    for part in [0, 7, 19] {
      #expect(try folder.found("id=w0-\(part)-3") == ["w0-\(part)-3"])
      #expect(try folder.found("id=w1-\(part)-39") == ["w1-\(part)-39"])
    }
  }

  @Test("a journal of the version before is converted, and its records are found")
  func conversion() throws {
    let folder = try JournalFolder()
    do {
      let old = try Database(path: folder.journal, mode: .readWrite)
      try old.run(
        """
        PRAGMA journal_mode = WAL;
        CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        CREATE TABLE lines (id INTEGER PRIMARY KEY, line TEXT NOT NULL);
        PRAGMA application_id = \(JournalSchema.applicationID);
        PRAGMA user_version = 1;
        """)
      let add = try old.prepare("INSERT INTO lines (id, line) VALUES (?1, ?2)")
      for number in 1...2_500 {
        try add.bind(1, Int64(number))
        try add.bind(2, text: TestLine(id: "old\(number)", ago: Double(5_000 - number)).text)
        try add.runOnce()
      }
    }
    let told = Told()
    let writer = try folder.writer(told: told)
    writer.write(batch([TestLine(id: "new", ago: 1).text]))
    #expect(eventually(within: 60) { told.all.contains { $0.contains("has been converted") } })
    writer.stop()
    #expect(folder.files == ["traffic.sqlite"])
    #expect(try folder.count() == 2_501)
    #expect(try folder.found("limit=3") == ["new", "old2500", "old2499"])
    #expect(try folder.found("id=old1") == ["old1"])
  }

  @Test("a block whose bytes were changed is a damaged file, not wrong records")
  func damage() throws {
    let codec = BlockCodec()
    var builder = BlockBuilder()
    for number in 0..<50 {
      let line = Array(TestLine(id: "r\(number)").text.utf8)
      let bytes = line.span.bytesOfElements
      guard let fields = LineFields(bytes) else {
        Issue.record("no line")
        continue
      }
      let call = BlockCall(fields, of: bytes, names: [:])
      builder.add(call, bytes, fields, number: Int64(number + 1))
    }
    var contents = ByteBuffer()
    contents.put(builder.calls)
    contents.put(builder.lines)
    var packed = ByteBuffer()
    try codec.pack(contents.bytes, into: &packed)
    let good = packed.bytes.copied()
    let size = contents.count
    var block = OpenBlock()
    try block.open(
      good.span.bytesOfElements, count: 50, size: size, firstLine: 1, with: codec)
    #expect(block.entries.count == 50)
    #expect(CallRecord(line: block.line(block.entries[49]))?.requestID == "r49")
    #expect(throws: DatabaseError.self) {
      try block.open(good.span.bytesOfElements, count: 51, size: size, firstLine: 1, with: codec)
    }
    #expect(throws: DatabaseError.self) {
      try block.open(
        good.span.bytesOfElements, count: 50, size: size - 1, firstLine: 1, with: codec)
    }
    var random = SplitMix64(state: 20_261_129)
    for _ in 0..<2_000 {
      var bad = good
      for _ in 0...Int(random.next() % 3) {
        bad[Int(random.next() % UInt64(bad.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      let cut = Int(random.next() % 4) == 0 ? Int(random.next() % UInt64(bad.count)) : bad.count
      let damaged = Array(bad[..<cut])
      // Whatever it reads, it ends and does not trap.
      try? block.open(
        damaged.span.bytesOfElements, count: 50, size: size, firstLine: 1, with: codec)
    }
  }

  @Test(
    "a filter never says no of what it has, however small it was made, and seldom yes otherwise")
  func filter() {
    for count in [0, 1, 10, 200, 1_000, 3_000] {
      var filter = MemberFilter(bits: 1 << 15)
      let hashes = (0..<count).map {
        MemberFilter.hash(Array("id-\($0)".utf8).span.bytesOfElements)
      }
      for hash in hashes { filter.add(hash) }
      var stored = ByteBuffer()
      filter.put(into: &stored)
      #expect(hashes.allSatisfy { MemberFilter.mayHave($0, in: stored.bytes) })
      let others = (0..<2_000).count {
        MemberFilter.mayHave(
          MemberFilter.hash(Array("other-\($0)".utf8).span.bytesOfElements), in: stored.bytes)
      }
      // One in two hundred with twelve bits per member. The largest filter is fuller than that.
      if count <= 1_000 { #expect(others < 40, "\(count): \(others)") }
    }
  }

  @Test("numbers of any size are read as they were written")
  func numbers() {
    let values: [Int64] = [0, 1, 127, 128, 300, -1, .max, .min, 1 << 51, -65]
    var out = ByteBuffer()
    for value in values {
      out.put(varint: value)
      out.put(zigzag: value)
    }
    var reader = VarintReader(out.bytes)
    for value in values {
      #expect(reader.next() == value)
      #expect(reader.nextZigzag() == value)
    }
    let (isAtEnd, isDamaged) = (reader.isAtEnd, reader.isDamaged)
    #expect(isAtEnd && !isDamaged)
    _ = reader.next()
    let isDamagedNow = reader.isDamaged
    #expect(isDamagedNow)
  }
}
