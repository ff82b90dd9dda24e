import Foundation
import Memory
import Synchronization
import System
import Testing

@testable import TrafficLog

/// A temporary folder for a log, removed at the end.
private final class Folder {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("scorm-gateway-log-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  /// The lines of `name`. The part after the last line feed is a line too, unless it is empty.
  func lines(_ name: String) -> [String] {
    guard let data = FileManager.default.contents(atPath: file(name)) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

/// The lines `from..<to`, one number each.
private func lines(_ range: Range<Int>, padding: Int = 0) -> ByteBuffer {
  var buffer = ByteBuffer()
  for number in range {
    buffer.put(decimal: number)
    for _ in 0..<padding { buffer.put(UInt8(ascii: " ")) }
    buffer.put("\n")
  }
  return buffer
}

extension LogWriter {
  /// Passes on a copy of `lines`.
  fileprivate func write(_ lines: borrowing ByteBuffer) {
    var copy = ByteBuffer()
    copy.put(lines)
    write(&copy, count: lines.bytes.count(of: UInt8(ascii: "\n"), from: 0, to: lines.count))
  }
}

/// Notes when a writer is about to wait.
private let clock = TimeSource(Changes.clock())

/// Runs `body` off the cooperative pool, whose threads must not block.
private func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}

@Suite("The thread that writes the log")
struct LogWriterTests {
  @Test("every line arrives, whole and in order, once stop returns")
  func flushes() async throws {
    try await blocking {
      let folder = try Folder()
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      for batch in 0..<200 { writer.write(lines(batch * 10..<batch * 10 + 10)) }
      writer.write(ByteBuffer())
      writer.stop()
      #expect(folder.lines("log") == (0..<2000).map(String.init))
      #expect(writer.droppedLines == 0)
    }
  }

  @Test("what is written after the stop is counted as lost")
  func afterStop() async throws {
    try await blocking {
      let folder = try Folder()
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      writer.write(lines(0..<1))
      writer.stop()
      writer.stop()
      writer.write(lines(1..<4))
      #expect(writer.droppedLines == 3)
      #expect(folder.lines("log") == ["0"])
    }
  }

  @Test("lines of several threads are not mixed")
  func threads() async throws {
    try await blocking {
      let folder = try Folder()
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        for batch in 0..<100 {
          let first = thread * 1000 + batch * 10
          writer.write(lines(first..<first + 10))
        }
      }
      writer.stop()
      let written = folder.lines("log").compactMap { Int($0) }
      #expect(written.count == 4000)
      for thread in 0..<4 {
        let own = written.filter { $0 / 1000 == thread }
        #expect(own == Array(thread * 1000..<thread * 1000 + 1000))
      }
    }
  }

  @Test("an existing log is added to")
  func appends() async throws {
    try await blocking {
      let folder = try Folder()
      try Data("old\n".utf8).write(to: URL(fileURLWithPath: folder.file("log")))
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      writer.write(lines(0..<2))
      writer.stop()
      #expect(folder.lines("log") == ["old", "0", "1"])
    }
  }

  @Test("half a line that a killed process left does not spoil the first new one")
  func halfLine() async throws {
    try await blocking {
      let folder = try Folder()
      try Data("old\n{\"half".utf8).write(to: URL(fileURLWithPath: folder.file("log")))
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      writer.write(lines(0..<2))
      writer.stop()
      #expect(folder.lines("log") == ["old", "{\"half", "0", "1"])
    }
  }

  @Test("a rotation by renaming and reopening loses and tears nothing")
  func rotation() async throws {
    try await blocking {
      let folder = try Folder()
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      for round in 0..<20 {
        writer.write(lines(round * 10..<round * 10 + 10))
        try FileManager.default.moveItem(
          atPath: folder.file("log"), toPath: folder.file("log.\(round)"))
        writer.reopen()
        // The new file exists before anything is written to it.
        #expect(eventually { FileManager.default.fileExists(atPath: folder.file("log")) })
      }
      writer.write(lines(200..<205))
      writer.stop()
      let rotated = (0..<20).map { folder.lines("log.\($0)") }
      #expect(rotated.flatMap { $0 } + folder.lines("log") == (0..<205).map(String.init))
      #expect(folder.lines("log") == ["200", "201", "202", "203", "204"])
      #expect(writer.droppedLines == 0)
    }
  }

  @Test("when the new file cannot be opened, the old one goes on")
  func failedReopen() async throws {
    try await blocking {
      let folder = try Folder()
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      writer.write(lines(0..<1))
      try FileManager.default.moveItem(atPath: folder.file("log"), toPath: folder.file("log.1"))
      try FileManager.default.createDirectory(
        atPath: folder.file("log"), withIntermediateDirectories: false)
      writer.reopen()
      writer.write(lines(1..<3))
      writer.stop()
      #expect(folder.lines("log.1") == ["0", "1", "2"])
      #expect(writer.droppedLines == 0)
    }
  }

  @Test("a path that does not work stops the start")
  func badPath() throws {
    let folder = try Folder()
    #expect(throws: LogWriter.OpenError.self) {
      _ = try LogWriter(.file(path: folder.file("missing/log")), clock: clock)
    }
    do throws(LogWriter.OpenError) {
      _ = try LogWriter(.file(path: folder.file("missing/log")), clock: clock)
    } catch {
      #expect(error.description.contains("missing/log"))
    }
  }

  @Test("a full disk costs lines, which are counted, and nothing else")
  func fullDisk() async throws {
    try await blocking {
      let folder = try Folder()
      // Every write to it fails with ENOSPC.
      try FileManager.default.createSymbolicLink(
        atPath: folder.file("log"), withDestinationPath: "/dev/full")
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      writer.write(lines(0..<7))
      #expect(eventually { writer.droppedLines == 7 })
      writer.write(lines(7..<10))
      #expect(eventually { writer.droppedLines == 10 })
      try FileManager.default.removeItem(atPath: folder.file("log"))
      writer.reopen()
      #expect(eventually { FileManager.default.fileExists(atPath: folder.file("log")) })
      writer.write(lines(10..<12))
      writer.stop()
      #expect(folder.lines("log") == ["10", "11"])
      #expect(writer.droppedLines == 10)
    }
  }

  @Test("a folder that was removed costs lines until it is there again, and is told")
  func removedFolder() async throws {
    try await blocking {
      let folder = try Folder()
      let inner = folder.file("inner")
      try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
      let told = Told()
      let writer = try LogWriter(.file(path: inner + "/log"), clock: clock, tell: { told.add($0) })
      writer.write(lines(0..<2))
      #expect(eventually { writer.health.writtenLines == 2 })
      try FileManager.default.removeItem(atPath: inner)
      writer.write(lines(2..<5))
      #expect(eventually { writer.droppedLines == 3 })
      #expect(writer.health.failure?.contains("removed") == true)
      #expect(eventually { told.all.count == 1 })
      try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
      writer.write(lines(5..<7))
      #expect(eventually { writer.health.writtenLines == 4 && writer.health.failure == nil })
      writer.stop()
      #expect(folder.lines("inner/log") == ["5", "6"])
      #expect(told.all.count == 2 && told.all.last?.contains("written again; 3 lines") == true)
    }
  }

  @Test("a log in another format has the same number of lines")
  func formats() async throws {
    try await blocking {
      let folder = try Folder()
      let writer = try LogWriter(.file(path: folder.file("log")), format: .combined, clock: clock)
      writer.write(lines(0..<3))
      var line = ByteBuffer()
      line.put("{\"timestamp\":\"2026-11-24T07:01:33.579950Z\",\"request_id\":\"a\"}\n")
      writer.write(line)
      writer.stop()
      #expect(folder.lines("log").count == 4)
      #expect(folder.lines("log").last?.contains("[24/Nov/2026:07:01:33 +0000]") == true)
      #expect(writer.health.writtenLines == 4)
    }
  }

  private final class Told: Sendable {
    private let lines = Mutex<[String]>([])
    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
  }

  /// A pipe that the test reads, so that writes to it can be delayed and made to fail in the middle of a line.
  private final class Pipe {
    private let path: String
    private var descriptor: Int32 = -1

    init(_ path: String) {
      self.path = path
      // Writing without a reader must be an error and not end the process.
      _ = signal(SIGPIPE, SIG_IGN)
      _ = unsafe mkfifo(path, 0o600)
      open()
    }

    deinit { close() }

    func open() { descriptor = unsafe Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }

    func close() {
      if descriptor >= 0 { _ = Glibc.close(descriptor) }
      descriptor = -1
    }

    /// Reads at most `limit` bytes; none if none are available.
    func read(_ limit: Int) -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: limit)
      let count = unsafe Glibc.read(descriptor, &bytes, limit)
      return Array(bytes.prefix(max(0, count)))
    }

    /// Reads until `isEnough`, for at most ten seconds.
    func read(until isEnough: ([UInt8]) -> Bool) -> [UInt8] {
      var bytes: [UInt8] = []
      _ = eventually {
        bytes += read(65_536)
        return isEnough(bytes)
      }
      return bytes
    }
  }

  @Test("a FIFO that nobody reads is told at once, and does not hold up the start")
  func nobodyReads() async throws {
    try await blocking {
      let folder = try Folder()
      let path = folder.file("log")
      _ = unsafe mkfifo(path, 0o600)
      let error = #expect(throws: LogWriter.OpenError.self) {
        _ = try LogWriter(.file(path: path), clock: clock)
      }
      #expect("\(error.map { "\($0)" } ?? "")".contains("no process reads this FIFO"))
    }
  }

  @Test("a line that was cut short does not spoil the next one")
  func tornLine() async throws {
    try await blocking {
      let folder = try Folder()
      let pipe = Pipe(folder.file("log"))
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      // Lines of 1,000 bytes do not fit a pipe's pages evenly, so the write stops within a line.
      writer.write(lines(1000..<1200, padding: 995))
      var seen = pipe.read { $0.count >= 4096 }
      pipe.close()
      #expect(eventually { writer.droppedLines > 0 })
      pipe.open()
      writer.write(lines(2000..<2003))
      seen += pipe.read { $0.suffix(5).elementsEqual("2002\n".utf8) }
      writer.stop()
      let read = String(decoding: seen, as: UTF8.self).split(separator: "\n")
      #expect(read.suffix(3) == ["2000", "2001", "2002"])
      let whole = read.dropLast(3).filter { $0.utf8.count == 999 }.count
      #expect(whole + writer.droppedLines == 200, "every line is read or counted as lost")
    }
  }

  @Test("a reader that stopped costs lines beyond the bound, and never holds up a call")
  func slowReader() async throws {
    try await blocking {
      let folder = try Folder()
      let pipe = Pipe(folder.file("log"))
      let writer = try LogWriter(.file(path: folder.file("log")), clock: clock)
      // The thread is blocked with one batch. The next ones wait, up to the limit.
      let batch = lines(0..<1024, padding: 1019)
      writer.write(batch)
      #expect(eventually { !pipe.read(1).isEmpty })
      let fitting = LogWriter.maximumWaitingBytes / batch.count
      for _ in 0..<fitting { writer.write(batch) }
      #expect(writer.droppedLines == 0)
      for _ in 0..<3 { writer.write(batch) }
      #expect(writer.droppedLines == 3 * 1024)
      // Without its reader, the thread continues and loses what it has.
      pipe.close()
      writer.stop()
    }
  }
}
