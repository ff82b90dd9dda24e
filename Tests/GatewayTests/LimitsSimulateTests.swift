import Foundation
import Testing

/// `limits simulate`, as a command.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct LimitsSimulateTests {
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
