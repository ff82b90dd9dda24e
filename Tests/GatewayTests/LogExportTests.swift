import Foundation
import Memory
import System
import Telemetry
import Testing

@testable import Gateway

/// Exports of the traffic log to a collector.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct LogExportTests {
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let parent = "b7ad6b7169203331"

  private func export(
    to port: UInt16, _ change: (inout ExportSettings) -> Void = { _ in }
  ) -> TelemetryExport {
    var settings = ExportSettings(.logs, url: "http://127.0.0.1:\(port)/v1/logs")
    settings.delay = 20
    change(&settings)
    var export = TelemetryExport()
    export.logs = SignalExport(settings)
    return export
  }

  private func metric(
    _ rig: GatewayRig, _ name: String, _ labels: [String: String] = [:]
  ) throws -> Double? {
    let port = try #require(rig.gateway.adminAddress?.port)
    let answer = try Wire(port: port).call("GET", "/metrics")
    return try Exposition(String(decoding: answer.body, as: UTF8.self)).value(name, labels)
  }

  @Test("A call is one record, with the fields of its line and no secret")
  func record() throws {
    let collector = try Collector()
    let rig = try GatewayRig(["traffic.gateway": "gate-1"], export: export(to: collector.port))
    _ = try rig.call(
      "GET", "/api/v2/courses?zz=canary-more",
      [
        "X-Request-Id: r-1", "User-Agent: bill\"ing", "Authorization: Bearer canary-token",
        "traceparent: 00-\(LogExportTests.trace)-\(LogExportTests.parent)-00",
      ])
    let record = try #require(try collector.records(1).first)
    #expect(
      try collector.resource() == [
        "service.name": "scorm-gateway", "service.version": GatewayVersion.text,
        "service.instance.id": "gate-1",
      ])
    let line = try #require(try rig.lines().first)
    #expect(record.int("severityNumber") == 9 && record.string("severityText") == "INFO")
    #expect(
      (record["body"] as? [String: Any])?.string("stringValue")
        == "GET /api/v2/courses?zz=*** 200 completed")
    // The caller's trace, which it decided not to sample. Without spans the record has no span id.
    #expect(record.string("traceId") == LogExportTests.trace && record["spanId"] == nil)
    let attributes = Collector.attributes(of: record)
    for (name, value) in line where name != "timestamp" && name != "trace_id" {
      let key = name.contains(".") ? name : "scorm_gateway." + name
      let attribute = try #require(attributes[key], "\(key)")
      if let text = value as? String { #expect(attribute == text) }
    }
    #expect(attributes.count == line.count - 2)
    #expect(attributes["http.response.status_code"] == "200")
    #expect(attributes["user_agent.original"] == "bill\"ing")
    let upstream = try #require(attributes["scorm_gateway.upstream"])
    #expect(upstream.contains("kvlistValue") && upstream.contains("address"))
    let time = try #require(Int64(record.string("timeUnixNano")))
    let observed = try #require(Int64(record.string("observedTimeUnixNano")))
    #expect(Double(observed - time) / 1e9 == line.double("duration"))
    #expect(!collector.text.contains("canary") && !collector.text.contains("sandbox-secret"))
  }

  @Test("Severity tells what went well, what was refused, and what failed")
  func severities() throws {
    let collector = try Collector()
    let upstream = try PeerServer { wire in
      let head = try wire.take(through: "\r\n\r\n")
      switch true {
      case head.contains("/courses/cut"):
        try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}")
      case head.contains("/courses/bad"):
        try wire.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
      default: try wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
      }
    }
    let rig = try GatewayRig(upstream: upstream.port, export: export(to: collector.port))
    for path in ["courses/good", "nothing", "courses/bad", "courses/cut"] {
      _ = try? rig.call("GET", "/api/v2/\(path)")
    }
    let records = try collector.records(4)
    let severities = Dictionary(
      uniqueKeysWithValues: records.map {
        (Collector.attributes(of: $0)["url.path"] ?? "", $0.string("severityText"))
      })
    #expect(
      severities == [
        "/api/v2/courses/good": "INFO", "/api/v2/nothing": "WARN",
        "/api/v2/courses/bad": "ERROR", "/api/v2/courses/cut": "ERROR",
      ])
  }

  @Test("Acts of operators are records too, and bytes that are not a request")
  func others() throws {
    let collector = try Collector()
    let rig = try GatewayRig(export: export(to: collector.port))
    let admin = try #require(rig.gateway.adminAddress?.port)
    #expect(try Wire(port: admin).call("POST", "/api/mode?mode=read-only").status == 200)
    let caller = try rig.caller()
    try caller.send("not HTTP at all\r\n\r\n")
    _ = try caller.answer()
    let texts = try collector.records(2).map {
      ($0["body"] as? [String: Any])?.string("stringValue") ?? ""
    }
    #expect(
      Set(texts) == [
        "POST /api/mode?mode=read-only 200 admin",
        "(no request) 400 caller/request malformed-request",
      ])
  }

  @Test("Recorded bodies stay in log and journal")
  func bodies() throws {
    let collector = try Collector()
    let rig = try GatewayRig(
      yaml: """
        apps: [{name: main, id: SANDBOX, secret: {env: SCORM_SECRET_KEY}}]
        traffic: {capture: [{operation: GetCourses}]}
        """, export: export(to: collector.port))
    _ = try rig.call("GET", "/api/v2/courses")
    let record = try #require(try collector.records(1).first)
    #expect(try rig.lines().first?["http.response.body.content"] != nil)
    let names = Collector.attributes(of: record).keys
    #expect(!names.contains { $0.contains(".content") || $0.contains(".omitted") })
  }

  @Test(
    "Log records are exported without a log and without a journal, and compressed where that is wanted"
  )
  func alone() throws {
    let collector = try Collector()
    let rig = try GatewayRig(
      yaml: """
        apps: [{name: main, id: SANDBOX, secret: {env: SCORM_SECRET_KEY}}]
        traffic: {log: null, journal: null}
        """, ["traffic.log.path": "null"],
      export: export(to: collector.port) { $0.compresses = true })
    _ = try rig.call("GET", "/api/v2/ping")
    #expect(try collector.records(1).count == 1)
    #expect(!rig.logExists)
    #expect(collector.heads.first?.contains("\r\nContent-Encoding: gzip\r\n") == true)
    #expect(
      try eventually { try metric(rig, "scorm_gateway_log_records_exported_total") == 1 })
  }

  @Test("A busy collector is asked again when it said, and the record arrives once")
  func retry() throws {
    let collector = try Collector(["503 Busy\r\nRetry-After: 20", "429 Slow", "200 OK"])
    let rig = try GatewayRig(export: export(to: collector.port))
    _ = try rig.call("GET", "/api/v2/ping")
    #expect(eventually { collector.heads.count == 1 })
    // Not before the 20 seconds are over, whatever else wakes the exporter. Its own pause is over long before.
    rig.clock.turn(by: 10_000_000_000)
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    #expect(collector.heads.count == 1)
    #expect(
      eventually {
        rig.clock.turn(by: 1_000_000_000)
        return collector.heads.count >= 3
      })
    #expect(
      collector.bodies[1] == collector.bodies[0] && collector.bodies[2] == collector.bodies[0])
    #expect(
      try eventually { try metric(rig, "scorm_gateway_log_records_exported_total") == 2 })
    #expect(
      try metric(rig, "scorm_gateway_log_records_dropped_total", ["reason": "collector"]) == 0)
  }

  @Test("Records that a collector does not take are counted, told of once, and cost no call")
  func refused() throws {
    let collector = try Collector(["400 No", "400 No", "200 OK"])
    let rig = try GatewayRig(export: export(to: collector.port) { $0.batch = 1 })
    for count in 1...3 {
      #expect(try rig.call("GET", "/api/v2/ping").status == 200)
      #expect(eventually { collector.heads.count == count })
    }
    #expect(
      try eventually { try metric(rig, "scorm_gateway_log_records_exported_total") == 1 })
    #expect(
      try metric(rig, "scorm_gateway_log_records_dropped_total", ["reason": "collector"]) == 2)
    rig.end()
    let told = rig.told.all.filter { $0.contains("log records") }
    #expect(
      told == [
        "log records are not exported: http://127.0.0.1:\(collector.port)/v1/logs: the collector answered 400; "
          + "those of 1 calls are lost so far",
        "log records are exported again; those of 2 calls are lost so far",
      ])
  }

  @Test(
    "What a collector throws away although it answers 200 is counted as lost, and not sent again")
  func partial() throws {
    let collector = try Collector(
      content: #"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"too old"}}"#)
    let rig = try GatewayRig(export: export(to: collector.port))
    _ = try rig.call("GET", "/api/v2/ping")
    #expect(
      try eventually {
        try metric(rig, "scorm_gateway_log_records_dropped_total", ["reason": "collector"]) == 1
      })
    #expect(try metric(rig, "scorm_gateway_log_records_exported_total") == 0)
    rig.end()
    #expect(collector.heads.count == 1)
  }

  @Test("A gateway that ends sends what waits first, and does not wait for a collector that hangs")
  func end() throws {
    let collector = try Collector()
    let rig = try GatewayRig(export: export(to: collector.port) { $0.delay = 600_000 })
    for _ in 0..<3 { _ = try rig.call("GET", "/api/v2/ping") }
    #expect(collector.heads.isEmpty)
    rig.end()
    #expect(try collector.records(3).count == 3)
    // A collector that never answers: the log is still whole, and the gateway ends in time.
    let silent = try PeerServer { wire in _ = try wire.take(through: "never") }
    let other = try GatewayRig(export: export(to: silent.port))
    _ = try other.call("GET", "/api/v2/ping")
    let began = SystemClock.monotonic
    #expect(try other.lines().count == 1)
    // A single request would wait for ten seconds, and would be tried five times.
    #expect(SystemClock.monotonic - began < 20_000_000_000)
  }

  @Test(
    "What finds no room to wait is dropped and counted, and nobody waits for a collector that hangs"
  )
  func overflow() throws {
    let silent = try PeerServer { wire in _ = try wire.take(through: "never") }
    let exporter = try OTLPExporter(
      try #require(export(to: silent.port).logs), gateway: "gate-1", tell: { _ in })
    let line =
      #"{"timestamp":"2026-11-24T07:01:33.579950Z","x":""#
      + String(repeating: "a", count: 200_000) + "\"}\n"
    var lines = ByteBuffer()
    for _ in 0..<5 { lines.put(text: line) }
    // 40 MB: more than may wait, in addition to what the exporter's thread has taken.
    for _ in 0..<40 { exporter.write(lines) }
    let health = exporter.health
    #expect(health.overflowed > 0 && health.overflowed < 200 && health.overflowed % 5 == 0)
    #expect(health.exported == 0)
    exporter.beginStop()
    exporter.write(lines)
    #expect(exporter.health.overflowed >= health.overflowed + 5)
  }

  @Test("A record is valid whatever a line holds, and what is no line has none")
  func oddLines() throws {
    var encoder = LogRecordEncoder([])
    let lines = [
      #"{"timestamp":"2026-11-24T07:01:33.579950Z","odd":null,"pages":1.5,"flag":true,"off":false}"#,
      #"{"timestamp":"2026-11-24T07:01:33.579950Z","upstream":[],"deep":{"a":[{"b":-1e3}]}}"#,
      #"{"timestamp":"2026-11-24T07:01:33.5"#, "", "[]", #"{"a":1}"#,
      #"{"timestamp":"2026-11-24T07:01:33.579950Z","error.type":"a\"b\\","url.path":"/\u0000"}"#,
    ]
    var body = ""
    let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
    let read = encoder.encode(bytes.span.bytesOfElements, from: 0, limit: 100) { span in
      body = String(decoding: span.copied(), as: UTF8.self)
    }
    #expect(read.count == lines.count && read.next == bytes.count)
    let object = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
    let scopes = (object?["resourceLogs"] as? [[String: Any]])?.first?["scopeLogs"]
    let records = (scopes as? [[String: Any]])?.first?["logRecords"] as? [[String: Any]]
    #expect(records?.count == 3)
    let first = Collector.attributes(of: records?.first ?? [:])
    #expect(first["scorm_gateway.pages"] == "1.5" && first["scorm_gateway.odd"] == "")
  }
}
