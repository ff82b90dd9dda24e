import Configuration
import Foundation
import Operator
import Rules
import System
import Testing

/// `limits simulate`: past calls under new limits.
@Suite
struct LimitsSimulationTests {
  /// A log line of a call at `at` seconds.
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
    // Ten calls, one per 0.1 s, written backwards: under 10/1s with burst 1 none waits.
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
}
