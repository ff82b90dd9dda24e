import Configuration
import Foundation
import Gateway
import Operator
import Rules
import System
import Testing

/// The command `limits simulate`.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct LimitsSimulateTests {
  /// A log line of a call at `at` seconds.
  private static func line(at: Double, duration: Double) -> String {
    let whole = Int(at)
    let stamp = String(
      format: "2026-11-24T07:%02d:%02d.%06dZ", whole / 60, whole % 60,
      Int(((at - Double(whole)) * 1_000_000).rounded()))
    return "{\"timestamp\":\"\(stamp)\",\"request_id\":\"a\\\"b\",\"client.address\":\"127.0.0.1\","
      + "\"http.request.method\":\"GET\",\"url.path\":\"/api/v2/\\u0041{[\",\"caller\":\"anonymous\","
      + "\"app\":\"main\",\"operation\":\"GetCourses\","
      + "\"upstream\":[{\"address\":\"x:1\",\"status\":200,\"duration\":0.1}],"
      + "\"http.response.status_code\":200,\"duration\":\(duration),\"queue_wait\":0,\"token_wait\":0,"
      + "\"termination\":\"completed\"}"
  }

  @Test(
    "The log of a gateway can be replayed, and the command prints it", arguments: ["table", "json"])
  func command(format: String) throws {
    let rig = try GatewayRig()
    for _ in 0..<5 { #expect(try rig.call("GET", "/api/v2/courses").status == 200) }
    _ = try rig.call("GET", "/api/v2/nothing")
    #expect(try rig.lines().count == 6)
    let log = try TemporaryFile(rig.log)
    let configuration = try TemporaryConfiguration(
      "{name: two, rate: 2/1h, burst: 2, onExceed: refuse}")
    let (code, output, errors) = try Command.run(
      ["limits", "simulate", "-c", configuration.path, "--traffic", log.path, "--format", format],
      ["ID": "A", "SECRET": "a-secret"])
    #expect(code == 0, "\(errors)")
    if format == "table" {
      #expect(output.contains("5 calls of") && output.contains("1 refused before limits"))
      #expect(output.contains(#/anonymous +5 +2 +0 +3 /#))
      #expect(output.contains(#/two +2 +0 +3 +0/#))
    } else {
      let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
      let callers = object?["callers"] as? [[String: Any]]
      #expect(object?.int("calls") == 5 && callers?.first?.int("refused") == 3)
    }
  }

  @Test("A log that is not there and a broken configuration are told apart by the exit code")
  func failures() throws {
    let good = try TemporaryConfiguration("{name: two, rate: 2/1h}")
    let variables = ["ID": "A", "SECRET": "a-secret"]
    let missing = try Command.run(
      ["limits", "simulate", "-c", good.path, "--traffic", "/nowhere/log"], variables)
    #expect(missing.exitCode == 1 && missing.errors.contains("/nowhere/log"))
    let bad = try TemporaryConfiguration("{name: two}")
    let broken = try Command.run(
      ["limits", "simulate", "-c", bad.path, "--traffic", "-"], variables)
    #expect(broken.exitCode == 78 && broken.errors.contains("it limits nothing"))
  }

  @Test("A journal's calls come to what those of the log do that it was made from")
  func journal() throws {
    let folder = try OwnFolder()
    // Several blocks, and calls that do not fill one yet, written in a different order than they arrived.
    let lines = (0..<1_500).map { number in
      LimitsSimulateTests.line(
        at: Double(number % 2 == 0 ? number : 1_499 - number) / 10, duration: 0.4)
    }
    let log = try TemporaryFile(lines.joined(separator: "\n") + "\n")
    let journal = folder.path + "/traffic.sqlite"
    _ = try JournalImport.run(log: log.path, journal: journal, tell: { _ in })
    let configuration = try TemporaryConfiguration("{name: slots, concurrency: 2, rate: 9/1s}")
    let settings = try ConfigurationSource.load(
      file: configuration.path, environment: Environment(["ID": "A", "SECRET": "a-secret"])
    ).settings
    let simulation = try LimitsSimulation(settings, .journal(journal))
    #expect(simulation.calls == 1_500)
    #expect(simulation.json == (try LimitsSimulation(settings, .log(log.path))).json)

    let variables = ["ID": "A", "SECRET": "a-secret"]
    let shown = try Command.run(
      ["limits", "simulate", "-c", configuration.path, "--journal", journal], variables)
    #expect(shown.exitCode == 0 && shown.output == simulation.table(in: .unlimited))
    #expect(shown.output.contains("1500 calls of 2 min"))
    for choice in [[], ["--traffic", "-", "--journal", journal]] {
      let neither = try Command.run(
        ["limits", "simulate", "-c", configuration.path] + choice, variables)
      #expect(neither.exitCode == 2 && neither.errors.contains("--journal FILE"))
    }
    let none = try Command.run(
      ["limits", "simulate", "-c", configuration.path, "--journal", "/nowhere.sqlite"], variables)
    #expect(none.exitCode == 1 && none.errors.contains("no journal exists at /nowhere.sqlite"))
  }

  @Test("check reports limits that make more combinations than can be kept count of")
  func tooMany() throws {
    let limits = (0..<64).map { "{name: l\($0), per: app+caller, rate: 1/1s}" }
    let apps = (0..<64).map { "{name: a\($0), id: A, secret: {env: SECRET}}" }
    let callers = (0..<200).map {
      "{name: c\($0), apps: [a0], allow: ['*'], match: {address: 10.0.0.\($0)}}"
    }
    let file = try TemporaryFile(
      """
      apps: [\(apps.joined(separator: ", "))]
      defaultApp: a0
      limits: [\(limits.joined(separator: ", "))]
      callers: [\(callers.joined(separator: ", "))]
      """)
    let (code, _, errors) = try Command.run(["check", "-c", file.path], ["SECRET": "a-secret"])
    #expect(code == 78 && errors.contains("limits: limits, apps and callers make"), "\(errors)")
  }
}

/// A configuration of one app with limits, for commands.
final class TemporaryConfiguration {
  private let file: TemporaryFile
  var path: String { file.path }

  init(_ limits: String, _ callers: String = "") throws {
    file = try TemporaryFile(
      """
      apps: [{name: main, id: {env: ID}, secret: {env: SECRET}}]
      limits: [\(limits)]
      \(callers)

      """)
  }
}
