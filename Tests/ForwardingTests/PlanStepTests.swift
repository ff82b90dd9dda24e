import SCORMCloudAPI
import Testing

@testable import Forwarding

@Suite("The step that refuses a request")
struct PlanStepTests {
  private typealias Number = ForwardingRules.CallerNumber

  struct Case: Sendable, CustomTestStringConvertible {
    var request: [String]
    var caller: Int? = Number.everyone
    /// Step, app and operation; `-` for an unknown one.
    var words: String

    init(
      _ line: String, _ fields: [String] = [], by caller: Int? = Number.everyone, is words: String
    ) {
      request = [line + " HTTP/1.1"] + fields
      self.caller = caller
      self.words = words
    }

    var testDescription: String { "\(request.joined(separator: ", ")) is \(words)" }
  }

  @Test(
    "is told with the app and the operation that are known by then",
    arguments: [
      Case("TRACE /api/v2/ping", is: "framing - -"),
      Case("GET /api/v2/ping", ["Via: 1.1 scorm-gateway-0000cafe"], is: "framing - -"),
      Case("GET /api/v2/ping", ["Host: elsewhere"], is: "host - -"),
      Case("GET /api/v2/ping", ["Origin: http://a"], is: "host - -"),
      Case("GET /api/v2/ping", by: nil, is: "caller - -"),
      Case("GET /api/v2/ping", by: Number.frozen, is: "caller - -"),
      Case("GET /api/v2/ping", ["X-Scorm-App: third"], is: "app - -"),
      Case("GET /apps/third/api/v2/ping", is: "app - -"),
      Case("GET /api/v2/ping", ["X-Scorm-Priority: high"], is: "app - -"),
      Case("GET /api/v2/nothing", is: "operation main -"),
      Case("GET /api/v2/nothing", ["X-Scorm-App: second"], is: "operation second -"),
      Case("PATCH /api/v2/courses", is: "operation main -"),
      Case("GET /api/v2/courses/..", is: "operation main -"),
      Case("DELETE /api/v2/courses/c", by: Number.crm, is: "policy main DeleteCourse"),
      Case("POST /api/v2/registrations", by: Number.reader, is: "policy main CreateRegistration"),
      Case(
        "GET /api/v2/xapi/credentials", by: Number.second, is: "policy second GetXapiCredentials"),
      Case(
        "GET /apps/second/api/v2/courses", by: Number.crm, is: "policy second GetCourses"),
      Case("GET /apps/management/api/v2/courses", is: "policy management GetCourses"),
    ])
  func refusals(of table: Case) throws {
    let refusal = try #require(take(table.request, caller: table.caller).refusal)
    let plan = refusal.plan
    let app = refusal.knowsApp ? ForwardingRules.sample.apps[plan.app].name : "-"
    let operation =
      plan.isKnownOperation ? OperationTable.operation(at: plan.operation).name.description : "-"
    #expect("\(refusal.step) \(app) \(operation)" == table.words)
  }

  @Test("is the phase of a termination whose party is the gateway")
  func terminations() {
    for step in PlanStep.allCases {
      #expect(Termination(refusedAt: step).text.description == "gateway/\(step.name)")
      #expect(step.name.description == "\(step)")
    }
  }
}
