import HTTPMessages
import Memory
import Testing

@testable import Forwarding

@Suite("The head that goes back to the caller")
struct ResponseHeadRewriterTests {
  private static let date = "Date: Tue, 24 Nov 2026 06:21:47 GMT\r\n"
  private static let own = "Via: 1.1 scorm-gateway-0000cafe\r\nX-Content-Type-Options: nosniff\r\n"

  /// The answer that is made of these lines; nil if the parser refuses it.
  private static func answer(
    _ lines: [String], to method: HTTPMethod = .get,
    _ context: ResponseHeadRewriter.Context = .init(framing: .unchanged, closesConnection: false),
    rules: ForwardingRules = .sample
  ) throws -> String? {
    let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    var parser = ResponseHeadParser()
    guard let head = try parser.parse(bytes.span.bytesOfElements, answering: method) else {
      return nil
    }
    var dates = DateTexts()
    dates.update(wallTime: 1_795_501_307_999_999_999)
    var out = ByteBuffer()
    ResponseHeadRewriter(rules: rules).write(
      head, fields: parser.fields, in: bytes.span.bytesOfElements, context: context, dates: dates,
      into: &out)
    return out.bytes.text
  }

  @Test(
    "status and reason pass as they are, under our own version",
    arguments: [
      ("HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "1.1"), ("HTTP/1.1 404 ", "HTTP/1.1 404 ", "1.1"),
      ("HTTP/1.1 404", "HTTP/1.1 404 ", "1.1"), ("HTTP/1.0 200 Fine", "HTTP/1.1 200 Fine", "1.0"),
      ("HTTP/1.1 599 A\tB  C", "HTTP/1.1 599 A\tB  C", "1.1"),
      ("HTTP/1.9 200 OK", "HTTP/1.1 200 OK", "1.1"),
    ])
  func statusLine(line: String, expected: String, version: String) throws {
    #expect(
      try ResponseHeadRewriterTests.answer([line, "Content-Length: 1"])
        == expected + "\r\nContent-Length: 1\r\n" + ResponseHeadRewriterTests.date
        + "Via: \(version) scorm-gateway-0000cafe\r\nX-Content-Type-Options: nosniff\r\n")
  }

  @Test("fields keep their order and bytes, and an upstream's Date stands")
  func untouched() throws {
    let fields = [
      "Date: Tue, 15 Nov 1994 08:12:31 GMT", "x-B:  2", "ETag: \"a\"", "x-B: 3",
      "Content-Length: 5", "WWW-Authenticate: Basic realm=\"x\"", "Retry-After: 7",
      "Cache-Control: private", "Via: 1.1 edge", "Empty:", "X-Amzn-Trace-Id: 1",
    ]
    #expect(
      try ResponseHeadRewriterTests.answer(["HTTP/1.1 200 OK"] + fields)
        == (["HTTP/1.1 200 OK"] + fields).map { $0 + "\r\n" }.joined()
        + ResponseHeadRewriterTests.own)
  }

  @Test(
    "what belongs to the hop or to a browser ends here, wherever it stands",
    arguments: [
      "Connection: keep-alive", "Keep-Alive: timeout=5", "Proxy-Connection: close", "Trailer: A",
      "Upgrade: h2c", "TE: trailers", "Set-Cookie: a=b", "Access-Control-Allow-Origin: *",
      "Access-Control-Allow-Credentials: true", "Alt-Svc: h3=\":443\"",
      "Strict-Transport-Security: max-age=1", "Clear-Site-Data: \"*\"",
      "Public-Key-Pins: pin", "Public-Key-Pins-Report-Only: pin", "Proxy-Authenticate: Basic",
      "Proxy-Authentication-Info: x", "X-Content-Type-Options: other", "X-Request-Id: theirs",
      "Proxy-Status: hop; error=dns_error", "Proxy-Status: scorm-gateway; error=dns_error",
    ])
  func dropped(field: String) throws {
    let kept =
      "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 3\r\n" + ResponseHeadRewriterTests.date
      + ResponseHeadRewriterTests.own
    for lines in [
      [field, "A: 1", "Content-Length: 3"], ["A: 1", field, "Content-Length: 3"],
      ["A: 1", "Content-Length: 3", field], [field, field, "A: 1", field, "Content-Length: 3"],
    ] {
      #expect(try ResponseHeadRewriterTests.answer(["HTTP/1.1 200 OK"] + lines) == kept)
    }
  }

  @Test("fields that Connection names go with it")
  func connectionNamed() throws {
    #expect(
      try ResponseHeadRewriterTests.answer(
        ["HTTP/1.1 200 OK", "X-Hop: 1", "Connection: x-hop, close", "Content-Length: 0"])
        == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + ResponseHeadRewriterTests.date
        + ResponseHeadRewriterTests.own)
  }

  struct FramingCase: Sendable, CustomTestStringConvertible {
    var lines: [String]
    var method = HTTPMethod.get
    var context: ResponseHeadRewriter.Context
    var expected: String
    var testDescription: String { "\(lines) answering \(method) with \(context)" }
  }

  @Test(
    "the framing is the caller's, whatever the upstream's was",
    arguments: [
      FramingCase(
        lines: ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "A: 1"],
        context: .init(framing: .chunked, closesConnection: false),
        expected: "HTTP/1.1 200 OK\r\nA: 1\r\n\(date)Transfer-Encoding: chunked\r\n\(own)"),
      FramingCase(
        lines: ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "A: 1"],
        context: .init(framing: .untilClose, closesConnection: true),
        expected: "HTTP/1.1 200 OK\r\nA: 1\r\n\(date)Connection: close\r\n\(own)"),
      FramingCase(
        lines: ["HTTP/1.1 200 OK", "Content-Length: 9"],
        context: .init(
          framing: .unchanged, closesConnection: false, keepsAliveExplicitly: true),
        expected:
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\(date)Connection: keep-alive\r\n\(own)"),
      FramingCase(
        lines: ["HTTP/1.1 200 OK", "Content-Length: 9"], method: .head,
        context: .init(framing: .unchanged, closesConnection: false),
        expected: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\(date)\(own)"),
      FramingCase(
        lines: ["HTTP/1.1 204 No Content", "Content-Length: 0", "A: 1"],
        context: .init(framing: .unchanged, closesConnection: false),
        expected: "HTTP/1.1 204 No Content\r\nA: 1\r\n\(date)\(own)"),
      FramingCase(
        lines: ["HTTP/1.1 204 No Content", "Content-Length: 7"],
        context: .init(framing: .unchanged, closesConnection: true),
        expected: "HTTP/1.1 204 No Content\r\n\(date)Connection: close\r\n\(own)"),
      FramingCase(
        lines: ["HTTP/1.1 304 Not Modified", "Content-Length: 7", "ETag: \"a\""],
        context: .init(framing: .unchanged, closesConnection: false),
        expected:
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\nETag: \"a\"\r\n\(date)\(own)"),
      FramingCase(
        lines: ["HTTP/1.1 103 Early Hints", "Link: </a>", "Content-Length: 3", "Set-Cookie: a=b"],
        context: .init(framing: .unchanged, closesConnection: true),
        expected: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"),
      FramingCase(
        lines: ["HTTP/1.1 200 OK"],
        context: .init(framing: .chunked, closesConnection: false),
        expected: "HTTP/1.1 200 OK\r\n\(date)Transfer-Encoding: chunked\r\n\(own)"),
    ])
  func framing(of table: FramingCase) throws {
    #expect(
      try ResponseHeadRewriterTests.answer(table.lines, to: table.method, table.context)
        == table.expected)
  }

  @Test(
    "a Location below the upstream's base path leads back here, every other one stays",
    arguments: [
      ("https://cloud.example/api/v2/courses/a", "/api/v2/courses/a"),
      ("https://cloud.example/api/v2/courses?a=/b#c", "/api/v2/courses?a=/b#c"),
      ("https://cloud.example/api/v2?more=x", "/api/v2?more=x"),
      ("/api/v2/courses/a", "/api/v2/courses/a"), ("/api/v2", "/api/v2"),
      ("https://cloud.example/api/v2#top", "/api/v2#top"),
      ("http://cloud.example/api/v2/a", "/api/v2/a"),
      ("HTTPS://Cloud.EXAMPLE/api/v2/a", "/api/v2/a"),
      ("https://cloud.example./api/v2/a", "/api/v2/a"),
      ("https://cloud.example:443/api/v2/a", "/api/v2/a"),
      ("http://cloud.example:80/api/v2/a", "/api/v2/a"),
      ("https://cloud.example:/api/v2/a", "/api/v2/a"),
      ("//cloud.example/api/v2/a", "/api/v2/a"), ("//cloud.example:443/api/v2/a", "/api/v2/a"),
      ("https://cloud.example/api/v2x/a", nil), ("https://cloud.example/sc/launch?x", nil),
      ("https://cloud.example.evil.example/api/v2/a", nil),
      ("https://cloud.example:444/api/v2/a", nil), ("ftp://cloud.example/api/v2/a", nil),
      ("//cloud.example/sc/launch", nil), ("//cloud.example:8/api/v2/a", nil),
      ("//cloud.example.evil.example/api/v2/a", nil), ("https:///api/v2/a", nil),
      ("https://cloud.example..evil/api/v2/a", nil), ("https://cloud.example", nil),
      ("https://cloud.example\\@evil.example/api/v2/a", nil), ("//", nil), ("https://", nil),
      ("https://other.example/api/v2/a", nil), ("//other.example/api/v2/a", nil),
      ("https://user@cloud.example/api/v2/a", nil), ("courses/a", nil), ("", nil),
    ] as [(String, String?)])
  func location(value: String, rewritten: String?) throws {
    let lines = ["HTTP/1.1 201 Created", "A: 1", "location:  \(value)", "Content-Length: 0"]
    func expected(_ location: String) -> String {
      "HTTP/1.1 201 Created\r\nA: 1\r\nContent-Length: 0\r\nLocation: \(location)\r\n"
        + ResponseHeadRewriterTests.date + ResponseHeadRewriterTests.own
    }
    #expect(try ResponseHeadRewriterTests.answer(lines) == expected(rewritten ?? value))
    #expect(
      try ResponseHeadRewriterTests.answer(
        lines, .init(framing: .unchanged, closesConnection: false, appPrefix: "/apps/second"))
        == expected(rewritten.map { "/apps/second" + $0 } ?? value))
    #expect(
      try ResponseHeadRewriterTests.answer(
        lines, .init(framing: .unchanged, closesConnection: false, leavesLocation: true))
        == expected(value))
  }

  @Test("where an answer says that its content lies is led back too")
  func contentLocation() throws {
    let answer = try ResponseHeadRewriterTests.answer([
      "HTTP/1.1 201 Created", "Content-Location: http://cloud.example/api/v2/courses/a",
      "Location: https://other.example/x", "Content-Length: 0",
      "Link: <https://cloud.example/api/v2/courses?more=x>; rel=next",
    ])
    #expect(answer?.contains("\r\nContent-Location: /api/v2/courses/a\r\n") == true)
    #expect(answer?.contains("\r\nLocation: https://other.example/x\r\n") == true)
    #expect(answer?.contains("\r\nLink: <https://cloud.example/") == true, "a body's affair")
  }

  @Test(
    "an upstream on a port of its own, or at an address, is known by it, by a scheme's port, or by none",
    arguments: ["localhost:9000", "[::1]:9000", "127.0.0.1:9000", "[::1]"])
  func ports(authority: String) throws {
    let rules = ForwardingRules.sample { $0.upstreamAuthority = authority }
    let host = authority.replacing(":9000", with: "")
    for (value, leadsBack) in [
      ("http://\(authority)/api/v2/a", true), ("https://\(authority)/api/v2/a", true),
      ("//\(authority)/api/v2/a", true), ("http://\(host)/api/v2/a", true),
      ("https://\(host):443/api/v2/a", true), ("https://\(host):9001/api/v2/a", false),
      ("https://\(host).example/api/v2/a", false),
    ] {
      let answer = try ResponseHeadRewriterTests.answer(
        ["HTTP/1.1 302 Found", "Content-Length: 0", "Location: \(value)"], rules: rules)
      let expected = leadsBack ? "/api/v2/a" : value
      #expect(answer?.contains("\r\nLocation: \(expected)\r\n") == true, "\(value)")
    }
  }

  @Test("blanks before a colon are not passed on, and neither is what ends here in spite of them")
  func blankBeforeColon() throws {
    let answer = try ResponseHeadRewriterTests.answer([
      "HTTP/1.1 200 OK", "X-A \t:  1", "Set-Cookie : a=b", "Connection : X-Hop", "X-Hop : 1",
      "Content-Length : 5", "Location : http://cloud.example/api/v2/a", "X-B: 2",
    ])
    #expect(
      answer
        == "HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 5\r\nX-B: 2\r\n"
        + "Location: /api/v2/a\r\n" + ResponseHeadRewriterTests.date
        + ResponseHeadRewriterTests.own)
  }

  @Test("an upstream without a base path does not turn another host into a path")
  func networkPath() throws {
    let rules = ForwardingRules.sample { $0.upstreamBasePath = "" }
    for (value, expected) in [
      ("//other.example/x", "//other.example/x"), ("/courses/a", "/api/v2/courses/a"),
      ("https://cloud.example/courses/a", "/api/v2/courses/a"),
      ("https://other.example/a", "https://other.example/a"),
    ] {
      let answer = try ResponseHeadRewriterTests.answer(
        ["HTTP/1.1 302 Found", "Content-Length: 0", "Location: \(value)"], rules: rules)
      #expect(answer?.contains("\r\nLocation: \(expected)\r\n") == true)
    }
  }
}
