import Testing

@testable import HTTPMessages

/// A request that must be refused.
struct RefusedRequest: Sendable, CustomTestStringConvertible {
  let why: String
  let fault: RequestFault
  let bytes: [UInt8]

  init(_ fault: RequestFault, _ why: String, _ text: String) {
    self.why = why
    self.fault = fault
    bytes = payload(text)
  }

  var testDescription: String { why }
}

/// A request that must be read as `summary` says.
struct AcceptedRequest: Sendable, CustomTestStringConvertible {
  let why: String
  let summary: String
  let fields: [String]?
  let bytes: [UInt8]

  init(_ why: String, _ text: String, _ summary: String, fields: [String]? = nil) {
    self.why = why
    self.summary = summary
    self.fields = fields
    bytes = payload(text)
  }

  var testDescription: String { why }
}

/// What strict readers must refuse: the grammar's own rules, and the forms known from request smuggling
/// (two readings of one message), from the test suites of other servers and from published attacks.
enum RequestTables {
  private static let host = "Host: localhost\r\n"

  /// `lines` between a request line, a Host field and the empty line.
  private static func get(_ lines: String) -> String {
    "GET /a HTTP/1.1\r\n" + host + lines + "\r\n"
  }

  private static func post(_ lines: String) -> String {
    "POST /a HTTP/1.1\r\n" + host + lines + "\r\n"
  }

  static let refused: [RefusedRequest] = startLines + targets + fields + hosts + lengths + codings

  static let startLines: [RefusedRequest] = [
    .init(.bareLineFeed, "lines end in LF", "GET /a HTTP/1.1\nHost: localhost\n\n"),
    .init(.bareLineFeed, "request line ends in LF", "GET /a HTTP/1.1\nHost: localhost\r\n\r\n"),
    .init(.bareLineFeed, "LF in the method", "GE\nT /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.bareLineFeed, "LF in the target", "GET /a\nb HTTP/1.1\r\n\(host)\r\n"),
    .init(.bareLineFeed, "LF before the request line", "\nGET /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.bareCarriageReturn, "CR before the request line", "\rGET /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.bareCarriageReturn, "CR alone ends the line", "GET /a HTTP/1.1\rHost: x\r\n\r\n"),
    .init(.leadingWhitespace, "space first", " GET /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.leadingWhitespace, "tab first", "\tGET /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.leadingWhitespace, "three empty lines", "\r\n\r\n\r\nGET /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "HTTP/0.9", "GET /a\r\n\r\n"),
    .init(.requestLine, "method alone", "GET\r\n\r\n"),
    .init(.requestLine, "two spaces before the target", "GET  /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "no target", "GET  HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "tab behind the method", "GET\t/a HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "tab behind the target", "GET /a\tHTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "method in quotes", "\"GET\" /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "colon in the method", "GET: /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "NUL in the method", "G\0ET /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "method beyond ASCII", "G\u{CB}T /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.requestLine, "TLS where plain text is spoken", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}"),
    .init(
      .methodTooLong, "a method of 33 bytes",
      String(repeating: "M", count: 33) + " /a HTTP/1.1\r\n\(host)\r\n"),
    .init(.version, "two spaces before the version", "GET /a  HTTP/1.1\r\n\(host)\r\n"),
    .init(.version, "space in the target", "GET /a b HTTP/1.1\r\n\(host)\r\n"),
    .init(.version, "space behind the version", "GET /a HTTP/1.1 \r\n\(host)\r\n"),
    .init(.version, "lower case", "GET /a http/1.1\r\n\(host)\r\n"),
    .init(.version, "another protocol", "GET /a RTSP/1.0\r\n\(host)\r\n"),
    .init(.version, "two digits behind the point", "GET /a HTTP/1.10\r\n\(host)\r\n"),
    .init(.version, "two digits before the point", "GET /a HTTP/11.1\r\n\(host)\r\n"),
    .init(.version, "no minor number", "GET /a HTTP/1\r\n\(host)\r\n"),
    .init(.version, "no point", "GET /a HTTP/1,1\r\n\(host)\r\n"),
    .init(.version, "letters for digits", "GET /a HTTP/a.b\r\n\(host)\r\n"),
    .init(.version, "no version but a space", "GET /a \r\n\(host)\r\n"),
    .init(.versionUnsupported, "HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    .init(.versionUnsupported, "HTTP/0.9 by name", "GET /a HTTP/0.9\r\n\(host)\r\n"),
    .init(.versionUnsupported, "HTTP/3", "GET /a HTTP/3.0\r\n\(host)\r\n"),
  ]

  static let targets: [RefusedRequest] =
    ["\"", "<", ">", "\\", "^", "`", "{", "|", "}", "#", "\0", "\u{1}", "\u{7F}", "\u{C3}\u{BC}"]
    .flatMap { byte in
      [
        .init(
          .target, "\(byte.debugDescription) in a path", "GET /a\(byte)b HTTP/1.1\r\n\(host)\r\n"),
        .init(
          .target, "\(byte.debugDescription) in a query", "GET /?\(byte) HTTP/1.1\r\n\(host)\r\n"),
      ]
    } + [
      .init(.target, "no slash", "GET a HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "query alone", "GET ?a=b HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "asterisk for GET", "GET * HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "asterisk with more", "OPTIONS *a HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "authority for GET", "GET localhost:80 HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "another scheme", "GET ftp://localhost/a HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "scheme without slashes", "GET http:/a HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "absolute without a path", "GET http://localhost HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "absolute with a query", "GET http://localhost?a HTTP/1.1\r\n\(host)\r\n"),
      .init(.target, "scheme alone", "GET http:// HTTP/1.1\r\n\(host)\r\n"),
      .init(.hostSyntax, "absolute without a host", "GET http:///a HTTP/1.1\r\n\(host)\r\n"),
      .init(.hostSyntax, "userinfo", "GET http://user@localhost/a HTTP/1.1\r\n\(host)\r\n"),
      .init(.hostSyntax, "password", "GET http://a:b@localhost/a HTTP/1.1\r\n\(host)\r\n"),
      .init(.hostSyntax, "escape in a host", "GET http://local%68ost/a HTTP/1.1\r\n\(host)\r\n"),
      .init(
        .targetTooLong, "a target of 8,193 bytes",
        "GET /" + String(repeating: "a", count: 8192) + " HTTP/1.1\r\n\(host)\r\n"),
    ]

  static let fields: [RefusedRequest] =
    [
      (0x00, "NUL"), (0x01, "SOH"), (0x08, "BS"), (0x0B, "VT"), (0x0C, "FF"), (0x1B, "ESC"),
      (0x7F, "DEL"),
    ].map { (byte: UInt8, name: String) in
      .init(.controlByte, "\(name) in a value", get("X-A: b\(Unicode.Scalar(byte))c\r\n"))
    } + [
      .init(.controlByte, "NUL first in a value", get("X-A: \0b\r\n")),
      .init(.bareLineFeed, "LF in a value", get("X-A: b\nX-B: c\r\n")),
      .init(.bareLineFeed, "LF ends the empty line", "GET /a HTTP/1.1\r\n\(host)\n"),
      .init(.bareLineFeed, "LF in a name", get("X\nA: b\r\n")),
      .init(.bareCarriageReturn, "CR in a value", get("X-A: b\rTransfer-Encoding: chunked\r\n")),
      .init(.bareCarriageReturn, "CR twice at a line's end", get("X-A: b\r\r\n")),
      .init(.bareCarriageReturn, "CR where the empty line is", get("\rX-A: b\r\n")),
      .init(.fieldName, "empty name", get(": b\r\n")),
      .init(.fieldName, "name in brackets", get("[X]: b\r\n")),
      .init(.fieldName, "NUL in a name", get("X\0A: b\r\n")),
      .init(.fieldName, "name beyond ASCII", get("X-\u{C3}\u{A9}: b\r\n")),
      .init(.fieldName, "no-break space first", get("\u{A0}Transfer-Encoding: chunked\r\n")),
      .init(.fieldName, "semicolon for the colon", get("X-A; b\r\n")),
      .init(.fieldName, "control byte first", get("\u{1}Content-Length: 5\r\n")),
      .init(.fieldNoColon, "no colon", get("X-A\r\n")),
      .init(.whitespaceBeforeColon, "space before the colon", get("X-A : b\r\n")),
      .init(.whitespaceBeforeColon, "tab before the colon", get("X-A\t: b\r\n")),
      .init(.whitespaceBeforeColon, "space in a name", get("X A: b\r\n")),
      .init(
        .whitespaceBeforeColon, "framing hidden by a space",
        post("Content-Length : 5\r\nContent-Length: 6\r\n")),
      .init(.foldedLine, "folded line", get("X-A: b\r\n c\r\n")),
      .init(.foldedLine, "line folded by a tab", get("X-A: b\r\n\tc\r\n")),
      .init(.foldedLine, "space before the first line", "GET /a HTTP/1.1\r\n Host: x\r\n\r\n"),
      .init(.foldedLine, "framing folded", post("Transfer-Encoding:\r\n chunked\r\n")),
      .init(
        .fieldLineTooLong, "a line of 8,193 bytes",
        get("X-A: " + String(repeating: "b", count: 8188) + "\r\n")),
      .init(
        .tooManyFields, "101 fields", get(String(repeating: "X-A: b\r\n", count: 100))),
      .init(
        .headTooLarge, "more than 32 KiB",
        get(String(repeating: "X-A: " + String(repeating: "b", count: 4000) + "\r\n", count: 9))),
      .init(.misleadingName, "Content_Length", post("Content_Length: 5\r\n")),
      .init(.misleadingName, "Transfer_Encoding", post("Transfer_Encoding: chunked\r\n")),
      .init(.misleadingName, "transfer_encoding", post("transfer_encoding: chunked\r\n")),
      .init(.misleadingName, "X_Scorm_App", get("X_Scorm_App: other\r\n")),
      .init(.misleadingName, "X-Scorm_Anything", get("X-Scorm_Anything: 1\r\n")),
      .init(.misleadingName, "X_Forwarded_For", get("X_Forwarded_For: 10.0.0.1\r\n")),
      .init(.misleadingName, "Proxy_Authorization", get("Proxy_Authorization: a\r\n")),
      .init(.connectionOptions, "Host in Connection", get("Connection: close, Host\r\n")),
      .init(.connectionOptions, "framing in Connection", post("Connection: Content-Length\r\n")),
      .init(.connectionOptions, "coding in Connection", post("Connection: transfer-encoding\r\n")),
      .init(.connectionOptions, "credential in Connection", get("Connection: AUTHORIZATION\r\n")),
      .init(.connectionOptions, "our id in Connection", get("Connection: X-Request-Id\r\n")),
      .init(.connectionOptions, "option that is no token", get("Connection: keep alive\r\n")),
      .init(.connectionOptions, "parameter of an option", get("Connection: close;a=b\r\n")),
      .init(
        .connectionOptions, "17 options",
        get("Connection: " + Array(repeating: "x", count: 17).joined(separator: ",") + "\r\n")),
      .init(
        .connectionOptions, "17 options over several lines",
        get(String(repeating: "Connection: x\r\n", count: 17))),
      .init(.expectation, "unknown expectation", post("Expect: 200-ok\r\n")),
      .init(.expectation, "empty expectation", post("Expect:\r\n")),
      .init(
        .expectation, "two expectations", post("Expect: 100-continue\r\nExpect: 100-continue\r\n")),
      .init(.expectation, "expectation with more", post("Expect: 100-continue, a=b\r\n")),
    ]

  static let hosts: [RefusedRequest] =
    [
      .init(.hostMissing, "no Host", "GET /a HTTP/1.1\r\nX-A: b\r\n\r\n"),
      .init(.hostMissing, "no fields", "GET /a HTTP/1.1\r\n\r\n"),
      .init(.hostMissing, "no Host beside an absolute target", "GET http://a/ HTTP/1.1\r\n\r\n"),
      .init(.hostRepeated, "two equal", get("Host: localhost\r\n")),
      .init(.hostRepeated, "two in any case", get("hOST: other\r\n")),
      .init(.hostRepeated, "two in HTTP/1.0", "GET / HTTP/1.0\r\n\(host)\(host)\r\n"),
      .init(
        .hostSyntax, "a bad Host beside a good target",
        "GET http://localhost/ HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    ]
    + [
      "", "a, b", "a b", "a@b", "a/b", "a?b", "a#b", "a:b", "a:", "a:65536", ":80", "%61", "[::1",
      "\u{E9}",
    ]
    .map { .init(.hostSyntax, "Host: \($0)", "GET /a HTTP/1.1\r\nHost: \($0)\r\n\r\n") }

  static let lengths: [RefusedRequest] =
    [
      "", "+5", "-5", "05", "00", "5 5", "5,5", "5, 5", "0x5", "5_0", "5.0", "5;a", "\"5\"", "five",
      "1234567890123456789", "18446744073709551616", "\u{B5}", "5\u{A0}",
    ].map { .init(.contentLength, "Content-Length: \($0)", post("Content-Length: \($0)\r\n")) } + [
      .init(
        .contentLengthRepeated, "two equal", post("Content-Length: 5\r\nContent-Length: 5\r\n")),
      .init(
        .contentLengthRepeated, "two that differ",
        post("Content-Length: 5\r\nX-A: b\r\ncontent-length: 6\r\n")),
    ]

  static let codings: [RefusedRequest] =
    [
      "", "chunk", "chunkedd", "xchunked", "identity", "gzip", "chunked, gzip", "chunked, chunked",
      "gzip, chunked, chunked", ", chunked", "chunked,", "chunked;q=1", "\"chunked\"", "'chunked",
      "chunked\u{A0}", "\u{A0}chunked", "chun ked", "chunked chunked", "gzip;q=1, chunked",
      "\u{C5}\u{BF}chunked",
    ].map {
      .init(.transferEncoding, "Transfer-Encoding: \($0)", post("Transfer-Encoding: \($0)\r\n"))
    }
    + [
      .init(
        .transferEncoding, "two lines",
        post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n")),
      .init(
        .transferEncoding, "two equal lines",
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
      .init(.transferEncodingUnknown, "gzip first", post("Transfer-Encoding: gzip, chunked\r\n")),
      .init(
        .transferEncodingUnknown, "identity first",
        post("Transfer-Encoding: identity ,\tchunked\r\n")),
      .init(
        .transferEncodingInHTTP10, "HTTP/1.0",
        "POST /a HTTP/1.0\r\n\(host)Transfer-Encoding: chunked\r\n\r\n"),
      .init(
        .contentLengthAndTransferEncoding, "length first",
        post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n")),
      .init(
        .contentLengthAndTransferEncoding, "coding first",
        post("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n")),
      .init(
        .contentLengthAndTransferEncoding, "coding is nonsense",
        post("Content-Length: 6\r\nTransfer-Encoding: x\r\n")),
      .init(
        .contentLengthAndTransferEncoding, "length is nonsense",
        post("Content-Length: x\r\nTransfer-Encoding: chunked\r\n")),
    ]

  /// Chunked bodies that must be refused.
  static let refusedChunks: [RefusedRequest] = [
    .init(.chunkSize, "empty size", "\r\nhello"),
    .init(.chunkSize, "not a digit", "x\r\n"),
    .init(.chunkSize, "negative", "-5\r\nhello\r\n"),
    .init(.chunkSize, "plus", "+5\r\nhello\r\n"),
    .init(.chunkSize, "0x", "0x5\r\nhello\r\n"),
    .init(.chunkSize, "underscore", "1_0\r\n"),
    .init(.chunkSize, "space first", " 5\r\nhello\r\n"),
    .init(.chunkSize, "space behind", "5 \r\nhello\r\n"),
    .init(.chunkSize, "tab behind", "5\t\r\nhello\r\n"),
    .init(.chunkSize, "two numbers", "5 5\r\nhello\r\n"),
    .init(.chunkSize, "sixteen digits", "0000000000000005\r\nhello\r\n"),
    .init(.chunkSize, "size of 2 to the 64th", "10000000000000005\r\nhello\r\n"),
    .init(.chunkSize, "comma", "5,\r\nhello\r\n"),
    .init(.chunkSize, "NUL", "5\0\r\nhello\r\n"),
    .init(.bareLineFeed, "size ends in LF", "5\nhello\r\n0\r\n\r\n"),
    .init(.bareCarriageReturn, "size ends in CR", "5\rhello\r\n0\r\n\r\n"),
    .init(.chunkEnd, "data longer than its size", "5\r\nhello!\r\n0\r\n\r\n"),
    .init(.chunkEnd, "data ends in LF", "5\r\nhello\n0\r\n\r\n"),
    .init(.chunkEnd, "data ends in CR", "5\r\nhello\r0\r\n\r\n"),
    .init(.chunkEnd, "data ends in nothing", "5\r\nhello0\r\n\r\n"),
    .init(.chunkExtension, "empty extension", "5;\r\nhello\r\n"),
    .init(.chunkExtension, "two semicolons", "5;;a\r\nhello\r\n"),
    .init(.chunkExtension, "no name", "5;=b\r\nhello\r\n"),
    .init(.chunkExtension, "no value", "5;a=\r\nhello\r\n"),
    .init(.chunkExtension, "no value before the next", "5;a=;b\r\nhello\r\n"),
    .init(.chunkExtension, "two values", "5;a=b=c\r\nhello\r\n"),
    .init(.chunkExtension, "two quoted values", "5;a=\"b\"=\"c\"\r\nhello\r\n"),
    .init(.chunkExtension, "two equals signs", "5;a==b\r\nhello\r\n"),
    .init(.chunkExtension, "quoted name", "5;\"a\"\r\nhello\r\n"),
    .init(.chunkExtension, "quote inside a token", "5;a=b\"c\"\r\nhello\r\n"),
    .init(.chunkExtension, "token behind a quote", "5;a=\"b\"c\r\nhello\r\n"),
    .init(.chunkExtension, "CR inside quotes", "5;a=\"b\r\n0\r\n\r\n\"\r\nhello\r\n"),
    .init(.chunkExtension, "LF inside quotes", "5;a=\"b\n\"\r\nhello\r\n"),
    .init(.chunkExtension, "escaped control byte", "5;a=\"\\\u{1}\"\r\nhello\r\n"),
    .init(.chunkExtension, "DEL inside quotes", "5;a=\"\u{7F}\"\r\nhello\r\n"),
    .init(.chunkExtension, "control byte", "5;a\u{1}\r\nhello\r\n"),
    .init(.chunkExtension, "byte beyond ASCII", "5;\u{E9}\r\nhello\r\n"),
    .init(.chunkExtension, "space inside", "5;a b\r\nhello\r\n"),
    .init(.bareLineFeed, "extension ends in LF", "5;a\nhello\r\n"),
    .init(.bareCarriageReturn, "extension ends in CR", "5;a\rhello\r\n"),
    .init(.trailer, "trailer without a name", "0\r\n: b\r\n\r\n"),
    .init(.trailer, "trailer without a colon", "0\r\nX-A\r\n\r\n"),
    .init(.trailer, "trailer with a space before its colon", "0\r\nX-A : b\r\n\r\n"),
    .init(.trailer, "folded trailer", "0\r\nX-A: b\r\n c\r\n\r\n"),
    .init(.trailer, "NUL in a trailer", "0\r\nX-A: \0\r\n\r\n"),
    .init(.trailer, "request line for a trailer", "0\r\nGET / HTTP/1.1\r\n\r\n"),
    .init(.bareLineFeed, "trailer ends in LF", "0\r\nX-A: b\n\r\n"),
    .init(.bareLineFeed, "body ends in LF", "0\r\n\n"),
    .init(.bareCarriageReturn, "trailer ends in CR", "0\r\nX-A: b\r\r\n"),
    .init(.bareCarriageReturn, "body ends in CR", "0\r\n\rX"),
    .init(
      .chunkExtensionsTooLong, "one extension too long",
      "5;" + String(repeating: "a", count: 4097) + "\r\nhello\r\n"),
    .init(
      .chunkExtensionsTooLong, "many extensions too long together",
      String(repeating: "1;a=bcdef\r\nx\r\n", count: 600)),
    .init(
      .chunkExtensionsTooLong, "whitespace too long", "5" + String(repeating: " ", count: 5000)),
    .init(
      .trailersTooLong, "trailers too long",
      "0\r\nX-A: " + String(repeating: "b", count: 8192) + "\r\n\r\n"),
  ]

  /// What callers send, and must be read as meant.
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
