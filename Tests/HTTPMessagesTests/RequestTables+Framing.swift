@testable import HTTPMessages

extension RequestTables {
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
      "a, b", "a b", "a@b", "a/b", "a?b", "a#b", "a:b", "a:", "a:65536", ":80", "%61", "[::1",
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
}
