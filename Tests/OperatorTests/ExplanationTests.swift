import Configuration
import Foundation
import Operator
import Rules
import Testing

/// `explain` with a configuration and without a running gateway.
@Suite
struct ExplanationTests {
  @Test(
    "As many apps as there may be have a token slot for each of their rungs",
    arguments: ["exact", "service", "fixed"])
  func slots(scopes: String) throws {
    let apps = (0..<64).map { "  - {name: app-\($0), id: A\($0), secret: {env: S}}" }
    let list = scopes == "fixed" ? ", scopesList: [read]" : ""
    let file = try TemporaryFile(
      (["tokens: {scopes: \(scopes)\(list)}", "defaultApp: app-0", "apps:"] + apps)
        .joined(separator: "\n"))
    let settings = try ConfigurationSource.load(
      file: file.path, environment: Environment(["S": "s"])
    ).settings
    let call = ExplainedCall(method: "GET", target: "/api/v2/about", app: "app-63")
    let explanation = try Explanation(call, ExplanationSources(settings))
    #expect(explanation.isAllowed)
    #expect(explanation.json.contains("\"basic\"]") == (scopes != "fixed"))
  }
}
