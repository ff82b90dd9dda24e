import Configuration
import Foundation
import Gateway
import Memory
import Synchronization
import System
import Telemetry
import Testing

/// Traces that the gateway continues, and spans that a collector receives.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct TracingTests {
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let parent = "b7ad6b7169203331"

  private func export(to collector: Collector, sampler: String = "parentbased_always_on")
    throws -> TelemetryExport
  {
    var settings = ExportSettings(.traces, url: "http://127.0.0.1:\(collector.port)/v1/traces")
    settings.delay = 20
    var export = TelemetryExport()
    export.traces = SignalExport(settings)
    export.sampler = try #require(TraceSampler(name: sampler, argument: nil))
    return export
  }

  @Test(
    "Header fields for the collector come from the environment, are taken out of it, and go with every post"
  )
  func headerFields() throws {
    let collector = try Collector()
    let environment = Environment([
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:\(collector.port)",
      "OTEL_EXPORTER_OTLP_HEADERS": " x-api-key = CANARY%20key%2C1 ,x-tenant=a=b,",
      "OTEL_BSP_SCHEDULE_DELAY": "10", "OTEL_BLRP_SCHEDULE_DELAY": "10",
    ])
    let export = TelemetryExport(environment, warn: { _ in })
    for signal in [export.traces, export.logs] {
      #expect(signal?.headers.map(\.name) == ["x-api-key", "x-tenant"])
    }
    #expect(environment.value("OTEL_EXPORTER_OTLP_HEADERS") == nil)
    #expect(!"\(export)".contains("CANARY"))
    let rig = try GatewayRig(export: export)
    for count in 1...2 {
      _ = try rig.call("GET", "/api/v2/ping")
      for path in ["/v1/traces", "/v1/logs"] {
        #expect(
          eventually { collector.heads.count { $0.hasPrefix("POST \(path) ") } >= count })
      }
    }
    for head in collector.heads {
      #expect(
        head.contains("\r\nx-api-key: CANARY key,1\r\n") && head.contains("\r\nx-tenant: a=b\r\n"))
      #expect(head.contains("\r\nContent-Type: application/json\r\n") && !head.contains("Expect"))
    }
  }

  @Test(
    "Header fields that cannot be sent are left out, with a warning that does not quote them",
    arguments: [
      "CANARY", "=CANARY", "a b=CANARY", "a=CANARY%0d%0ab: c", "a=CANARY%", "a=CANARY%4",
      "a=%zzCANARY",
    ])
  func badHeaderFields(text: String) throws {
    let environment = Environment([
      "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS": text,
    ])
    var warnings: [String] = []
    let export = TelemetryExport(environment) { warnings.append($0) }
    #expect(export.traces?.headers.isEmpty == true && export.logs?.headers.isEmpty == true)
    #expect(warnings.count == 1)
    #expect(warnings.first?.contains("OTEL_EXPORTER_OTLP_HEADERS") == true)
    #expect(warnings.first?.contains("CANARY") == false)
  }

  @Test("A caller's trace goes on: a span for the call, a child for each upstream request")
  func continued() throws {
    let collector = try Collector()
    let upstream = try TracedUpstream()
    let rig = try GatewayRig(upstream: upstream.port, export: try export(to: collector))
    let answer = try rig.call(
      "GET", "/api/v2/courses?more=canary-more",
      [
        "traceparent: 00-\(TracingTests.trace)-\(TracingTests.parent)-01", "tracestate: a=1",
        "tracestate: b=2",
      ])
    #expect(answer.status == 200)
    let spans = try collector.spans(2)
    let server = try #require(spans.first { $0.int("kind") == 2 })
    let client = try #require(spans.first { $0.int("kind") == 3 })
    #expect(
      server.string("traceId") == TracingTests.trace
        && client.string("traceId") == TracingTests.trace)
    #expect(server.string("parentSpanId") == TracingTests.parent)
    #expect(client.string("parentSpanId") == server.string("spanId"))
    #expect(server.string("name") == "GetCourses" && client.string("name") == "GET")
    let attributes = Collector.attributes(of: server)
    #expect(attributes["http.response.status_code"] == "200")
    #expect(attributes["url.query"] == "more=***")
    #expect(attributes["scorm_gateway.app"] == "main")
    let start = try #require(Int64(server.string("startTimeUnixNano")))
    let end = try #require(Int64(server.string("endTimeUnixNano")))
    let clientStart = try #require(Int64(client.string("startTimeUnixNano")))
    #expect(start <= clientStart && clientStart <= end)
    // The upstream saw the child's ids.
    let head = try #require(upstream.heads.first).lowercased()
    #expect(
      head.contains("\r\ntraceparent: 00-\(TracingTests.trace)-\(client.string("spanId"))-01\r\n"))
    #expect(head.ranges(of: "traceparent:").count == 1)
    #expect(head.contains("\r\ntracestate: a=1\r\ntracestate: b=2\r\n"))
    let line = try #require(try rig.lines().first)
    #expect(line.string("trace_id") == TracingTests.trace)
    #expect(line.string("span_id") == server.string("spanId"))
    #expect(line.string("parent_span_id") == TracingTests.parent)
    #expect(line.attempts.first?.string("span_id") == client.string("spanId"))
    #expect(!collector.text.contains("canary") && !collector.text.contains("sandbox-secret"))
    #expect(!collector.text.contains("Bearer"))
  }

  @Test(
    "What is no trace is not continued: a new one begins, and its state is dropped",
    arguments: [
      ["traceparent: 00-\(trace)-0000000000000000-01", "tracestate: a=1"],
      [
        "traceparent: 00-\(trace)-\(parent)-01", "traceparent: 00-\(trace)-\(parent)-01",
        "tracestate: a=1",
      ],
      ["traceparent: nonsense", "tracestate: a=1"], ["tracestate: a=1"], [],
    ])
  func invalid(fields: [String]) throws {
    let collector = try Collector()
    let upstream = try TracedUpstream()
    let rig = try GatewayRig(upstream: upstream.port, export: try export(to: collector))
    _ = try rig.call("GET", "/api/v2/courses", fields)
    let server = try #require(try collector.spans(2).first { $0.int("kind") == 2 })
    #expect(server["parentSpanId"] == nil)
    #expect(server.string("traceId") != TracingTests.trace && server.string("traceId").count == 32)
    let head = try #require(upstream.heads.first).lowercased()
    #expect(head.contains("\r\ntraceparent: 00-\(server.string("traceId"))-"))
    #expect(head.ranges(of: "traceparent:").count == 1 && !head.contains("tracestate"))
  }

  @Test("A caller's decision not to sample is passed on, and no span is exported")
  func unsampled() throws {
    let collector = try Collector()
    let upstream = try TracedUpstream()
    let rig = try GatewayRig(upstream: upstream.port, export: try export(to: collector))
    _ = try rig.call(
      "GET", "/api/v2/courses", ["traceparent: 00-\(TracingTests.trace)-\(TracingTests.parent)-00"])
    _ = try rig.call("GET", "/api/v2/courses")
    let spans = try collector.spans(2)
    #expect(!spans.contains { $0.string("traceId") == TracingTests.trace })
    let head = try #require(upstream.heads.first).lowercased()
    #expect(head.contains("traceparent: 00-\(TracingTests.trace)-"))
    #expect(head.contains("-00\r\n"))
  }

  @Test("Without an exporter a trace passes through untouched")
  func off() throws {
    let upstream = try TracedUpstream()
    let rig = try GatewayRig(upstream: upstream.port)
    let parent = "00-\(TracingTests.trace)-\(TracingTests.parent)-01"
    _ = try rig.call("GET", "/api/v2/courses", ["traceparent: \(parent)", "tracestate: a=1"])
    _ = try rig.call("GET", "/api/v2/courses", ["traceparent: nonsense"])
    #expect(upstream.heads.first?.contains("traceparent: \(parent)\r\ntracestate: a=1\r\n") == true)
    #expect(upstream.heads.last?.contains("traceparent: nonsense\r\n") == true)
    let lines = try rig.lines()
    #expect(lines.first?.string("trace_id") == TracingTests.trace && lines.last?["trace_id"] == nil)
    #expect(lines.first?["span_id"] == nil)
  }

  @Test("Every exchange has a span, refused ones too, and a failed upstream request is an error")
  func failures() throws {
    let collector = try Collector()
    let rig = try GatewayRig(upstream: 1, export: try export(to: collector))
    _ = try rig.call("GET", "/api/v2/courses")
    _ = try rig.call("GET", "/api/v2/nothing")
    let wire = try rig.caller()
    try wire.send("no request\r\n\r\n")
    _ = try wire.answer()
    let spans = try collector.spans(4)
    let servers = spans.filter { $0.int("kind") == 2 }
    #expect(servers.count == 3)
    let client = try #require(spans.first { $0.int("kind") == 3 })
    #expect((client["status"] as? [String: Any])?.int("code") == 2)
    let kinds = servers.map { Collector.attributes(of: $0)["error.type"] ?? "" }.sorted()
    #expect(kinds == ["connection-refused", "malformed-request", "operation-unknown"])
  }

  @Test("A collector that is away costs spans, which are counted, and no call")
  func lost() throws {
    let collector = try Collector(["400 X"])
    let upstream = try TracedUpstream()
    let rig = try GatewayRig(upstream: upstream.port, export: try export(to: collector))
    for _ in 0..<3 { #expect(try rig.call("GET", "/api/v2/courses").status == 200) }
    func dropped() throws -> Double? {
      let port = try #require(rig.gateway.adminAddress?.port)
      let answer = try Wire(port: port).call("GET", "/metrics")
      return try Exposition(String(decoding: answer.body, as: UTF8.self)).value(
        "scorm_gateway_traces_dropped_total", ["reason": "collector"])
    }
    #expect(try eventually { try dropped() == 3 })
  }
}

/// Answers every request with 200 and keeps the heads.
private final class TracedUpstream: Sendable {
  private let server: PeerServer
  private let kept: Collector.Bodies

  var port: UInt16 { server.port }
  var heads: [String] { kept.list }

  init() throws {
    let kept = Collector.Bodies()
    server = try PeerServer { wire in
      while true {
        kept.add(try wire.take(through: "\r\n\r\n"))
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
      }
    }
    self.kept = kept
  }
}
