import Configuration
import Foundation
import Gateway
import Operator
import Rules
import System
import Telemetry
import Testing

@testable import Forwarding
@testable import GatewayServer

/// All code and documents use the same words for the steps of a request.
@Suite("The eight steps of a request")
struct PlanStepTests {
  /// The only manually maintained list. All others are compared with it.
  private static let steps = [
    "framing", "host", "caller", "app", "operation", "policy", "quota", "credential",
  ]
  private static let terminations = steps.map { "gateway/\($0)" }

  @Test("are these in the code, in this order")
  func code() {
    #expect(PlanStep.allCases.map(\.name.description) == PlanStepTests.steps)
    #expect(PlanStep.allCases.map { "\($0)" } == PlanStepTests.steps)
  }

  @Test("are the phases of refusals in the traffic log")
  func log() {
    #expect(
      PlanStep.allCases.map { Termination(refusedAt: $0).text.description }
        == PlanStepTests.terminations)
  }

  @Test("are values of the metric's label, each with a counter of its own")
  func metric() {
    let labels = FigureLabels(
      ForwardingRules(
        listeners: [], apps: [], defaultApp: 0, managementApp: nil, callers: [],
        forwardsUnknownOperations: false, passedSensitive: OperationSet(), upstreamAuthority: "",
        upstreamOrigin: "", upstreamBasePath: ""))
    let counted = PlanStep.allCases.map {
      labels.terminations[Termination(refusedAt: $0).number]
    }
    #expect(counted == PlanStepTests.terminations)
    #expect(Termination.Phase.allCases.count <= Termination.phases)
  }

  @Test(
    "are what explain shows of a call, whatever becomes of it",
    arguments: ["/api/v2/ping", "/api/v2/nothing", "/api/v2/xapi/credentials"])
  func explain(path: String) throws {
    let settings = try ConfigurationSource.load(
      file: nil, environment: Environment(["SCORM_APP_ID": "A", "SCORM_SECRET_KEY": "a-secret"])
    ).settings
    let explanation = try Explanation(
      ExplainedCall(method: "GET", target: path), ExplanationSources(settings))
    let words = explanation.table(in: .unlimited).split(separator: "\n").compactMap {
      $0.split(separator: " ").first.map(String.init)
    }
    #expect(words.filter { $0 == $0.lowercased() } == PlanStepTests.steps)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(explanation.json.utf8)) as? [String: Any])
    let steps = try #require(object["steps"] as? [[String: String]])
    #expect(steps.compactMap { $0["step"] } == PlanStepTests.steps)
  }

  @Test(
    "head the tables of the documents",
    arguments: [
      ("docs/life-of-a-request.md", "3. The plan"), ("docs/errors.md", "The gateway's own answers"),
    ])
  func tables(document: String, heading: String) throws {
    let rows = try Markdown.rows(of: document).filter { $0.heading == heading }
    let first = rows.compactMap(\.names.first)
    #expect(first.filter { PlanStepTests.steps.contains($0) } == PlanStepTests.steps)
  }

  @Test("refuse with the same errors in both documents")
  func errors() throws {
    func errors(_ document: String, _ heading: String) throws -> [String: Set<String>] {
      let rows = try Markdown.rows(of: document).filter {
        $0.heading == heading && PlanStepTests.steps.contains($0.names.first ?? "")
      }
      return Dictionary(
        uniqueKeysWithValues: rows.map { row in
          let names = (row.cells.last ?? "").matches(of: /`([^`]+)`/).map { String($0.output.1) }
          return (row.names[0], Set(names))
        })
    }
    let life = try errors("docs/life-of-a-request.md", "3. The plan")
    #expect(try life == errors("docs/errors.md", "The gateway's own answers"))
    let known = Set(GatewayErrorKind.allCases.map(\.name.description))
    for (step, names) in life { #expect(!names.isEmpty && names.isSubset(of: known), "\(step)") }
  }

  @Test("are told as terminations, each in a row of its own")
  func terminations() throws {
    let rows = try Markdown.rows(of: "docs/traffic-log.md").filter {
      $0.heading == "Terminations"
    }
    let documented = rows.filter { $0.names.count == 1 }.flatMap(\.names)
    #expect(
      documented.filter { PlanStepTests.terminations.contains($0) } == PlanStepTests.terminations)
  }

  @Test(
    "are listed in a sentence, in their order",
    arguments: ["docs/traffic-log.md", "docs/architecture.md"])
  func sentences(document: String) throws {
    let sentence = PlanStepTests.steps.map { "`\($0)`" }.joined(separator: ", ")
    let text = try Repository.text(document).replacing("\n", with: " ")
    #expect(text.contains(sentence), "\(document) does not list the steps")
  }
}
