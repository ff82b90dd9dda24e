import Foundation
import Memory
import Testing

@testable import TrafficLog

@Suite("The line of one exchange")
struct TrafficLineTests {
  /// The data of an exchange, as the relay writes it.
  private struct Exchange {
    var request: (method: String, path: [UInt8], query: [UInt8])? = ("GET", Array("/a".utf8), [])
    var gateway = "gw-1"
    var userAgent: [UInt8]?
    var traceparent: String?
    var caller = ""
    var app: String?
    var operation: StaticString?
    var attempts: [TrafficLine.Attempt] = []
    var ending = TrafficLine.Ending()

    func line() -> ByteBuffer {
      var out = ByteBuffer()
      TrafficLine.open(into: &out)
      out.put("2026-11-24T06:21:47.")
      TrafficLine.putMicrosecond(42, into: &out)
      out.put("id-1")
      TrafficLine.openAddress(of: gateway, into: &out)
      out.put("127.0.0.1:5000")
      if let request {
        TrafficLine.putRequest(
          method: Array(request.method.utf8).span.bytesOfElements,
          path: request.path.span.bytesOfElements, query: request.query.span.bytesOfElements,
          into: &out)
      } else {
        TrafficLine.closeAddress(into: &out)
      }
      if let userAgent {
        TrafficLine.putUserAgent(userAgent.span.bytesOfElements, into: &out)
      }
      if let traceparent {
        TrafficLine.putTraceID(
          fromTraceparent: Array(traceparent.utf8).span.bytesOfElements, into: &out)
      }
      TrafficLine.putPlan(
        caller: caller, app: app, operation: operation, credential: app == nil ? nil : "token",
        scope: app == nil ? nil : "read:course", into: &out)
      var address = ByteBuffer()
      address.put("cloud.example:443")
      for (i, attempt) in attempts.enumerated() {
        TrafficLine.putAttempt(attempt, address: address, isFirst: i == 0, into: &out)
      }
      TrafficLine.putEnding(ending, hasAttempts: !attempts.isEmpty, into: &out)
      return out
    }
  }

  private func read(_ exchange: Exchange) throws -> [String: Any] {
    let line = exchange.line()
    let bytes = line.bytes.copied()
    #expect(bytes.last == UInt8(ascii: "\n"))
    #expect(bytes.count { $0 == UInt8(ascii: "\n") } == 1, "one line an exchange")
    return try object(line.bytes)
  }

  @Test("a forwarded exchange tells everything, under the names of the contract")
  func whole() throws {
    var exchange = Exchange()
    exchange.request = ("POST", Array("/api/v2/courses/a%2Fb".utf8), Array("more=x&tags=1".utf8))
    exchange.userAgent = Array("curl/8".utf8)
    exchange.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    exchange.caller = "crm"
    exchange.app = "main"
    exchange.operation = "GetCourses"
    exchange.attempts = [
      .init(status: 0, duration: 1, retryReason: "closed"),
      .init(status: 200, duration: 1_500_000, retryReason: nil),
    ]
    exchange.ending.status = 200
    exchange.ending.requestBodySize = 7
    exchange.ending.responseBodySize = 9_000_000_000
    exchange.ending.duration = 1_500_123
    exchange.ending.queueWait = 3
    exchange.ending.tokenWait = -4
    exchange.ending.tokenFingerprint = 0xBEEF
    let line = try read(exchange)
    #expect(
      Set(line.keys) == [
        "timestamp", "request_id", "gateway", "client.address", "http.request.method", "url.path",
        "url.query", "user_agent.original", "trace_id", "caller", "app", "operation",
        "credential", "scope", "upstream", "http.response.status_code", "http.request.body.size",
        "http.response.body.size", "duration", "queue_wait", "token_wait", "token_fingerprint",
        "termination",
      ])
    #expect(line["timestamp"] as? String == "2026-11-24T06:21:47.000042Z")
    #expect(line["request_id"] as? String == "id-1")
    #expect(line["gateway"] as? String == "gw-1")
    #expect(line["client.address"] as? String == "127.0.0.1:5000")
    #expect(line["url.path"] as? String == "/api/v2/courses/a%2Fb")
    #expect(line["url.query"] as? String == "more=***&tags=1")
    #expect(line["trace_id"] as? String == "0af7651916cd43dd8448eb211c80319c")
    #expect(line["caller"] as? String == "crm")
    #expect(line["credential"] as? String == "token")
    #expect(line["scope"] as? String == "read:course")
    #expect(line["http.response.body.size"] as? Int == 9_000_000_000)
    #expect(line["duration"] as? Double == 1.500123)
    #expect(line["queue_wait"] as? Double == 0.000003)
    #expect(line["token_wait"] as? Double == 0, "a clock that went back makes no negative time")
    #expect(line["token_fingerprint"] as? String == "0000beef")
    let attempts = try #require(line["upstream"] as? [[String: Any]])
    #expect(attempts.count == 2)
    #expect(attempts[0]["retry"] as? String == "closed")
    #expect(attempts[0]["status"] as? Int == 0)
    #expect(attempts[1]["retry"] == nil)
    #expect(attempts[1]["status"] as? Int == 200)
    #expect(attempts[1]["duration"] as? Double == 1.5)
    #expect(attempts[1]["address"] as? String == "cloud.example:443")
  }

  @Test("bytes that were no request leave a line too")
  func noRequest() throws {
    var exchange = Exchange()
    exchange.request = nil
    exchange.ending.status = 400
    exchange.ending.termination = "caller/request"
    exchange.ending.errorType = "malformed-request"
    let line = try read(exchange)
    #expect(line["error.type"] as? String == "malformed-request")
    #expect(line["termination"] as? String == "caller/request")
    #expect(line["http.request.method"] == nil && line["upstream"] == nil && line["caller"] == nil)
  }

  @Test("hostile bytes in path, query and user agent change no other member")
  func hostile() throws {
    let all = (0...255).map(UInt8.init)
    for bytes in [
      all, Array(all.reversed()), Array("\"},{\"duration\":9,\"x\":\"".utf8),
      Array("a\u{2028}\u{85}b".utf8), Array(repeating: 0xFF, count: 5000),
      Array(repeating: UInt8(ascii: "\""), count: 9000),
    ] {
      var exchange = Exchange()
      exchange.request = ("GET", bytes, bytes)
      exchange.userAgent = bytes
      exchange.ending.status = 204
      let line = try read(exchange)
      #expect(line["duration"] as? Double == 0)
      #expect(line["http.response.status_code"] as? Int == 204)
      #expect(line.count == 15)
    }
  }

  @Test("a line has a bounded length, whatever was sent")
  func bounded() {
    var exchange = Exchange()
    let long = [UInt8](repeating: 0xFF, count: 100_000)
    exchange.request = ("GET", long, long)
    exchange.userAgent = long
    #expect(exchange.line().count < 6 * (2048 + 2048 + 512) + 1024)
  }

  @Test("configured names cannot break the line")
  func names() throws {
    var exchange = Exchange()
    exchange.caller = "a\"b\\c"
    exchange.app = "é\u{1}"
    exchange.gateway = "b\"c"
    let line = try read(exchange)
    #expect(line["gateway"] as? String == "b\"c")
    #expect(line["caller"] as? String == "a\"b\\c")
    #expect(line["app"] as? String == "é\u{1}")
  }

  @Test("a gateway without a name leaves none")
  func nameless() throws {
    var exchange = Exchange()
    exchange.gateway = ""
    let line = try read(exchange)
    #expect(line["gateway"] == nil && line["client.address"] as? String == "127.0.0.1:5000")
  }

  @Test(
    "only a proper traceparent gives a trace id",
    arguments: [
      "", "00", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319\"-b7ad6b7169203331-01",
      "000af7651916cd43dd8448eb211c80319cx-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
    ])
  func traceparent(value: String) throws {
    var exchange = Exchange()
    exchange.traceparent = value
    #expect(try read(exchange)["trace_id"] == nil)
  }
}
