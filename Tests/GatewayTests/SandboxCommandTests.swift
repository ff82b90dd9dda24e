import Configuration
import Foundation
import Sandbox
import System
import Testing

@testable import Gateway

/// `scorm-gateway sandbox`, as CI jobs run it.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct SandboxCommandTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let examples = root.appendingPathComponent("config/examples")

  /// Starts a sandbox on a free port, and returns the command and the sandbox's address.
  private func start(_ options: [String] = []) throws -> (Command, String) {
    let file = NSTemporaryDirectory() + "sandbox-port-\(UUID().uuidString)"
    let command = try Command(
      ["sandbox", "--listen", "127.0.0.1:0", "--port-file", file] + options)
    try #require(eventually { command.output.contains("\nready\n") }, "\(command.errors)")
    return (command, file)
  }

  @Test(
    "Two run side by side on ports of their own, say ready, name them in a file, and end with 0")
  func sideBySide() throws {
    let (first, firstFile) = try start(["--clock", "frozen@2026-01-01T00:00:00Z"])
    let (second, secondFile) = try start()
    let ports = try [firstFile, secondFile].map { file in
      try #require(
        UInt16(try String(contentsOfFile: file, encoding: .utf8).filter(\.isNumber)))
    }
    #expect(ports[0] != ports[1])
    let clock = try Wire(port: ports[0]).call("GET", "/sandbox/clock")
    #expect(clock.json["now"] as? String == "2026-01-01T00:00:00.000Z")
    let (code, output, _) = try Command.run(["sandbox", "env", "--port-file", secondFile])
    #expect(code == 0)
    #expect(output.contains("export SCORM_CLOUD_URL='http://127.0.0.1:\(ports[1])/api/v2'\n"))
    #expect(output.split(separator: "\n").allSatisfy { $0.hasPrefix("export ") })
    for command in [first, second] {
      command.signal(SIGTERM)
      #expect(command.exitCode == 0)
    }
    #expect(!FileManager.default.fileExists(atPath: firstFile))
    let gone = try Command.run(["sandbox", "env", "--port-file", firstFile])
    #expect(gone.exitCode == 1 && gone.errors.contains("--port-file"))
  }

  @Test("A seed with mistakes ends with 78, and every mistake has its line and column")
  func seedMistakes() throws {
    let seed = try TemporaryFile(
      """
      applications:
        - id: A
          courses:
            - id: golf
            - {id: golf, titel: x}
            - id: 007
        - secret: s
      colour: red

      """)
    let (code, _, errors) = try Command.run(["sandbox", "--seed", seed.path])
    #expect(code == 78)
    for line in [
      ":5:10: applications[0].courses[1].id", ":5:20: applications[0].courses[1].titel",
      ":7:5: applications[1].id", ":8:1: colour",
    ] {
      #expect(errors.contains("\(seed.path)\(line)"), "\(errors)")
    }
    #expect(!errors.contains("courses[2]"), "007 is a text, as JSON has it")
    let absent = try Command.run(["sandbox", "--seed", "/nowhere.yaml"])
    #expect(absent.exitCode == 78 && absent.errors.contains("/nowhere.yaml"))
    let broken = try TemporaryFile("applications: [")
    #expect(try Command.run(["sandbox", "--seed", broken.path]).exitCode == 78)
  }

  @Test("A clock that is none is a wrong option")
  func clock() throws {
    let (code, _, errors) = try Command.run(["sandbox", "--clock", "yesterday"])
    #expect(code == 2 && errors.contains("frozen@2026-01-01T00:00:00Z"))
  }

  @Test("coverage tells of all operations, as a table and as JSON")
  func coverage() throws {
    let (code, output, _) = try Command.run(["sandbox", "coverage", "--format", "json"])
    let document = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
    #expect(code == 0 && document?.int("operations") == 161)
    #expect((document?["rows"] as? [Any])?.count == 161)
    let table = try Command.run(["sandbox", "coverage"])
    #expect(table.output.contains("161 operations: "))
  }

  @Test("The example seed is taken, as YAML, as a list, and as a saved snapshot")
  func exampleSeed() throws {
    var options = SandboxOptions()
    try options.takeSeed(
      path: SandboxCommandTests.examples.appendingPathComponent("sandbox-seed.yaml").path)
    let service = try SandboxService(listen: .tcp(host: "127.0.0.1", port: 0), options: options)
    defer { service.stop() }
    let snapshot = try Wire(port: service.address.port).call("GET", "/sandbox/snapshot")
    let applications = try #require(snapshot.json["applications"] as? [[String: Any]])
    #expect(applications.map { $0.string("id") } == ["CI", "CI-MANAGEMENT"])
    for text in [
      snapshot.text,
      String(decoding: try JSONSerialization.data(withJSONObject: applications), as: UTF8.self),
    ] {
      var again = SandboxOptions()
      let file = try TemporaryFile(text)
      try withExtendedLifetime(file) { try again.takeSeed(path: file.path) }
      #expect(again.settings.beginning?["applications"]?.elements?.count == 2)
    }
  }

  @Test(
    "A postback is posted with its credential, and again after a failure when its time has come")
  func postback() throws {
    let receiver = try ScopedUpstream { $0.number == 0 ? 503 : 200 }
    defer { receiver.stop() }
    let seed = try TemporaryFile(
      """
      applications:
        - id: A
          secret: s
          courses: [{id: golf}]
          registrations:
            - id: r
              courseId: golf
              learner: {id: ada}
              postBack:
                {url: "http://127.0.0.1:\(receiver.port)/done", authType: httpbasic, userName: u, password: p}
      """)
    var options = SandboxOptions()
    try withExtendedLifetime(seed) { try options.takeSeed(path: seed.path) }
    let service = try SandboxService(listen: .tcp(host: "127.0.0.1", port: 0), options: options)
    defer { service.stop() }
    func control(_ path: String, _ body: String) throws -> Int {
      try Wire(port: service.address.port).call("POST", path, body: body).status
    }
    #expect(
      try control(
        "/sandbox/progress", #"{"registrationId":"r","completion":"COMPLETED"}"#) == 200)
    #expect(eventually { receiver.calls.count == 1 })
    // The result arrives on another thread. From then on the repetition is due within 15 minutes.
    #expect(
      eventually {
        _ = try? control("/sandbox/clock", #"{"advance":"15m"}"#)
        return receiver.calls.count >= 2
      })
    #expect(try control("/sandbox/clock", #"{"advance":"1d"}"#) == 200)
    let calls = receiver.calls
    #expect(calls.count == 2)
    #expect(calls.allSatisfy { $0.method == "POST" && $0.target == "/done" })
    #expect(calls.allSatisfy { $0.credential == "basic" && $0.body == calls[0].body })
    #expect(calls[0].body.contains("COMPLETED"))
  }

  @Test("The seed's schema names what a seed may hold, and nothing else")
  func schema() throws {
    let text = try Data(
      contentsOf: SandboxCommandTests.examples.appendingPathComponent("sandbox-seed.schema.json"))
    let schema = try #require(JSONSerialization.jsonObject(with: text) as? [String: Any])
    let types = try #require(schema["$defs"] as? [String: [String: Any]])
    func members(_ name: String) -> JSONValue {
      let properties = types[name]?["properties"] as? [String: Any] ?? [:]
      // Null reveals nothing about a field except its name.
      var members = properties.keys.sorted().map { JSONMember($0, .null) }
      members.append(JSONMember("unknown", .null))
      return .object(members)
    }
    func with(_ object: JSONValue, _ changes: [String: JSONValue]) -> JSONValue {
      guard case .object(let members) = object else { return object }
      return .object(members.map { JSONMember($0.name, changes[$0.name] ?? $0.value) })
    }
    let course = with(members("course"), ["id": "c", "versions": [members("version")]])
    let learner = with(members("learner"), ["id": "l"])
    let registration = with(
      members("registration"), ["id": "r", "courseId": "c", "learner": learner])
    let application = with(
      members("application"),
      [
        "id": "A", "courses": [course], "registrations": [registration],
        "credentials": [with(members("credential"), ["id": "x"])],
        "destinations": [with(members("document"), ["id": "d"])],
      ])
    let problems = SeedCheck.problems(of: ["applications": [application]])
    // The single unknown field of each, whose message lists the known ones.
    #expect(problems.count == 7, "\(problems.map(\.place))")
    for problem in problems {
      #expect(problem.place.hasSuffix("unknown"), "\(problem.place): \(problem.text)")
    }
    for (place, name) in [
      ("applications[0].unknown", "application"), ("courses[0].unknown", "course"),
      ("versions[0].unknown", "version"), ("learner.unknown", "learner"),
      ("registrations[0].unknown", "registration"), ("credentials[0].unknown", "credential"),
      ("destinations[0].unknown", "document"),
    ] {
      let problem = problems.first { $0.place.hasSuffix(place) }
      let known = problem?.text.split(separator: "known are ").last.map { list in
        Set(list.replacing(",", with: "").split(separator: " ").map(String.init))
      }
      let properties = types[name]?["properties"] as? [String: Any] ?? [:]
      // Lists by identifier read the id themselves.
      #expect(known?.union(["id"]) == Set(properties.keys).union(["id"]), "\(name)")
    }
  }
}
