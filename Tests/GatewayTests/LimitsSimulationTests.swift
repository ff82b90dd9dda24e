import Configuration
import Foundation
import Gateway
import System
import Testing

/// `limits simulate`: calls of the past under new limits.
@Suite(.ownThread, .timeLimit(.minutes(1)))
struct LimitsSimulationTests {
  /// A line of the log: a call at `at` seconds.
  static func line(
    at: Double, caller: String = "anonymous", app: String? = "main",
    operation: String = "GetCourses",
    method: String = "GET", duration: Double = 0.01, termination: String = "completed"
  ) -> String {
    let whole = Int(at)
    let stamp = String(
      format: "2026-11-24T07:%02d:%02d.%06dZ", whole / 60, whole % 60,
      Int(((at - Double(whole)) * 1_000_000).rounded()))
    let appText = app.map { ",\"app\":\"\($0)\"" } ?? ""
    return "{\"timestamp\":\"\(stamp)\",\"request_id\":\"a\\\"b\",\"client.address\":\"127.0.0.1\","
      + "\"http.request.method\":\"\(method)\",\"url.path\":\"/api/v2/\\u0041{[\",\"caller\":\"\(caller)\"\(appText),"
      + "\"operation\":\"\(operation)\",\"upstream\":[{\"address\":\"x:1\",\"status\":200,\"duration\":0.1}],"
      + "\"http.response.status_code\":200,\"duration\":\(duration),\"queue_wait\":0,\"token_wait\":0,"
      + "\"termination\":\"\(termination)\"}"
  }

  private func run(
    _ log: [String], limits: String, callers: String = ""
  ) throws -> LimitsSimulation {
    let file = try TemporaryFile(log.joined(separator: "\n") + "\n")
    let configuration = try TemporaryConfiguration(limits, callers)
    return try withExtendedLifetime((file, configuration)) {
      let settings = try ConfigurationSource.load(
        file: configuration.path, environment: Environment(["ID": "A", "SECRET": "a-secret"])
      ).settings
      return try LimitsSimulation(settings, .log(file.path))
    }
  }

  @Test("300 calls at once under 100/1m with burst 20 and 5 s: 20 pass, 8 wait, 272 are refused")
  func split() throws {
    let simulation = try run(
      (0..<300).map { _ in LimitsSimulationTests.line(at: 3) },
      limits: "{name: reads, rate: 100/1m, burst: 20, maxWait: 5s}")
    let row = try #require(simulation.rows.first)
    #expect(row.startedAtOnce == 20 && row.waited == 8 && row.refused == 272)
    #expect(row.longestWait == 4_800_000_000 && row.meanWait == 2_700_000_000)
    #expect(row.wait95 == row.longestWait)
    #expect(simulation.limitRows.map(\.refused) == [272])
  }

  @Test("Lines are put in the order in which calls came")
  func order() throws {
    // Ten calls, one in 0.1 s, written backwards: under 10/1s with burst 1 nobody waits.
    let simulation = try run(
      (0..<10).reversed().map { LimitsSimulationTests.line(at: 1 + Double($0) / 10) },
      limits: "{name: even, rate: 10/1s, burst: 1}")
    #expect(simulation.rows.map(\.startedAtOnce) == [10])
    #expect(simulation.skipped.late == 0)
  }

  @Test("How long calls lasted counts where calls under way are limited")
  func concurrency() throws {
    let simulation = try run(
      (0..<4).map { _ in LimitsSimulationTests.line(at: 1, duration: 0.5) },
      limits: "{name: slots, concurrency: 1}")
    let row = try #require(simulation.rows.first)
    #expect(row.startedAtOnce == 1 && row.waited == 3 && row.longestWait == 1_500_000_000)
  }

  @Test("Each caller has a row, and operations count as the limits match them")
  func callers() throws {
    let simulation = try run(
      [
        LimitsSimulationTests.line(
          at: 1, caller: "crm", operation: "CreateRegistration", method: "POST"),
        LimitsSimulationTests.line(
          at: 1, caller: "crm", operation: "CreateRegistration", method: "POST"),
        LimitsSimulationTests.line(at: 1, caller: "crm"),
        LimitsSimulationTests.line(at: 1, caller: "lms"),
      ],
      limits: "{name: writes, match: {access: write}, rate: 1/1s, burst: 1}",
      callers: """
        callers:
          - {name: crm, apps: [main], allow: ['*'], match: {address: 127.0.0.1}}
          - {name: lms, apps: [main], allow: ['*'], match: {address: 127.0.0.2}}
        """)
    #expect(simulation.rows.map(\.caller) == ["crm", "lms"])
    #expect(simulation.rows.map(\.calls) == [3, 1])
    #expect(simulation.rows.map(\.waited) == [1, 0])
    #expect(simulation.limitRows.first?.admitted == 2)
  }

  @Test("What is no call of this configuration is left out and counted")
  func skipped() throws {
    let whole = LimitsSimulationTests.line(at: 1)
    let simulation = try run(
      [
        whole, "", "nonsense", "{}", String(whole.dropLast()), whole + "x", "[\(whole)]",
        String(repeating: "[", count: 100_000),
        LimitsSimulationTests.line(at: 1, app: nil),
        LimitsSimulationTests.line(at: 1, termination: "gateway/policy"),
        LimitsSimulationTests.line(at: 1, termination: "gateway/operation"),
        LimitsSimulationTests.line(at: 1, app: "other"),
        whole.replacing("2026-11", with: "2026-13"), whole.replacing("0.01", with: "-1"),
      ], limits: "{name: reads, rate: 1/1s}")
    #expect(simulation.calls == 1)
    let skipped = simulation.skipped
    #expect(skipped.malformed == 8 && skipped.refusedBefore == 3)
    #expect(skipped.unknown == 1 && skipped.late == 0)
  }

  @Test("Cut anywhere, a line is counted as malformed and nothing worse")
  func cut() throws {
    let whole = LimitsSimulationTests.line(at: 1)
    let simulation = try run(
      (1..<whole.count).map { String(whole.prefix($0)) }, limits: "{name: reads, rate: 1/1s}")
    #expect(simulation.calls == 0 && simulation.skipped.malformed == whole.count - 1)
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
    // Several blocks, and calls that make none yet; written in another order than they came.
    let lines = (0..<1_500).map { number in
      LimitsSimulationTests.line(
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
    #expect(none.exitCode == 1 && none.errors.contains("there is no journal at /nowhere.sqlite"))
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
