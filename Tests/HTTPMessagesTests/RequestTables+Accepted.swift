@testable import HTTPMessages

extension RequestTables {
  /// Requests of real clients, which must be read as intended.
  static let accepted: [AcceptedRequest] = [
    .init(
      "curl",
      "GET /api/v2/ping HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
      "GET origin /api/v2/ping 127.0.0.1:8080 1.1 none keeps",
      fields: ["Host: 127.0.0.1:8080", "User-Agent: curl/7.88.1", "Accept: */*"]),
    .init(
      "curl with a large body",
      "POST /api/v2/courses?courseId=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n",
      "POST origin /api/v2/courses ?courseId=a localhost 1.1 length(1048577) keeps continue"),
    .init(
      "urllib3",
      "GET /api/v2//courses?limit=5&since= HTTP/1.1\r\nHost: localhost:8080\r\nAccept-Encoding: identity\r\nAccept: application/json\r\nUser-Agent: Swagger-Codegen/1.0.0/python\r\nAuthorization: Basic Og==\r\n\r\n",
      "GET origin /api/v2//courses ?limit=5&since= localhost:8080 1.1 none keeps"),
    .init(
      "Java's client asking for HTTP/2",
      "GET /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: 0\r\nHost: localhost:8080\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\nUser-Agent: Java-http-client/17.0.9\r\n\r\n",
      "GET origin /a localhost:8080 1.1 none keeps"),
    .init(
      "Java's old client",
      "GET /a HTTP/1.1\r\nUser-Agent: Java/1.8.0\r\nHost: localhost\r\nAccept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2\r\nConnection: keep-alive\r\n\r\n",
      "GET origin /a localhost 1.1 none keeps"),
    .init(
      ".NET",
      "PUT /a HTTP/1.1\r\nHost: localhost\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json; charset=utf-8\r\n\r\n",
      "PUT origin /a localhost 1.1 chunked keeps"),
    .init(
      "axios",
      "DELETE /a HTTP/1.1\r\nAccept: application/json, text/plain, */*\r\nUser-Agent: axios/1.6.0\r\nAccept-Encoding: gzip, compress, deflate, br\r\nHost: localhost:8080\r\nConnection: keep-alive\r\n\r\n",
      "DELETE origin /a localhost:8080 1.1 none keeps"),
    .init(
      "libwww-perl",
      "GET /a HTTP/1.1\r\nTE: deflate,gzip;q=0.3\r\nConnection: TE, close\r\nHost: localhost\r\n\r\n",
      "GET origin /a localhost 1.1 none"),
    .init("keep-alive, TE", get("Connection: keep-alive, TE\r\nTE: trailers\r\n"), plain),
    .init("close", get("Connection: close\r\n"), "GET origin /a localhost 1.1 none"),
    .init("Close, keep-alive", get("Connection: Close, keep-alive\r\n"), closed),
    .init("close on the second line", get("Connection: x\r\nConnection: CLOSE\r\n"), closed),
    .init("empty Connection", get("Connection:\r\n"), plain),
    .init("empty elements in Connection", get("Connection: , keep-alive,,\r\n"), plain),
    .init(
      "16 options",
      get("Connection: " + Array(repeating: "x", count: 16).joined(separator: ",") + "\r\n"), plain),
    .init(
      "Chunked", post("Transfer-Encoding: Chunked\r\n"),
      "POST origin /a localhost 1.1 chunked keeps"),
    .init(
      "whitespace around chunked", post("Transfer-Encoding:\t chunked \t\r\n"),
      "POST origin /a localhost 1.1 chunked keeps"),
    .init(
      "no whitespace", post("CONTENT-LENGTH:35\r\n"),
      "POST origin /a localhost 1.1 length(35) keeps"),
    .init(
      "whitespace around a length", post("Content-Length: \t 35 \t\r\n"),
      "POST origin /a localhost 1.1 length(35) keeps"),
    .init("length of 0", post("Content-Length: 0\r\n"), "POST origin /a localhost 1.1 none keeps"),
    .init(
      "length of 18 digits", post("Content-Length: 999999999999999999\r\n"),
      "POST origin /a localhost 1.1 length(999999999999999999) keeps"),
    .init(
      "body of a GET", get("Content-Length: 5\r\n"), "GET origin /a localhost 1.1 length(5) keeps"),
    .init("expectation without a body", get("Expect: 100-Continue\r\n"), plain),
    .init(
      "empty expectation", post("Expect:\r\nContent-Length: 5\r\n"),
      "POST origin /a localhost 1.1 length(5) keeps"),
    .init(
      "empty expectations beside one",
      post("Expect: \r\nExpect: 100-continue\r\nExpect:\r\nContent-Length: 5\r\n"),
      "POST origin /a localhost 1.1 length(5) keeps continue"),
    .init(
      "expectation before a chunked body",
      post("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n"),
      "POST origin /a localhost 1.1 chunked keeps continue"),
    .init(
      "expectation in HTTP/1.0",
      "POST /a HTTP/1.0\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
      "POST origin /a localhost 1.0 length(5)"),
    .init("HTTP/1.0 without Host", "GET /a HTTP/1.0\r\n\r\n", "GET origin /a 1.0 none"),
    .init(
      "HTTP/1.0 that asks to be kept",
      "GET /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
      "GET origin /a a 1.0 none"),
    .init("a later HTTP/1", "GET /a HTTP/1.9\r\nHost: localhost\r\n\r\n", plain),
    .init("one empty line first", "\r\n" + get(""), plain),
    .init("two empty lines first", "\r\n\r\n" + get(""), plain),
    .init(
      "lower-case method", "get /a HTTP/1.1\r\nHost: a\r\n\r\n", "get origin /a a 1.1 none keeps"),
    .init(
      "method of every token byte", "!#$%&'*+-.^_`|~09AZaz /a HTTP/1.1\r\nHost: a\r\n\r\n",
      "!#$%&'*+-.^_`|~09AZaz origin /a a 1.1 none keeps"),
    .init(
      "method of 32 bytes", String(repeating: "M", count: 32) + " /a HTTP/1.1\r\nHost: a\r\n\r\n",
      String(repeating: "M", count: 32) + " origin /a a 1.1 none keeps"),
    .init(
      "every byte of a target",
      "GET /!$%&'()*+,-./09:;=@AZ[]_az~?!$%&'()*+,-./09:;=?@AZ[]_az~ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET origin /!$%&'()*+,-./09:;=@AZ[]_az~ ?!$%&'()*+,-./09:;=?@AZ[]_az~ a 1.1 none keeps"),
    .init("empty query", "GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", "GET origin /a ? a 1.1 none keeps"),
    .init(
      "OPTIONS of the server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
      "OPTIONS asterisk a 1.1 none keeps"),
    .init(
      "CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "CONNECT authority a:1 1.1 none keeps"
    ),
    .init(
      "absolute target", "GET http://Localhost:8080/a?b HTTP/1.1\r\nHost: other\r\n\r\n",
      "GET absolute /a ?b Localhost:8080 1.1 none keeps"),
    .init(
      "absolute target over HTTPS, with an address",
      "GET HTTPS://[::1]:8080/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET absolute / [::1]:8080 1.1 none keeps"),
    .init(
      "absolute target in HTTP/1.0", "GET http://a/ HTTP/1.0\r\n\r\n", "GET absolute / a 1.0 none"),
    .init(
      "values as they may be",
      get(
        "Empty:\r\nBlank: \t \r\nTrail: a \t\r\nTab: a\tb\r\nUTF-8: caf\u{C3}\u{A9}\r\nLatin: \u{E9}\u{FF}\u{80}\r\nColon::b: c\r\nQuote: \"a\\\"\r\n"
      ),
      plain,
      fields: [
        "Host: localhost", "Empty: ", "Blank: ", "Trail: a", "Tab: a\tb", "UTF-8: caf\u{C3}\u{A9}",
        "Latin: \u{E9}\u{FF}\u{80}", "Colon: :b: c", "Quote: \"a\\\"",
      ]),
    .init(
      "names as they may be",
      get("X.Custom|Pipe: a\r\n!#$%&'*+-.^`~09: b\r\nmy_header: c\r\nUser_Agent: d\r\n_: e\r\n"),
      plain,
      fields: [
        "Host: localhost", "X.Custom|Pipe: a", "!#$%&'*+-.^`~09: b", "my_header: c",
        "User_Agent: d", "_: e",
      ]),
    .init(
      "what only looks like framing",
      post(
        "X: X\tTransfer-Encoding: chunked\r\nContent-Encoding: chunked\r\nContent-Length-X: 5\r\n"),
      "POST origin /a localhost 1.1 none keeps"),
    .init("100 fields", get(String(repeating: "X-A: b\r\n", count: 99)), plain),
  ]

  private static let plain = "GET origin /a localhost 1.1 none keeps"
  private static let closed = "GET origin /a localhost 1.1 none"
}
