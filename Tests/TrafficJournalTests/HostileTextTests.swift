import Foundation
import JSONText
import Memory
import System
import Testing

@testable import TrafficJournal
@testable import TrafficLog

@Suite("Text that a caller chose", .ownThread)
struct HostileTextTests {
  /// Possible bytes in paths and user agents.
  static let hostile: [[UInt8]] = [
    Array("\u{1B}[31m\u{1B}]0;title\u{07}".utf8), Array("\"quotes\" 'and' `more` \\ $(id)".utf8),
    Array("%0a%0d%00".utf8), [0x0A, 0x0D, 0x00, 0x7F, 0x85],
    [0xFF, 0xFE, 0xC0, 0xAF, 0xED, 0xA0, 0x80],
    Array("\u{2028}\u{2029}\u{202E}gnp.exe\u{200B}".utf8),
    Array(repeating: UInt8(ascii: "A"), count: 8192),
    Array("</script><script>alert(1)</script>".utf8), Array("\u{9B}31m\u{90}q".utf8),
    Array("😀 ünï ﷽".utf8), Array("'; rm -rf ~; '".utf8), Array("{\"timestamp\":\"".utf8),
  ]

  /// A line as the gateway writes it.
  private static func line(path: [UInt8], agent: [UInt8], id: String) -> [UInt8] {
    let method = Array("GET".utf8)
    var out = ByteBuffer()
    TrafficLine.open(into: &out)
    out.put("2026-11-24T11:59:00.")
    TrafficLine.putMicrosecond(1, into: &out)
    out.put(text: id)
    TrafficLine.openAddress(of: "gw-1", into: &out)
    out.put("127.0.0.1")
    let query = Array("more=CANARY-MORE&a=".utf8) + path
    TrafficLine.putRequest(
      method: method.span.bytesOfElements, path: path.span.bytesOfElements,
      query: query.span.bytesOfElements, into: &out)
    TrafficLine.putUserAgent(agent.span.bytesOfElements, into: &out)
    TrafficLine.putPlan(
      caller: "crm", app: "main", operation: "GetCourses", credential: "token",
      scope: "read:course",
      into: &out)
    var ending = TrafficLine.Ending()
    ending.status = 200
    TrafficLine.putEnding(ending, hasAttempts: false, into: &out)
    return Array(out.bytes.copied().dropLast())
  }

  private static func isHarmless(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
      $0 == "\n"
        || $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0x2028
          && $0.value != 0x2029 && $0.value != 0x202E && $0.value != 0x200B
    }
  }

  @Test(
    "is in the journal as it is in the log, and every form it is shown in is whole",
    arguments: hostile)
  func forms(bytes: [UInt8]) throws {
    let folder = try JournalFolder()
    let path = Array("/api/v2/courses/".utf8) + bytes
    let line = HostileTextTests.line(path: path, agent: bytes, id: "hostile")
    let writer = try folder.writer()
    writer.write(batch([String(decoding: line, as: UTF8.self)]))
    writer.stop()
    #expect(writer.statistics.written == 1)
    let found = try folder.search("id=hostile").lines
    #expect(found == [line])
    let record = try #require(CallRecord(line: line))
    // Tables and details do not move a cursor.
    #expect(HostileTextTests.isHarmless(TrafficTable.table([record]).text(in: .unlimited)))
    #expect(HostileTextTests.isHarmless(TrafficTable.details(record, in: .unlimited)))
    // The command is one line and one command: the shell passes the URL to curl unchanged.
    let command = try #require(CurlCommand.text(record, gateway: "http://127.0.0.1:8080"))
    #expect(HostileTextTests.isHarmless(command))
    #expect(!command.contains("\n"))
    let words = try HostileTextTests.shellWords(command)
    #expect(words.first == "curl")
    #expect(words.last == "http://127.0.0.1:8080" + record.target)
    #expect(words.count == 6)
    #expect(record.target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    // The archive and the answer are strict JSON.
    let archive = HARDocument.text([record], gateway: "http://127.0.0.1:8080", version: "1")
    #expect(PlainJSON.read(Array(archive.utf8)) != nil)
    try HARStructure.check(Data(archive.utf8))
    let pages = JournalPages(
      path: folder.journal, timeLimit: 5, gateway: "http://127.0.0.1:8080", version: "1")
    let answer = try #require(pages.answer("/api/traffic", query: ""))
    #expect(PlainJSON.read(Array(answer.body.utf8)) != nil)
    #expect(TrafficAnswer(answer.body).records.count == 1)
    for text in [answer.body, archive, command, TrafficTable.details(record, in: .unlimited)] {
      #expect(!text.contains("CANARY-MORE"))
    }
  }

  /// The words into which a shell splits `command`.
  private static func shellWords(_ command: String) throws -> [String] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "printf '%s\\n' \(command)"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test("the plain text of a JSON string is what went in", arguments: hostile)
  func roundTrip(bytes: [UInt8]) {
    var out = ByteBuffer()
    out.put(escapingForJSON: bytes.span.bytesOfElements)
    let plain = JSONString.text(of: out.bytes)
    #expect(
      String(decoding: plain, as: UTF8.self).unicodeScalars.filter { $0 != "\u{FFFD}" }
        == String(decoding: bytes, as: UTF8.self).unicodeScalars.filter { $0 != "\u{FFFD}" })
  }

  @Test(
    "escapes of every kind are read, and what is none stays",
    arguments: [
      (#"a\"b\\c\/d\b\f\n\r\t"#, "a\"b\\c/d\u{8}\u{C}\n\r\t"),
      (#"\u00e9\u20AC\ud83d\ude00"#, "é€😀"),
      (#"\ud83dx"#, "\u{FFFD}x"), (#"\ude00"#, "\u{FFFD}"), (#"\u12"#, "u12"), ("\\", "\\"),
      ("", ""),
    ])
  func escapes(inside: String, plain: String) {
    #expect(String(decoding: CallRecord.plain(inside), as: UTF8.self) == plain)
  }
}
