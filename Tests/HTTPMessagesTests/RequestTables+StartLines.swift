@testable import HTTPMessages

extension RequestTables {
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
}
