import Testing

@testable import Forwarding

@Suite("The head that goes upstream")
struct RequestHeadRewriterTests {
  private static let first = "GET /api/v2/courses HTTP/1.1\r\nHost: cloud.example\r\n"
  private static let via = "Via: 1.1 scorm-gateway-0000cafe\r\n"

  /// The field lines that are sent upstream for these, without our own.
  private static func passed(_ fields: [String]) -> String? {
    guard let upstream = take(["GET /api/v2/courses HTTP/1.1"] + fields).upstream,
      upstream.hasPrefix(first), upstream.hasSuffix(via)
    else { return nil }
    return String(upstream.dropFirst(first.count).dropLast(via.count))
  }

  @Test("order, case, spacing and repeated names stay byte for byte")
  func untouched() {
    let fields = [
      "X-b:  2 ", "x-A:\t1", "Accept: */*", "X-b: 3", "Empty:", "User-Agent: a\u{E9}b",
      "If-None-Match: \"x\"", "Range: bytes=0-1", "User_Agent: u", "Content-Type: text/plain",
      "Accept-Encoding: gzip", "traceparent: 00-0123-45-01",
    ]
    let expected = fields.map { $0 + "\r\n" }.joined()
    #expect(RequestHeadRewriterTests.passed(fields) == expected)
  }

  @Test("every field line is followed by ours, and nothing stands between target and Host")
  func wholeHead() {
    let request = [
      "PUT /apps/second/api/v2//courses/a%2Fb/title?x=%zz HTTP/1.1", "Accept: */*",
      "Host: localhost", "Content-Length: 12", "Via: 1.0 fred",
    ]
    #expect(
      take(request).upstream
        == "PUT /api/v2/courses/a%2Fb/title?x=%zz HTTP/1.1\r\nHost: cloud.example\r\n"
        + "Accept: */*\r\nContent-Length: 12\r\nVia: 1.0 fred\r\nVia: 1.1 scorm-gateway-0000cafe\r\n"
    )
  }

  @Test("an HTTP/1.0 request goes on as HTTP/1.1, and Via says what it was")
  func http10() {
    let bytes = Array("GET /api/v2/ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".utf8)
    #expect(
      take(bytes: bytes).upstream
        == "GET /api/v2/ping HTTP/1.1\r\nHost: cloud.example\r\nVia: 1.0 scorm-gateway-0000cafe\r\n"
    )
  }

  @Test("a chunked body is framed anew, after all else")
  func chunked() {
    let request = [
      "POST /api/v2/registrations HTTP/1.1", "Transfer-Encoding: Chunked", "Trailer: Expires",
      "A: 1",
    ]
    #expect(
      take(request).upstream
        == "POST /api/v2/registrations HTTP/1.1\r\nHost: cloud.example\r\nA: 1\r\n"
        + "Via: 1.1 scorm-gateway-0000cafe\r\nTransfer-Encoding: chunked\r\n")
  }

  @Test(
    "what speaks for the connection or the caller ends here, wherever it stands",
    arguments: [
      "Authorization: Basic Og==", "authorization: Bearer x", "Proxy-Authorization: Basic eA==",
      "Cookie: a=b", "Connection: keep-alive", "Proxy-Connection: keep-alive",
      "Keep-Alive: timeout=5", "TE: trailers", "Trailer: A", "Upgrade: websocket",
      "HTTP2-Settings: AAMAAABk", "Forwarded: for=1.2.3.4", "X-Forwarded-For: 1.2.3.4",
      "X-Forwarded-Host: a", "X-Forwarded-Proto: https", "X-Forwarded-Uri: /x",
      "X-Forwarded-Prefix: /x", "X-Real-IP: 1.2.3.4", "X-Original-URL: /x", "X-Rewrite-URL: /x",
      "X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE",
      "Client-Cert: :x:", "Client-Cert-Chain: :x:", "X-Scorm-Priority: batch",
      "X-Scorm-Anything: 1", "X-Request-Id: abc", "Sec-Fetch-Site: none", "Max-Forwards: 3",
      "Access-Control-Request-Method: GET", "Proxy-Status: x", "Proxy-Authenticate: Basic",
    ])
  func dropped(field: String) {
    let kept = "A: 1\r\nB: 2\r\n"
    #expect(RequestHeadRewriterTests.passed([field, "A: 1", "B: 2"]) == kept)
    #expect(RequestHeadRewriterTests.passed(["A: 1", field, "B: 2"]) == kept)
    #expect(RequestHeadRewriterTests.passed(["A: 1", "B: 2", field]) == kept)
    #expect(RequestHeadRewriterTests.passed(["A: 1", field, field, "B: 2", field]) == kept)
    #expect(RequestHeadRewriterTests.passed([field]) == "")
    let shouting = field.split(separator: ":", maxSplits: 1)
    #expect(
      RequestHeadRewriterTests.passed([
        "A: 1", shouting[0].uppercased() + ":" + shouting[1], "B: 2",
      ])
        == kept)
  }

  @Test(
    "what other proxies say of the caller does not go up",
    arguments: [
      "True-Client-IP", "CF-Connecting-IP", "X-SSL-Client-Cert", "X-Client-IP", "Fastly-Client-IP",
      "X-Cluster-Client-IP", "X-Envoy-External-Address", "X-Amzn-Oidc-Data", "X-ARR-ClientCert",
      "X-Original-Host", "X-Forwarded", "Client-IP", "Remote-User", "X-Remote-User",
      "X-Auth-Request-Email", "X-Goog-IAP-JWT-Assertion", "X-MS-Client-Principal", "SSL-Client-DN",
      "X-Client-Cert", "X-Client-Verify", "X-Azure-ClientIP", "Fly-Client-IP", "WL-Proxy-Client-IP",
      "X-ProxyUser-IP", "X-Host", "X-HTTP-Host-Override", "X-Scheme", "Front-End-Https",
    ])
  func claims(name: String) {
    #expect(RequestHeadRewriterTests.passed(["A: 1", name + ": x", "B: 2"]) == "A: 1\r\nB: 2\r\n")
    let underscored = name.replacing("-", with: "_")
    #expect(
      take(["GET /api/v2/courses HTTP/1.1", underscored + ": x"]).words == "400 malformed-request"
        || !name.contains("-"))
  }

  @Test("the choice of an app is nobody else's business")
  func appField() {
    for fields in [["X-Scorm-App: main", "A: 1"], ["A: 1", "x-scorm-app:second"]] {
      #expect(RequestHeadRewriterTests.passed(fields) == "A: 1\r\n")
    }
  }

  @Test(
    "names with underscores that read as protected ones are refused",
    arguments: [
      "Content_Length: 1", "Transfer_Encoding: chunked", "X_Forwarded_For: a", "X_Scorm_App: main",
      "Proxy_Authorization: x", "x_original_url: /", "X_Request_Id: a",
    ])
  func underscores(field: String) {
    #expect(take(["GET /api/v2/courses HTTP/1.1", field]).words == "400 malformed-request")
  }

  @Test("fields that Connection names go with it, and only those")
  func connectionNamed() {
    let fields = [
      "Connection: close, X-Hop", "x-hop: 1", "X-Hops: 2", "A: 1", "Connection:X-Other",
      "X-OTHER: 3",
      "X-Hop: 4",
    ]
    #expect(RequestHeadRewriterTests.passed(fields) == "X-Hops: 2\r\nA: 1\r\n")
  }

  @Test(
    "Connection cannot take away what frames, routes or identifies",
    arguments: [
      "Host", "Content-Length", "Transfer-Encoding", "Authorization", "X-Request-Id", "Via",
      "Content-Type", "Cache-Control",
    ])
  func connectionCannotName(name: String) {
    let outcome = take(["GET /api/v2/courses HTTP/1.1", "Connection: close, \(name)"])
    #expect(outcome.words == "400 malformed-request")
  }

  @Test("a length is kept as it was sent")
  func contentLength() {
    #expect(
      RequestHeadRewriterTests.passed(["content-length:  7", "Expect: 100-continue"])
        == "content-length:  7\r\n")
    #expect(RequestHeadRewriterTests.passed(["Content-Length: 0"]) == "Content-Length: 0\r\n")
  }

  @Test("an upstream without a base path gets the path alone")
  func noBasePath() {
    let rules = ForwardingRules.sample { $0.upstreamBasePath = "" }
    #expect(
      take(["GET /api/v2/ping?a HTTP/1.1"], rules: rules).upstream?.hasPrefix(
        "GET /ping?a HTTP/1.1\r\n") == true)
  }
}
