import Foundation
import LocalServer
import Testing

@testable import Admin

@Suite("Admin pages")
struct AdminTests {
  private static func responder(
    _ checks: [ReadinessCheck] = [], isDraining: Bool = false
  ) -> AdminResponder {
    AdminResponder(
      sources: AdminSources(
        readiness: { checks }, isDraining: { isDraining }, metrics: { "a_metric 1\n" },
        limits: { $0 == .json ? "{\"limits\":[]}" : "No limits are configured." }))
  }

  private static let good = ReadinessCheck(name: "token", isReady: true, detail: "has a \"token\"")
  private static let bad = ReadinessCheck(name: "name", isReady: false, detail: "is being resolved")

  /// A failed check that does not make the gateway unready.
  private static let told = ReadinessCheck(
    name: "log", isReady: false, isRequired: false, detail: "is full")

  private func text(_ response: LocalResponse) -> String {
    guard case .bytes(let bytes) = response.body else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func json(_ response: LocalResponse) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(text(response).utf8))
    return try #require(value as? [String: Any])
  }

  @Test("The process is healthy while it lives, ready or not")
  func health() throws {
    let response = AdminTests.responder([AdminTests.bad], isDraining: true).respond(
      to: LocalRequest(method: "GET", path: "/healthz"))
    #expect(response.status == 200)
    #expect(try json(response)["status"] as? String == "ok")
  }

  @Test("Health and readiness, and nothing else, are answered when there are too many connections")
  func alwaysAnswered() {
    let responder = AdminTests.responder()
    let paths = ["/healthz", "/readyz", "/metrics", "/", "/healthz/", "/api/limits", "/nothing"]
    #expect(paths.filter(responder.isAlwaysAnswered) == ["/healthz", "/readyz"])
  }

  @Test(
    "It is ready when every check is and it is not draining",
    arguments: [
      ([], false, 200, "ready"), ([good], false, 200, "ready"),
      ([good, bad], false, 503, "not ready"), ([good, told], false, 200, "degraded"),
      ([bad, told], false, 503, "not ready"), ([told], true, 503, "draining"),
      ([good], true, 503, "draining"),
    ] as [([ReadinessCheck], Bool, Int, String)])
  func readiness(
    _ checks: [ReadinessCheck], _ isDraining: Bool, _ status: Int, _ word: String
  ) throws {
    let response = AdminTests.responder(checks, isDraining: isDraining).respond(
      to: LocalRequest(method: "GET", path: "/readyz"))
    #expect(response.status == status)
    let object = try json(response)
    #expect(object["status"] as? String == word && object["checks"] == nil)
  }

  @Test(
    "What is not ready, or degraded, says why, verbose or not: the first check that keeps it from being ready",
    arguments: [
      ([good], nil), ([good, told, bad], "name: is being resolved"),
      ([good, told], "log: is full"),
    ] as [([ReadinessCheck], String?)])
  func reason(_ checks: [ReadinessCheck], _ reason: String?) throws {
    for query in ["", "verbose"] {
      let response = AdminTests.responder(checks).respond(
        to: LocalRequest(method: "GET", path: "/readyz", query: query))
      #expect(try json(response)["reason"] as? String == reason)
    }
  }

  @Test(
    "Asked to be verbose, readiness lists each check with its state and hint",
    arguments: ["verbose", "verbose=1", "a=b&verbose"])
  func verbose(_ query: String) throws {
    let response = AdminTests.responder([AdminTests.good, AdminTests.bad]).respond(
      to: LocalRequest(method: "GET", path: "/readyz", query: query))
    let checks = try #require(try json(response)["checks"] as? [[String: Any]])
    #expect(checks.map { $0["name"] as? String } == ["token", "name"])
    #expect(checks.map { $0["ready"] as? Bool } == [true, false])
    #expect(checks.map { $0["detail"] as? String } == ["has a \"token\"", "is being resolved"])
  }

  @Test("Metrics are served as Prometheus' text")
  func metrics() {
    let response = AdminTests.responder().respond(to: LocalRequest(method: "GET", path: "/metrics"))
    #expect(text(response) == "a_metric 1\n")
    #expect(response.fields[0].value == "text/plain; version=0.0.4; charset=utf-8")
  }

  @Test("The index names every page")
  func index() {
    let response = AdminTests.responder().respond(to: LocalRequest(method: "GET", path: "/"))
    for path in ["/healthz", "/readyz", "/metrics"] { #expect(text(response).contains(path)) }
  }

  @Test(
    "What is not there, or cannot be done, is a problem document",
    arguments: [
      ("GET", "/nothing", 404), ("GET", "/healthz/", 404), ("POST", "/healthz", 405),
      ("DELETE", "/", 405), ("TRACE", "/metrics", 405),
    ])
  func problems(_ method: String, _ path: String, _ status: Int) throws {
    let response = AdminTests.responder().respond(to: LocalRequest(method: method, path: path))
    #expect(response.status == status)
    let object = try json(response)
    #expect(object["status"] as? Int == status)
    #expect(object["message"] as? String == object["detail"] as? String)
    let allow = response.fields.first { $0.name == "Allow" }?.value
    #expect(allow == (status == 405 ? "GET, HEAD, OPTIONS" : nil))
  }

  @Test("OPTIONS names what is allowed", arguments: ["*", "/readyz"])
  func options(_ path: String) {
    let response = AdminTests.responder().respond(to: LocalRequest(method: "OPTIONS", path: path))
    #expect(response.status == 204)
    #expect(response.fields.contains { $0.name == "Allow" && $0.value == "GET, HEAD, OPTIONS" })
  }

  @Test(
    "No page may be kept by a cache", arguments: ["/", "/healthz", "/readyz", "/metrics", "/no"])
  func noStore(_ path: String) {
    let response = AdminTests.responder().respond(to: LocalRequest(method: "GET", path: path))
    #expect(response.fields.contains { $0.name == "Cache-Control" && $0.value == "no-store" })
  }

  @Test(
    "Without a journal its pages say how to keep one, and with one they are answered from it, beside the loop",
    arguments: ["/api/traffic", "/api/traffic/some-id", "/api/traffic.har", "/api/traffic/stats"])
  func traffic(path: String) throws {
    let request = LocalRequest(method: "GET", path: path)
    let without = AdminTests.responder()
    #expect(without.slowAnswer(to: request) == nil)
    let refusal = without.respond(to: request)
    #expect(refusal.status == 404 && text(refusal).contains("traffic.journal.path"))
    var sources = without.sources
    sources.traffic = { .text("from the journal: \($0.path)") }
    let with = AdminResponder(sources: sources)
    let work = try #require(with.slowAnswer(to: request))
    let answer = work()
    #expect(text(answer) == "from the journal: \(path)")
    #expect(answer.fields.contains { $0.name == "Cache-Control" && $0.value == "no-store" })
    let post = LocalRequest(method: "POST", path: path)
    #expect(with.slowAnswer(to: post) == nil && with.respond(to: post).status == 405)
    #expect(with.slowAnswer(to: LocalRequest(method: "GET", path: "/healthz")) == nil)
    #expect(with.slowAnswer(to: LocalRequest(method: "GET", path: "/api/trafficx")) == nil)
  }
}
