import EventLoop
import Foundation
import Testing

/// `check` finds what `serve` would stop at, with its place, and both use the same words.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(5)))
struct StartChecksTests {
  /// A valid configuration that cannot be started, and the line, key and words of the problem.
  struct Case: CustomStringConvertible, Sendable {
    let text: String
    let line: Int
    let key: String
    let words: String
    var description: String { key + ": " + words }

    init(_ text: String, _ line: Int, _ key: String, _ words: String) {
      self.text = text
      self.line = line
      self.key = key
      self.words = words
    }
  }

  /// `$` is replaced by a folder of the test.
  static let cases = [
    Case(
      "traffic: {journal: {path: $/none/traffic.sqlite}}", 4, "traffic.journal.path",
      "there is no folder $/none"),
    Case("traffic:\n  journal: {path: $}", 5, "traffic.journal.path", "it is a folder"),
    Case(
      "traffic: {journal: {path: $/file/traffic.sqlite}}", 4, "traffic.journal.path",
      "$/file is not a folder"),
    Case(
      "traffic: {journal: {path: $/socket}}", 4, "traffic.journal.path", "it is not a regular file"),
    Case(
      "traffic: {journal: {path: $/one}, log: {path: $/one}}", 4, "traffic.journal.path",
      "to the same file"),
    Case(
      "traffic: {log: {path: $/none/traffic.log}}", 4, "traffic.log.path",
      "there is no folder $/none"),
    Case("traffic: {log: {path: $}}", 4, "traffic.log.path", "it is a folder"),
    Case(
      "listen: [{address: \"unix:$/none/gateway.sock\"}]", 4, "listen[0].address",
      "there is no folder $/none"),
    Case(
      "listen:\n  - {address: \"127.0.0.1:0\"}\n  - {address: \"unix:$/file\"}", 6,
      "listen[1].address", "is not a socket"),
    Case(
      "admin: {address: \"unix:$/none/admin.sock\"}", 4, "admin.address",
      "there is no folder $/none"),
    // RFC 5737: addresses for documentation, which no machine has.
    Case(
      "listen: [{address: \"192.0.2.1:8080\", allowRemote: true}]", 4, "listen[0].address",
      "this machine does not have the address"),
    Case(
      "admin: {address: \"192.0.2.1:9901\", allowRemote: true}", 4, "admin.address",
      "this machine does not have the address"),
    Case(
      "upstream: {caFile: $/file}", 4, "upstream.caFile", "cannot read certificates from $/file"),
  ]

  private static func folder() throws -> OwnFolder {
    let folder = try OwnFolder()
    try folder.write("no certificate\n", to: "file")
    try folder.write("sandbox-secret", to: "secret")
    return folder
  }

  private static let head = """
    apps:
      - {name: main, id: A, secret: {file: secret}}

    """

  @Test(
    "check tells each refusal of a start with its place, and serve tells the same", arguments: cases
  )
  func twins(of case: Case) throws {
    let folder = try Self.folder()
    let socket = try ListeningSocket(unixPath: folder.path + "/socket", mode: 0o600)
    defer { withExtendedLifetime(socket) {} }
    let text = (Self.head + "\n" + `case`.text).replacing("$", with: folder.path)
    let file = folder.path + "/gateway.yaml"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    let expected = "\(file):\(`case`.line):"
    let words = `case`.words.replacing("$", with: folder.path)
    var told: [String] = []
    for (command, code) in [("check", 78), ("serve", 1)] as [(String, Int32)] {
      let (status, output, errors) = try Command.run([command, "-c", file])
      #expect(status == code && output.isEmpty, "\(command): \(errors)")
      let line = try #require(
        errors.split(separator: "\n").first {
          $0.contains(expected) && $0.contains(`case`.key) && !$0.hasPrefix("warning:")
        },
        "\(command): \(errors)")
      #expect(line.contains(words), "\(line)")
      told.append(String(line))
    }
    // The serving process adds time and level in front.
    #expect(told[1].hasSuffix(" error " + told[0]))
  }

  @Test("A problem of a variable's value names the variable")
  func variable() throws {
    let (code, _, errors) = try Command.run(
      ["check"],
      [
        "SCORM_APP_ID": "A", "SCORM_SECRET_KEY": "s",
        "SCORM_GATEWAY_TRAFFIC_LOG_PATH": "/nonexistent/folder/log",
      ])
    #expect(code == 78)
    #expect(
      errors.contains("environment variable SCORM_GATEWAY_TRAFFIC_LOG_PATH: traffic.log.path:"))
  }

  @Test(
    "What another process may change at any moment is no problem: a port in use, a socket in use")
  func inUse() throws {
    let folder = try Self.folder()
    let socket = try ListeningSocket(unixPath: folder.path + "/socket", mode: 0o600)
    defer { withExtendedLifetime(socket) {} }
    let taken = try HostileUpstream([])
    defer { taken.stop() }
    let file = folder.path + "/gateway.yaml"
    try
      (Self.head
      + "admin: {address: 127.0.0.1:\(taken.port)}\nlisten: [{address: \"unix:\(folder.path)/socket\"}]")
      .write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try Command.run(["check", "-c", file]).exitCode == 0)
  }

  @Test("check leaves nothing behind: no journal, no log, no socket")
  func leavesNothing() throws {
    let folder = try Self.folder()
    let file = folder.path + "/gateway.yaml"
    try
      (Self.head
      + "listen: [{address: \"unix:\(folder.path)/gateway.sock\"}]\n"
      + "traffic: {log: {path: traffic.log}, journal: {path: traffic.sqlite}}")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let before = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    #expect(try Command.run(["check", "-c", file]).exitCode == 0)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == before)
  }
}
