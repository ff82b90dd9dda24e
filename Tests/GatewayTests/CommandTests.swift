import Configuration
import Foundation
import Gateway
import System
import Testing

/// The built program's commands, exit codes and output.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(5)))
struct CommandTests {
  private static let broken = """
    listen:
      - address: 127.0.0.1:99999
    upstream:
      url: ftp://example.com
      conectTimeout: 3s
    apps:
      - name: main
        id: A
        secret: CANARY-inline
    defaultApp: other
    """

  @Test(
    "check and serve refuse a bad configuration with every problem and its place",
    arguments: ["check", "serve"])
  func badConfiguration(command: String) throws {
    let file = try TemporaryFile(CommandTests.broken)
    let (code, output, errors) = try Command.run([command, "-c", file.path])
    #expect(code == 78)
    for part in [
      "\(file.path):2", "\(file.path):4", "\(file.path):5", "listen[0].address", "upstream.url",
      "connectTimeout", "secret",
    ] { #expect(errors.contains(part)) }
    #expect(output.isEmpty)
    #expect(!errors.contains("CANARY"))
  }

  @Test("check says that a configuration is good, and starts nothing")
  func goodConfiguration() throws {
    let (code, output, _) = try Command.run(
      ["check"], ["SCORM_APP_ID": "A", "SCORM_SECRET_KEY": "CANARY-secret"])
    #expect(code == 0 && output.hasPrefix("good:") && !output.contains("CANARY"))
  }

  @Test("serve without any credential says how to give one")
  func missingCredential() throws {
    let (code, _, errors) = try Command.run(["serve"])
    #expect(code == 78)
    #expect(errors.contains("SCORM_APP_ID") && errors.contains("SCORM_SECRET_KEY"))
  }

  @Test(
    "A port that is taken ends the start with code 1 and says which",
    arguments: ["SCORM_GATEWAY_LISTEN_ADDRESS", "SCORM_GATEWAY_ADMIN_ADDRESS"])
  func takenPort(variable: String) throws {
    let taken = try HostileUpstream([])
    defer { taken.stop() }
    var environment = ServeTests.environment(sandbox: "http://127.0.0.1:1/api/v2")
    environment["SCORM_SECRET_KEY"] = "s3cret"
    environment[variable] = "127.0.0.1:\(taken.port)"
    let (code, _, errors) = try Command.run(["serve"], environment)
    #expect(code == 1)
    #expect(errors.contains("127.0.0.1:\(taken.port)"))
    #expect(errors.contains("another process listens there"))
  }

  @Test(
    "A mistake on the command line ends with code 2",
    arguments: [
      ["serve", "--thread", "2"], ["serve", "--threads", "0"], ["sreve"],
      ["operations", "--format", "xml"],
    ])
  func usage(arguments: [String]) throws {
    let (code, output, errors) = try Command.run(arguments)
    #expect(code == 2 && output.isEmpty && !errors.isEmpty)
  }

  @Test(
    "A command that there is not is a mistake, whatever else is asked for, and those that there are get named",
    arguments: [
      ["sreve"], ["sreve", "--help"], ["sreve", "-h"], ["sreve", "--version"], ["help", "sreve"],
      ["limits", "simluate", "--help"], ["traffic", "shwo"], ["help", "tokens", "renwe"],
    ])
  func unknownCommand(arguments: [String]) throws {
    let (code, output, errors) = try Command.run(arguments)
    #expect(code == 2 && output.isEmpty)
    #expect(errors.contains("Unknown command") && errors.contains("Commands:"))
  }

  @Test(
    "Help of a command that there is is an answer",
    arguments: [
      ["help"], ["help", "serve"], ["limits", "--help"], ["help", "limits", "simulate"],
      ["traffic", "show", "--help"], ["explain", "GET", "/x", "--help"],
    ])
  func helpOfCommand(arguments: [String]) throws {
    let (code, output, errors) = try Command.run(arguments)
    #expect(code == 0 && output.contains("USAGE") && errors.isEmpty)
  }

  @Test("Help and the version are answers, not errors", arguments: ["--help", "--version"])
  func help(flag: String) throws {
    let (code, output, errors) = try Command.run([flag])
    #expect(code == 0 && output.contains("scorm-gateway") && errors.isEmpty)
  }

  @Test("operations lists the whole catalogue as JSON")
  func operations() throws {
    let (code, output, _) = try Command.run(["operations", "--format", "json"])
    let rows = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [[String: Any]]
    #expect(code == 0 && rows?.count == 161)
    let courses = try #require(rows?.first { $0.string("operation") == "GetCourses" })
    #expect(courses.string("path") == "/courses" && courses.string("method") == "GET")
    #expect((courses["scopes"] as? [String])?.first == "read:course")
  }

  @Test("demo --once makes a real call, shows it from both ends, and ends")
  func demo() throws {
    let (code, output, errors) = try Command.run(["demo", "--once"])
    #expect(code == 0)
    #expect(output.contains("GET http://127.0.0.1:") && output.contains("  200  "))
    #expect(output.contains("/api/v2/ping → 200, credential: token with scope read:ping"))
    #expect(!(output + errors).contains("sandbox-secret"))
  }

  @Test("healthcheck fails where nobody answers")
  func noGateway() throws {
    let (code, _, errors) = try Command.run(["healthcheck", "--admin", "127.0.0.1:1"])
    #expect(code == 1 && errors.contains("no gateway answers"))
  }
}

/// The built program as a service.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(5)))
struct ServeTests {
  private static let canary = "CANARY-7f3a9"

  static func environment(sandbox: String) -> [String: String] {
    [
      "SCORM_APP_ID": "SANDBOX", "SCORM_GATEWAY_UPSTREAM_URL": sandbox,
      "SCORM_GATEWAY_LISTEN_ADDRESS": "127.0.0.1:0", "SCORM_GATEWAY_ADMIN_ADDRESS": "127.0.0.1:0",
    ]
  }

  /// A sandbox whose secret is the canary.
  private func sandbox() throws -> SandboxService {
    let sandbox = try SandboxService(listen: .tcp(host: "127.0.0.1", port: 0))
    let answer = try Wire(port: sandbox.address.port).call(
      "POST", "/sandbox/secret", body: "{\"app\":\"SANDBOX\",\"secret\":\"\(ServeTests.canary)\"}")
    #expect(answer.status == 204 || answer.status == 200)
    return sandbox
  }

  @Test(
    "serve needs an app id and a secret, in a file or a variable, and shows the secret nowhere",
    arguments: [true, false])
  func service(isFile: Bool) throws {
    let sandbox = try sandbox()
    defer { sandbox.stop() }
    let secret = try TemporaryFile(ServeTests.canary + "\n")
    _ = unsafe chmod(secret.path, 0o600)
    var environment = ServeTests.environment(sandbox: sandbox.apiURL)
    environment[isFile ? "SCORM_SECRET_KEY_FILE" : "SCORM_SECRET_KEY"] =
      isFile ? secret.path : ServeTests.canary
    let serve = try Command(["serve", "--threads", "2"], environment)
    let port = try #require(serve.port(after: "serving callers on"), "\(serve.errors)")
    let admin = try #require(serve.port(after: "admin pages on"))
    #expect(try Wire(port: port).call("GET", "/api/v2/courses").status == 200)
    let healthcheck = ["healthcheck", "--admin", "127.0.0.1:\(admin)"]
    #expect(try Command.run(healthcheck).exitCode == 0)
    // No secret where other processes could look.
    let process = "/proc/\(serve.process.processIdentifier)"
    for name in ["cmdline", "environ"] {
      let bytes = FileManager.default.contents(atPath: "\(process)/\(name)") ?? Data()
      #expect(!String(decoding: bytes, as: UTF8.self).contains(ServeTests.canary))
    }
    serve.signal(SIGTERM)
    #expect(serve.exitCode == 0)
    #expect(try Command.run(healthcheck).exitCode == 1)
    // The traffic log is written to standard output.
    let line = try #require(serve.output.split(separator: "\n").first)
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    #expect(object?.string("operation") == "GetCourses")
    #expect(!(serve.output + serve.errors).contains(ServeTests.canary))
  }

  @Test("serve names its Unix sockets, and commands take the admin address as it is printed")
  func unixSockets() throws {
    let sandbox = try sandbox()
    defer { sandbox.stop() }
    let path = NSTemporaryDirectory() + "u\(UUID().uuidString.prefix(8))"
    var environment = ServeTests.environment(sandbox: sandbox.apiURL)
    environment["SCORM_SECRET_KEY"] = ServeTests.canary
    environment["SCORM_GATEWAY_LISTEN_ADDRESS"] = "unix:\(path)"
    for admin in ["unix:\(path).admin", "127.0.0.1:0"] {
      environment["SCORM_GATEWAY_ADMIN_ADDRESS"] = admin
      let serve = try Command(["serve", "--threads", "1"], environment)
      let marker = "admin pages on "
      #expect(eventually { serve.errors.contains(marker) || !serve.process.isRunning })
      #expect(serve.errors.contains("serving callers on unix:\(path)\n"))
      let printed = try #require(
        serve.errors.split(separator: "\n").first { $0.contains(marker) }?
          .split(separator: " ").last.map(String.init))
      #expect(eventually { (try? Wire(unixPath: path).call("GET", "/api/v2/ping").status) == 200 })
      #expect(try Command.run(["healthcheck", "--admin", printed]).exitCode == 0, "\(printed)")
      serve.signal(SIGTERM)
      #expect(serve.exitCode == 0)
    }
  }

  @Test("SIGTERM lets what is under way finish; a second one does not wait")
  func draining() throws {
    let sandbox = try sandbox()
    defer { sandbox.stop() }
    let gate = Gate()
    let upstream = try HostileUpstream([.request, .wait(gate), .answer("done"), .untilEnd])
    var environment = ServeTests.environment(sandbox: "http://127.0.0.1:\(upstream.port)/api/v2")
    environment["SCORM_SECRET_KEY"] = ServeTests.canary
    environment["SCORM_GATEWAY_TOKENS_URL"] =
      sandbox.apiURL + "/oauth/authenticate/application/token"
    let serve = try Command(["serve"], environment)
    let port = try #require(serve.port(after: "serving callers on"), "\(serve.errors)")
    let caller = try Wire(port: port)
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    serve.signal(SIGTERM)
    #expect(eventually { (try? Wire(port: port)) == nil })
    #expect(serve.process.isRunning)
    gate.open()
    #expect(try caller.answer().text == "done")
    #expect(serve.exitCode == 0)
    #expect(serve.output.contains("completed"))

    let stuck = try Command(["serve"], environment)
    let second = try #require(stuck.port(after: "serving callers on"), "\(stuck.errors)")
    // An incomplete head keeps draining from ending by itself.
    let waiting = try Wire(port: second)
    try waiting.send("GET /api/v2/ping HTTP/1.1\r\nHost: localhost\r\nX-Half: ")
    stuck.signal(SIGTERM)
    #expect(eventually { stuck.errors.contains("a second signal exits at once") })
    #expect(stuck.process.isRunning)
    stuck.signal(SIGTERM)
    #expect(stuck.exitCode == 0)
  }
}
