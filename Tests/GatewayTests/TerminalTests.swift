import Foundation
import Glibc
import Testing

/// The output of commands on a terminal.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct TerminalTests {
  /// Runs a command whose standard output is a terminal with this many columns.
  private func run(
    _ arguments: [String], columns: Int, _ environment: [String: String] = [:]
  ) throws -> String {
    // Proof: the path is a C string for the call.
    let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
    try #require(terminal >= 0)
    let reading = FileHandle(fileDescriptor: terminal, closeOnDealloc: true)
    // As in unlockpt and ptsname, which Swift's Glibc lacks: ioctl_tty(2).
    let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
    var (number, isLocked): (Int32, Int32) = (0, 0)
    var size: [UInt16] = [24, UInt16(columns), 0, 0]
    // Proof: each pointer refers to as many bytes as its call reads or writes: ioctl_tty(2).
    let results = unsafe [
      ioctl(terminal, unlock, &isLocked), ioctl(terminal, getNumber, &number),
      ioctl(terminal, UInt(TIOCSWINSZ), &size),
    ]
    try #require(results == [0, 0, 0])
    let process = Process()
    process.executableURL = Command.program
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/pts/\(number)")
    try process.run()
    (process.standardOutput as? FileHandle)?.closeFile()
    // Reading a terminal fails once no process has its other end open.
    var output: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      // Proof: the array's own bytes, lent for the call.
      let count = unsafe read(terminal, &part, part.count)
      guard count > 0 else { break }
      output += part[..<count]
    }
    process.waitUntilExit()
    withExtendedLifetime(reading) {}
    return String(decoding: output, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
  }

  private func widest(_ text: String) -> Int {
    text.split(separator: "\n").map(\.count).max() ?? 0
  }

  @Test("A table fits the terminal; --wide shows all of it, and so does a file")
  func tables() throws {
    let narrow = try run(["operations"], columns: 70)
    #expect(widest(narrow) <= 70 && narrow.contains("Columns left out: "), "\(narrow.prefix(500))")
    let wide = try run(["operations", "--wide"], columns: 70)
    #expect(widest(wide) > 150 && !wide.contains("Columns left out: "))
    #expect(try run(["operations"], columns: 300) == wide)
    #expect(try run(["operations"], columns: 300, ["COLUMNS": "70"]) == narrow)
    #expect(try Command.run(["operations"], ["COLUMNS": "70"]).output == wide)
  }

  static let commands = [
    "", "demo", "serve", "sandbox", "sandbox env", "sandbox coverage", "check", "explain",
    "operations", "tokens", "tokens show", "tokens renew", "tokens drop", "limits", "limits show",
    "limits simulate", "traffic", "traffic search", "traffic follow", "traffic show",
    "traffic stats", "traffic replay", "traffic import", "healthcheck",
  ]

  @Test("Help is broken where the terminal ends, and nowhere else", arguments: commands)
  func help(command: String) throws {
    let arguments = command.split(separator: " ").map(String.init) + ["--help"]
    let narrow = try Command.run(arguments, ["COLUMNS": "64"]).output
    // Examples are not wrapped, so that they can be copied.
    let long = narrow.split(separator: "\n").filter {
      $0.count > 64 && !$0.contains("  scorm-gateway ")
    }
    #expect(long == [])
    let wide = try Command.run(arguments, ["COLUMNS": "5000"]).output
    let overview = wide.components(separatedBy: "USAGE:")[0]
    for paragraph in overview.components(separatedBy: "\n\n") {
      let lines = paragraph.split(separator: "\n").filter { !$0.hasPrefix("  ") }
      #expect(lines.count <= 1, "\(lines)")
    }
  }
}
