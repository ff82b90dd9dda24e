import Testing

@testable import HTTPMessages

/// An answer that must be refused.
struct RefusedResponse: Sendable, CustomTestStringConvertible {
  let why: String
  let fault: ResponseFault
  let bytes: [UInt8]

  init(_ fault: ResponseFault, _ why: String, _ text: String) {
    self.why = why
    self.fault = fault
    bytes = payload(text)
  }

  var testDescription: String { why }
}

/// An answer that must be read as `summary` says.
struct AcceptedResponse: Sendable, CustomTestStringConvertible {
  let why: String
  let method: HTTPMethod
  let summary: String
  let bytes: [UInt8]

  init(_ why: String, _ text: String, _ summary: String) { self.init(why, .get, text, summary) }

  init(_ why: String, _ method: HTTPMethod, _ text: String, _ summary: String) {
    self.why = why
    self.method = method
    self.summary = summary
    bytes = payload(text)
  }

  var testDescription: String { why }
}

/// An upstream is not trusted: its answers are read as strictly as callers' requests.
enum ResponseTables {
  private static func ok(_ lines: String) -> String { "HTTP/1.1 200 OK\r\n" + lines + "\r\n" }

  static let refused: [RefusedResponse] =
    [
      "HTTP/1.1 200 OK\nDate: a\n\n", "HTTP/1.1 200\n\n", "HTTP/1.1\r\nDate: a\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/0.9 200 OK\r\n\r\n",
      "RTSP/1.1 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTP/1.a 200 OK\r\n\r\n",
      "HTTP/1.10 200 OK\r\n\r\n", "HTTP/1.1\t200 OK\r\n\r\n", "HTTP/1.1200 OK\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 200\tOK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n",
      "HTTP/1.1 200 O\0K\r\n\r\n", "HTTP/1.1 200 O\rK\r\n\r\n", "HTTP/1.1 200 \u{7F}\r\n\r\n",
      "HTTP/1.1 200 OK\r\r\n\r\n", " HTTP/1.1 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n",
      "<html>hello</html>\r\n\r\n", "ICY 200 OK\r\n\r\n", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ].map { .init(.statusLine, $0.debugDescription, $0) }
    + ["099", "000", "600", "999", "-12", " 20", "2 0", "20a", "\u{B2}00", "0x1", "+20"]
    .map { .init(.statusCode, "status \($0)", "HTTP/1.1 \($0) OK\r\n\r\n") }
    + [
      "X-A b: c", " : b", "X-A \r\n", "X-A \t", "X-A", ": b", "X-A: b\r\n c", " X-A: b",
      "X-A: b\rc", "X-A: b\nX-B: c",
      "X-A: \0", "X A: b", "X-A: b\u{7F}", "\u{A0}X: b", "Content_Length: 5",
      "Transfer-Encoding: chunked\r\n abc", "Connection: Content-Length", "Connection: a b",
    ].map { .init(.malformedHead, $0.debugDescription, ok($0 + "\r\n")) }
    + ["", "-5", "+5", "05", "5, 5", "6,06,6", "0x5", "1e3", "5 5", "1234567890123456789"]
    .map { .init(.contentLength, "Content-Length: \($0)", ok("Content-Length: \($0)\r\n")) }
    + [
      "", "gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked;a=b",
      ", chunked", "\"chunked\"",
    ].map { .init(.transferEncoding, "coding \($0)", ok("Transfer-Encoding: \($0)\r\n")) }
    + [
      .init(.contentLength, "two equal lengths", ok("Content-Length: 5\r\nContent-Length: 5\r\n")),
      .init(.contentLength, "two lengths", ok("Content-Length: 44\r\nContent-Length: 6\r\n")),
      .init(
        .contentLength, "a bad length where there is no body",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n"),
      .init(
        .transferEncoding, "chunked twice",
        ok("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
      .init(
        .transferEncoding, "chunked in HTTP/1.0",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      .init(
        .contentLengthAndTransferEncoding, "both",
        ok("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
      .init(
        .contentLengthAndTransferEncoding, "both, length 0",
        ok("transfer-encoding: chunked\r\ncontent-length: 0\r\n")),
      .init(.headTooLarge, "201 fields", ok(String(repeating: "X-A: b\r\n", count: 201))),
      .init(
        .headTooLarge, "a line of more than 32 KiB",
        ok("X-A: " + String(repeating: "b", count: 32 * 1024) + "\r\n")),
      .init(
        .headTooLarge, "more than 64 KiB",
        ok(String(repeating: "X-A: " + String(repeating: "b", count: 9000) + "\r\n", count: 8))),
      .init(
        .headTooLarge, "a reason of more than 32 KiB",
        "HTTP/1.1 200 " + String(repeating: "b", count: 33_000)),
    ]

  static let accepted: [AcceptedResponse] = [
    .init("a length", ok("Content-Length: 5\r\n"), "200 1.1 length(5) keeps"),
    .init("a length of 0", ok("Content-Length: 0\r\n"), "200 1.1 none keeps"),
    .init("a length in tabs", ok("Content-Length:\t5\t\r\n"), "200 1.1 length(5) keeps"),
    .init("chunks", ok("Transfer-Encoding: chunked\r\n"), "200 1.1 chunked keeps"),
    .init("Chunks", ok("TRANSFER-ENCODING: Chunked \r\n"), "200 1.1 chunked keeps"),
    .init("neither", ok(""), "200 1.1 untilClose"),
    .init("close", ok("Content-Length: 5\r\nConnection: close\r\n"), "200 1.1 length(5)"),
    .init(
      "an odd option", ok("Content-Length: 5\r\nConnection: mooo\r\n"), "200 1.1 length(5) keeps"),
    .init("no reason", "HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\n", "200 1.1 length(5) keeps"),
    .init(
      "no space either", "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n", "200 1.1 length(5) keeps"),
    .init("no field, no reason", "HTTP/1.1 204\r\n\r\n", "204 1.1 none keeps"),
    .init(
      "a reason in UTF-8", "HTTP/1.1 404 caf\u{C3}\u{A9}\tand more!\r\n\r\n", "404 1.1 untilClose"),
    .init("a reason in Latin-1", "HTTP/1.1 500 Ungl\u{FC}ck\r\n\r\n", "500 1.1 untilClose"),
    .init(
      "HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "200 1.0 length(5)"),
    .init(
      "HTTP/1.0 kept",
      "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n",
      "200 1.0 length(5) keeps"),
    .init(
      "HTTP/1.0 that promises to be kept but ends with its connection",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", "200 1.0 untilClose"),
    .init(
      "a later HTTP/1", "HTTP/1.3 200 OK\r\nContent-Length: 5\r\n\r\n", "200 1.1 length(5) keeps"),
    .init("an interim answer", "HTTP/1.1 100 Continue\r\n\r\n", "100 1.1 none keeps"),
    .init(
      "a hint", "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n", "103 1.1 none keeps"),
    .init(
      "a switch with a length", "HTTP/1.1 101 Switching\r\nContent-Length: 4\r\n\r\n",
      "101 1.1 none keeps"),
    .init("204 with a length", "HTTP/1.1 204 a\r\nContent-Length: 5\r\n\r\n", "204 1.1 none keeps"),
    .init(
      "304 with a length", "HTTP/1.1 304 a\r\nContent-Length: 5\r\n\r\n", "304 1.1 none keeps"),
    .init(
      "304 with chunks", "HTTP/1.1 304 a\r\nTransfer-Encoding: chunked\r\n\r\n",
      "304 1.1 none keeps"),
    .init("HEAD with a length", .head, ok("Content-Length: 5\r\n"), "200 1.1 none keeps"),
    .init("HEAD with chunks", .head, ok("Transfer-Encoding: chunked\r\n"), "200 1.1 none keeps"),
    .init("HEAD with neither", .head, ok(""), "200 1.1 none keeps"),
    .init("an unknown status", "HTTP/1.1 299 a\r\nContent-Length: 0\r\n\r\n", "299 1.1 none keeps"),
    .init("the last status", "HTTP/1.1 599 a\r\nContent-Length: 0\r\n\r\n", "599 1.1 none keeps"),
    .init(
      "fields as they may be",
      ok("X_Y: a\r\nEmpty:\r\nUTF-8: \u{C3}\u{A9}\r\nContent-Length: 5\r\n"),
      "200 1.1 length(5) keeps"),
    .init(
      "200 fields", ok(String(repeating: "X-A: b\r\n", count: 199) + "Content-Length: 5\r\n"),
      "200 1.1 length(5) keeps"),
    .init(
      "blanks before a colon", ok("Content-Length \t: 5\r\nX-A : b\r\n"), "200 1.1 length(5) keeps"),
    .init(
      "chunks, with a blank before the colon", ok("Transfer-Encoding : chunked\r\n"),
      "200 1.1 chunked keeps"),
    .init(
      "an underscore in the name of another proxy's field",
      ok("X_Amzn_Trace_Id: a\r\nContent_Location: /a\r\nContent-Length: 5\r\n"),
      "200 1.1 length(5) keeps"),
    .init(
      "a redirect", "HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n",
      "302 1.1 none keeps"),
  ]
}
