import Foundation
import Memory
import Testing

@testable import Forwarding
@testable import TrafficLog

@Suite("docs/traffic-log.md")
struct TrafficLogDocumentTests {
  private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// A line with every possible field.
  private func fullLine() -> String {
    let method = TrafficLogDocumentTests.bytes("GET")
    let path = TrafficLogDocumentTests.bytes("/api/v2/ping")
    let query = TrafficLogDocumentTests.bytes("a=b")
    let agent = TrafficLogDocumentTests.bytes("curl")
    let parent = TrafficLogDocumentTests.bytes(
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    var line = ByteBuffer()
    TrafficLine.open(into: &line)
    TrafficLine.putMicrosecond(1, into: &line)
    TrafficLine.openAddress(of: "gw-1", into: &line)
    TrafficLine.putRequest(
      method: method.span.bytesOfElements, path: path.span.bytesOfElements,
      query: query.span.bytesOfElements, into: &line)
    TrafficLine.putUserAgent(agent.span.bytesOfElements, into: &line)
    TrafficLine.putVersion10(into: &line)
    // While spans are exported, the trace is continued. Otherwise it is only recorded, under the same name.
    TrafficLine.putTrace(high: 1, low: 2, span: 3, parent: 4, into: &line)
    var noted = ByteBuffer()
    TrafficLine.putTraceID(fromTraceparent: parent.span.bytesOfElements, into: &noted)
    #expect(noted.bytes.text.hasPrefix(",\"trace_id\":"))
    TrafficLine.putTLS(version: "1.3", name: "n", serial: "1", issuer: "i", into: &line)
    TrafficLine.putPlan(
      caller: "c", app: "a", operation: "PingAppId", credential: "token", scope: "read:ping",
      into: &line)
    TrafficLine.putWouldDeny(into: &line)
    TrafficLine.putDryRun(into: &line)
    TrafficLine.putWouldQueue(["trial"], into: &line)
    var attempt = TrafficLine.Attempt(status: 200, duration: 1, retryReason: "closed")
    attempt.span = 1
    TrafficLine.putAttempt(attempt, address: ByteBuffer(), isFirst: true, into: &line)
    TrafficLine.closeAttempts(into: &line)
    TrafficLine.putWalk(pages: 1, items: 2, attempts: 3, into: &line)
    var job = ByteBuffer()
    TrafficLine.putJob(id: [0x31], status: "RUNNING", attempts: 3, into: &job)
    // Both have the number of attempts, but no line has both.
    line.put(job, ",\"attempts_total\":3".utf8.count, job.count)
    var ending = TrafficLine.Ending()
    ending.tokenFingerprint = 1
    ending.errorType = "draining"
    TrafficLine.putEnding(ending, hasAttempts: false, into: &line)
    TrafficLine.reopen(&line)
    for side in TrafficLine.Side.allCases {
      let body = TrafficLogDocumentTests.bytes("true")
      TrafficLine.putBody(side, body.span.bytesOfElements, BodyRedaction(paths: []), into: &line)
      TrafficLine.putOmission(side, .encoded, into: &line)
    }
    TrafficLine.close(&line)
    return line.bytes.text
  }

  @Test("Its fields are those of a line, in their order")
  func fields() throws {
    let documented = try Markdown.rows(of: "docs/traffic-log.md").filter { $0.heading == "Fields" }
      .flatMap {
        let isPair = ["pages", "job"].contains($0.names.first)
        return isPair || $0.names.first?.contains(".body.content") == true
          ? Array($0.names.prefix(2)) : Array($0.names.prefix(1))
      }
    // Without the list of attempts, whose keys are described with it.
    let line = fullLine().replacing(/\[.*\]/, with: "0")
    let written = line.matches(of: /"([^"]+)":/).map { String($0.output.1) }
    #expect(documented == written)
    for key in ["address", "status", "duration", "retry", "start", "span_id"] {
      #expect(fullLine().contains("\"\(key)\":"))
      #expect(try Repository.text("docs/traffic-log.md").contains("`\(key)`"))
    }
  }

  @Test("It names every termination there is, and the life of a request does too")
  func terminations() throws {
    let known = Set(
      Termination.Party.allCases.flatMap { party in
        Termination.Phase.allCases.map { "\(Termination(party, $0).text)" }
      })
    let documented = try Markdown.rows(of: "docs/traffic-log.md")
      .filter { $0.heading == "Terminations" }.flatMap(\.names)
    #expect(documented.count > 10)
    #expect(Set(documented) == known)
    let told = try Markdown.rows(of: "docs/life-of-a-request.md").filter {
      $0.heading == "Where exchanges end"
    }
    .flatMap(\.names)
    #expect(Set(told) == Set(documented))
  }

  @Test("Every termination that the relay names outright is documented")
  func relaysTerminations() throws {
    let relay = try Repository.sources(of: "GatewayServer").joined()
    let document = try Repository.text("docs/traffic-log.md")
    let named = Set(
      relay.matches(of: /\.init\(\.(\w+), \.(\w+)\)/).map { "\($0.output.1)/\(kebab($0.output.2))" }
    )
    #expect(named.count > 5)
    for termination in named { #expect(document.contains("`\(termination)`"), "\(termination)") }
  }

  private func kebab(_ name: Substring) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : "\($1)" }
  }

  @Test("The names and reasons that it tells of bodies are those of the redaction")
  func bodies() throws {
    let rows = try Markdown.rows(of: "docs/traffic-log.md").filter { $0.heading == "Bodies" }
    let text = try Repository.text("docs/traffic-log.md")
    for name in HiddenNames.parts + HiddenNames.wholes + HiddenNames.ofLearner {
      #expect(text.contains("`\(name)`"), "\(name)")
    }
    let reasons: [BodyOmission] = [
      .notJSON, .tooLong, .incomplete, .encoded, .tooDeep, .noRoom,
    ]
    for reason in reasons {
      #expect(rows.contains { $0.names.first == "\(reason.name)" }, "\(reason.name)")
    }
  }

  @Test("The query values that it calls shown are shown, and all others masked")
  func masks() throws {
    let rows = try Markdown.rows(of: "docs/traffic-log.md").filter {
      $0.heading == "What is never recorded"
    }
    #expect(rows.count == 4)
    let shown = rows[0].names
    #expect(shown.count == 29 && rows[1].names.count == 10)
    for name in shown + rows[1].names + rows[2].names {
      let query = TrafficLogDocumentTests.bytes("\(name)=canary&tags=seen")
      var out = ByteBuffer()
      QueryMask().put(query.span.bytesOfElements, into: &out)
      let value = shown.contains(name) ? "canary" : "***"
      #expect(out.bytes.text == "\(name)=\(value)&tags=seen")
    }
  }
}
