import Foundation
import Gateway
import System
import Testing

/// `/metrics` and `/readyz` of a running gateway.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct MetricsTests {
  private func metrics(_ rig: GatewayRig) throws -> Exposition {
    let port = try #require(rig.gateway.adminAddress?.port)
    let answer = try Wire(port: port).call("GET", "/metrics")
    #expect(answer.status == 200)
    return try Exposition(String(decoding: answer.body, as: UTF8.self))
  }

  @Test("Every call is counted by operation, method, status class, caller and app, once")
  func counts() throws {
    let rig = try GatewayRig(threads: 2)
    for _ in 0..<3 { _ = try rig.call("GET", "/api/v2/ping") }
    _ = try rig.call("GET", "/api/v2/courses/none")
    _ = try rig.call("GET", "/api/v2/nothing")
    _ = try rig.call("POST", "/api/v2/courses/none/tags", body: "x")
    #expect(
      try eventually { try metrics(rig).sum("scorm_gateway_requests_total") == 6 })
    let seen = try metrics(rig)
    #expect(
      seen.value(
        "scorm_gateway_requests_total",
        ["operation": "PingAppId", "method": "GET", "status": "2xx"]) == 3)
    #expect(
      seen.value(
        "scorm_gateway_requests_total",
        ["operation": "GetCourse", "method": "GET", "status": "4xx"])
        == 1)
    #expect(
      seen.value(
        "scorm_gateway_requests_total", ["operation": "none", "method": "GET", "status": "4xx"])
        == 1)
    #expect(
      seen.value(
        "scorm_gateway_caller_requests_total",
        ["caller": "anonymous", "app": "main", "status": "2xx"]) == 3)
    #expect(seen.value("scorm_gateway_errors_total", ["type": "operation-unknown"]) == 1)
    #expect(seen.sum("scorm_gateway_terminations_total") == 6)
    #expect(seen.sum("scorm_gateway_request_duration_seconds_count") == 6)
    #expect(seen.sum("scorm_gateway_upstream_attempts_total") >= 4)
    #expect(seen.value("scorm_gateway_exchanges_in_flight", [:]) == 0)
    #expect(seen.value("scorm_gateway_ready", [:]) == 1)
    #expect(seen.value("process_open_fds", [:]) ?? 0 > 5)
    #expect(seen.value("process_resident_memory_bytes", [:]) ?? 0 > 1_000_000)
    #expect(seen.sum("scorm_gateway_build_info") == 1)
    let start = try #require(seen.value("process_start_time_seconds", [:]))
    #expect(abs(start - Date().timeIntervalSince1970) < 24 * 3600)
    #expect(
      seen.value("scorm_gateway_upstream_connections", ["state": "active"]) == 0
        && seen.value("scorm_gateway_upstream_connections", ["state": "idle"]) ?? 0 >= 1)
  }

  @Test("A call refused by policy is counted with its operation and app, and in the log under them")
  func refusals() throws {
    let rig = try GatewayRig()
    let path = "/api/v2/dispatch/dispatches/d/lti"
    #expect(try rig.call("GET", path).problem == "sensitive-operation-refused")
    #expect(try eventually { try metrics(rig).sum("scorm_gateway_requests_total") == 1 })
    let seen = try metrics(rig)
    let line = try #require(try rig.lines().last)
    #expect(line.string("app") == "main" && line.string("caller") == "anonymous")
    #expect(line.string("termination") == "gateway/policy" && line["credential"] == nil)
    let operation = line.string("operation")
    #expect(!operation.isEmpty)
    #expect(
      seen.value(
        "scorm_gateway_requests_total",
        ["operation": operation, "method": "GET", "status": "4xx"]) == 1)
    #expect(
      seen.value(
        "scorm_gateway_caller_requests_total",
        ["caller": "anonymous", "app": "main", "status": "4xx"]) == 1)
    #expect(
      seen.value("scorm_gateway_terminations_total", ["termination": "gateway/policy"]) == 1)
  }

  @Test("Nothing that a caller sends makes a time series, and none of its text is shown")
  func bounded() throws {
    let rig = try GatewayRig()
    _ = try rig.call("GET", "/api/v2/ping")
    // An exchange is counted when it has ended, shortly after its answer.
    #expect(try eventually { try metrics(rig).sum("scorm_gateway_requests_total") == 1 })
    let before = try metrics(rig)
    for i in 0..<20 {
      let wire = try rig.caller()
      try wire.send(
        "CANARY\(i) /api/v2/canary\(i)?more=canary HTTP/1.1\r\nHost: localhost\r\nX-Scorm-App: canary\(i)\r\n"
          + "User-Agent: canary\r\nConnection: close\r\n\r\n")
      _ = try wire.answer()
    }
    #expect(try eventually { try metrics(rig).sum("scorm_gateway_requests_total") == 21 })
    let after = try metrics(rig)
    #expect(!after.text.lowercased().contains("canary"))
    #expect(!after.text.contains("sandbox-secret"))
    #expect(after.samples.count < before.samples.count + 30)
  }

  @Test("A gateway whose upstream is gone stays ready, and says what is wrong")
  func degraded() throws {
    // Nothing listens on port 1.
    let rig = try GatewayRig(upstream: 1)
    func verbose() throws -> (Int, String) {
      let port = try #require(rig.gateway.adminAddress?.port)
      let answer = try Wire(port: port).call("GET", "/readyz?verbose")
      return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }
    #expect(try eventually { try verbose().0 == 200 })
    #expect(try rig.call("GET", "/api/v2/ping").status == 502)
    #expect(try eventually { try verbose().1.contains("\"status\":\"degraded\"") })
    let (status, text) = try verbose()
    #expect(status == 200)
    #expect(text.contains("{\"name\":\"upstream\",\"ready\":false,\"required\":false,"))
    #expect(try metrics(rig).value("scorm_gateway_check_ok", ["check": "upstream"]) == 0)
    #expect(
      try metrics(rig).value("scorm_gateway_upstream_connects_total", ["result": "failed"]) ?? 0 > 0
    )
  }

  @Test("A log that cannot be written leaves the gateway serving and ready, and is told")
  func logFull() throws {
    let rig = try GatewayRig(["traffic.log.path": "/dev/full"])
    for _ in 0..<5 { #expect(try rig.call("GET", "/api/v2/ping").status == 200) }
    #expect(
      try eventually {
        try metrics(rig).value("scorm_gateway_log_lines_dropped_total", [:]) == 5
      })
    #expect(try metrics(rig).value("scorm_gateway_log_up", [:]) == 0)
    let port = try #require(rig.gateway.adminAddress?.port)
    let answer = try Wire(port: port).call("GET", "/readyz?verbose")
    let text = String(decoding: answer.body, as: UTF8.self)
    #expect(answer.status == 200 && text.contains("\"status\":\"degraded\""))
    #expect(text.contains("5 lines are lost so far"))
  }
}
