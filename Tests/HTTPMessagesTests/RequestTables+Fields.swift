@testable import HTTPMessages

extension RequestTables {
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
      .init(
        .expectation, "two expectations between empty ones",
        post("Expect:\r\nExpect: 100-continue\r\nExpect: a\r\n")),
      .init(
        .expectation, "two expectations", post("Expect: 100-continue\r\nExpect: 100-continue\r\n")),
      .init(.expectation, "expectation with more", post("Expect: 100-continue, a=b\r\n")),
    ]
}
