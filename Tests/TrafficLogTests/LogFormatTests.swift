import Foundation
import Memory
import Testing

@testable import TrafficLog

@Suite("Lines for web server tools and for people")
struct LogFormatTests {
  private static let full =
    #"{"timestamp":"2026-11-24T07:01:33.579950Z","request_id":"order-17","client.address":"127.0.0.1","#
    + #""http.request.method":"GET","url.path":"/api/v2/courses","url.query":"more=***","#
    + #""user_agent.original":"curl/7.88.1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","caller":"crm","#
    + #""app":"main","operation":"GetCourses","credential":"token","scope":"read:course","#
    + #""upstream":[{"address":"h:443","status":0,"duration":0.5,"retry":"closed"},"#
    + #"{"address":"h:443","status":200,"duration":0.000827}],"http.response.status_code":200,"#
    + #""http.request.body.size":0,"http.response.body.size":40,"duration":0.502032,"queue_wait":0,"#
    + #""token_wait":0.001205,"token_fingerprint":"2bb63d45","termination":"completed"}"#

  private static let bare =
    #"{"timestamp":"2026-01-02T00:00:00.000001Z","request_id":"0a","client.address":"unix:0","#
    + #""http.response.status_code":0,"http.request.body.size":0,"http.response.body.size":0,"#
    + #""duration":0,"queue_wait":0,"token_wait":0,"termination":"caller/request","error.type":"malformed-request"}"#

  private func render(_ line: String, _ format: LogFormat) -> String {
    var renderer = LineRenderer(format)
    var out = ByteBuffer()
    renderer.put((line + "\n").utf8.span.bytesOfElements, into: &out)
    return out.bytes.text
  }

  @Test(
    "Combined lines are those of web servers, with ours behind them",
    arguments: [
      (
        full,
        #"127.0.0.1 - crm [24/Nov/2026:07:01:33 +0000] "GET /api/v2/courses?more=*** HTTP/1.1" 200 40 "-" "#
          + #""curl/7.88.1" 0.502032 0.000827 GetCourses main completed - order-17"# + "\n"
      ),
      (
        bare,
        #"unix:0 - - [02/Jan/2026:00:00:00 +0000] "-" 000 0 "-" "-" 0 - - - caller/request malformed-request 0a"#
          + "\n"
      ),
      (
        full.replacing(
          #""trace_id""#, with: #""network.protocol.version":"1.0","trace_id""#),
        #"127.0.0.1 - crm [24/Nov/2026:07:01:33 +0000] "GET /api/v2/courses?more=*** HTTP/1.0" 200 40 "-" "#
          + #""curl/7.88.1" 0.502032 0.000827 GetCourses main completed - order-17"# + "\n"
      ),
    ])
  func combined(line: String, expected: String) { #expect(render(line, .combined) == expected) }

  @Test(
    "People read when, how it ended, how long it took and what was asked; then what is out of the ordinary",
    arguments: [
      (
        full,
        "07:01:33.579 200    502ms GET    /api/v2/courses?more=***  GetCourses  crm \u{2192} main  token read:course"
          + "  token after 1.2ms  order-17\n"
      ),
      (
        bare,
        "00:00:00.000 ---    0.0ms (no request)  caller/request malformed-request  0a\n"
      ),
    ])
  func human(line: String, expected: String) {
    #expect(render(line, .human(hasColours: false)) == expected)
    let coloured = render(line, .human(hasColours: true))
    #expect(coloured.contains("\u{1B}["))
    #expect(coloured.replacing(/\x1b\[[0-9;]*m/, with: "") == expected)
  }

  @Test("What is no line of ours goes as it is, and spoils no other")
  func foreign() {
    let text = "not JSON\n{}\n\(LogFormatTests.bare)\n"
    let rendered = render(String(text.dropLast()), .combined)
    #expect(rendered.hasPrefix("not JSON\n{}\nunix:0 - - ["))
    #expect(rendered.split(separator: "\n").count == 3)
  }

  /// Bytes with which callers may try to attack an operator's terminal or a log reader.
  static let hostile: [[UInt8]] = [
    Array("\u{1B}]0;owned\u{07}\u{1B}[2J".utf8), Array("\"; rm -rf / \\".utf8),
    Array("a\r\nGET /forged HTTP/1.1\" 200 1".utf8), Array("\u{2028}\u{2029}\u{85}\u{9B}31m".utf8),
    [0xC0, 0xAF, 0xFF, 0xFE, 0x80, 0xED, 0xA0, 0x80], Array("%0a%0d%1b[31m".utf8),
    Array("\u{202E}evitagen\u{202C}\u{2066}\u{FEFF}\u{200B}\u{61C}".utf8),
    Array(repeating: UInt8(ascii: "x"), count: 8192), Array("\0\u{7F}\t".utf8), [0x9B, 0x33, 0x31],
    Array("-\" \"- \\\"\\\\ \\u001b".utf8), Array("caf\u{E9} \u{1F600}".utf8),
  ]

  /// A line as the relay makes it, with `bytes` wherever a caller can put some.
  private func line(_ bytes: [UInt8]) -> ByteBuffer {
    var line = ByteBuffer()
    TrafficLine.open(into: &line)
    line.put("2026-11-24T07:01:33.")
    TrafficLine.putMicrosecond(1, into: &line)
    line.put("id")
    TrafficLine.openAddress(of: "gw-1", into: &line)
    line.put("127.0.0.1")
    let method = Array("GET".utf8)
    TrafficLine.putRequest(
      method: method.span.bytesOfElements, path: bytes.span.bytesOfElements,
      query: bytes.span.bytesOfElements, into: &line)
    TrafficLine.putUserAgent(bytes.span.bytesOfElements, into: &line)
    TrafficLine.putPlan(
      caller: String(decoding: bytes, as: UTF8.self), app: "a b", operation: nil, credential: nil,
      scope: nil, into: &line)
    TrafficLine.putEnding(TrafficLine.Ending(), hasAttempts: false, into: &line)
    return line
  }

  @Test("Whatever a caller sends makes one line, in every format", arguments: hostile)
  func hostileLines(bytes: [UInt8]) throws {
    let json = line(bytes)
    let object = try JSONSerialization.jsonObject(with: Data(json.bytes.copied()))
    #expect((object as? [String: Any])?["request_id"] as? String == "id")

    var renderer = LineRenderer(.combined)
    var combined = ByteBuffer()
    renderer.put(json.bytes, into: &combined)
    let text = combined.bytes.copied()
    #expect(text.filter { $0 == 0x0A }.count == 1 && text.last == 0x0A)
    #expect(text.dropLast().allSatisfy { 0x20..<0x7F ~= $0 }, "visible ASCII and nothing else")
    // A reader that every tool has: quotes are only where the format puts them.
    let pattern =
      /^\S+ - \S+ \[[^\]]+\] "([^"]*)" \d{3} \d+ "-" "([^"]*)" \S+ \S+ \S+ \S+ \S+ \S+ id\n$/
    #expect(String(decoding: text, as: UTF8.self).wholeMatch(of: pattern) != nil)

    var human = ByteBuffer()
    renderer = LineRenderer(.human(hasColours: false))
    renderer.put(json.bytes, into: &human)
    let scalars = Array(
      try #require(String(bytes: human.bytes.copied(), encoding: .utf8)).unicodeScalars)
    #expect(scalars.last == "\n")
    for scalar in scalars.dropLast() {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
        Issue.record("U+\(String(scalar.value, radix: 16)) reaches the terminal")
      default: break
      }
    }
  }

  @Test("A masked value stays masked, in every format")
  func masked() {
    var line = ByteBuffer()
    TrafficLine.open(into: &line)
    line.put("2026-11-24T07:01:33.")
    TrafficLine.putMicrosecond(1, into: &line)
    line.put("id")
    TrafficLine.openAddress(of: "gw-1", into: &line)
    let query = Array("more=canary&auth=canary&jwt=canary&x=canary&tags=seen".utf8)
    let word = Array("GET".utf8)
    TrafficLine.putRequest(
      method: word.span.bytesOfElements, path: word.span.bytesOfElements,
      query: query.span.bytesOfElements, into: &line)
    TrafficLine.putEnding(TrafficLine.Ending(), hasAttempts: false, into: &line)
    for format in [LogFormat.json, .combined, .human(hasColours: true)] {
      let text = render(String(line.bytes.text.dropLast()), format)
      #expect(!text.contains("canary") && text.contains("tags=seen"))
    }
  }
}
