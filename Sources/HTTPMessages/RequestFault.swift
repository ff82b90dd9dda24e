/// Why a request's bytes are refused. Each fault is answered with ``status`` and ends its connection: after a framing
/// error nobody can tell where the next request begins.
@usableFromInline package enum RequestFault: UInt8, Error, Sendable, CaseIterable {
  case bareLineFeed, bareCarriageReturn, controlByte, leadingWhitespace, requestLine, methodTooLong
  case target, targetTooLong, version, versionUnsupported
  case fieldName, fieldNoColon, whitespaceBeforeColon, foldedLine, fieldLineTooLong, tooManyFields
  case headTooLarge, misleadingName
  case hostMissing, hostRepeated, hostSyntax
  case contentLength, contentLengthRepeated, contentLengthAndTransferEncoding
  case transferEncoding, transferEncodingUnknown, transferEncodingInHTTP10
  case connectionOptions, expectation
  case chunkSize, chunkExtension, chunkExtensionsTooLong, chunkEnd, trailer, trailersTooLong

  /// The fault's name in metrics.
  package var name: StaticString {
    switch self {
    case .bareLineFeed: "bare-line-feed"
    case .bareCarriageReturn: "bare-carriage-return"
    case .controlByte: "control-byte"
    case .leadingWhitespace: "leading-whitespace"
    case .requestLine: "request-line"
    case .methodTooLong: "method-too-long"
    case .target: "target"
    case .targetTooLong: "target-too-long"
    case .version: "version"
    case .versionUnsupported: "version-unsupported"
    case .fieldName: "field-name"
    case .fieldNoColon: "field-no-colon"
    case .whitespaceBeforeColon: "whitespace-before-colon"
    case .foldedLine: "folded-line"
    case .fieldLineTooLong: "field-line-too-long"
    case .tooManyFields: "too-many-fields"
    case .headTooLarge: "head-too-large"
    case .misleadingName: "misleading-name"
    case .hostMissing: "host-missing"
    case .hostRepeated: "host-repeated"
    case .hostSyntax: "host-syntax"
    case .contentLength: "content-length"
    case .contentLengthRepeated: "content-length-repeated"
    case .contentLengthAndTransferEncoding: "content-length-and-transfer-encoding"
    case .transferEncoding: "transfer-encoding"
    case .transferEncodingUnknown: "transfer-encoding-unknown"
    case .transferEncodingInHTTP10: "transfer-encoding-in-http10"
    case .connectionOptions: "connection-options"
    case .expectation: "expectation"
    case .chunkSize: "chunk-size"
    case .chunkExtension: "chunk-extension"
    case .chunkExtensionsTooLong: "chunk-extensions-too-long"
    case .chunkEnd: "chunk-end"
    case .trailer: "trailer"
    case .trailersTooLong: "trailers-too-long"
    }
  }

  /// The status code of the answer.
  package var status: Int {
    switch self {
    case .targetTooLong: 414
    case .fieldLineTooLong, .tooManyFields, .headTooLarge, .trailersTooLong: 431
    case .versionUnsupported: 505
    case .transferEncodingUnknown: 501
    case .expectation: 417
    default: 400
    }
  }

  /// What is wrong, for the sender of the request.
  package var detail: StaticString {
    switch self {
    case .bareLineFeed: "A line ends in LF without CR. Lines of HTTP/1.1 end in CRLF."
    case .bareCarriageReturn: "A CR is not followed by LF."
    case .controlByte: "A header field holds a control byte."
    case .leadingWhitespace: "Whitespace or empty lines precede the request line."
    case .requestLine:
      "The request line is not METHOD, one space, target, one space, HTTP/1.1."
    case .methodTooLong: "The method is longer than 32 bytes."
    case .target:
      "The request target holds a byte that must be percent-encoded, or has no known form."
    case .targetTooLong: "The request target is too long."
    case .version: "The protocol version is not HTTP/1.0 or HTTP/1.1."
    case .versionUnsupported: "Only HTTP/1.0 and HTTP/1.1 are supported."
    case .fieldName: "A header field's name is empty or holds a byte that names must not have."
    case .fieldNoColon: "A header line has no colon."
    case .whitespaceBeforeColon: "There is whitespace between a header field's name and its colon."
    case .foldedLine: "A header line begins with whitespace (obsolete line folding)."
    case .fieldLineTooLong: "A header line is too long."
    case .tooManyFields: "There are too many header fields."
    case .headTooLarge: "The request's head is too large."
    case .misleadingName:
      "A header field's name with an underscore could be mistaken for a protected field."
    case .hostMissing: "The Host field is missing."
    case .hostRepeated: "There is more than one Host field."
    case .hostSyntax: "The Host field is not a host name or address with an optional port."
    case .contentLength: "Content-Length is not a plain decimal number."
    case .contentLengthRepeated: "There is more than one Content-Length."
    case .contentLengthAndTransferEncoding: "Content-Length and Transfer-Encoding are both present."
    case .transferEncoding: "Transfer-Encoding is not exactly: chunked."
    case .transferEncodingUnknown: "Only the transfer coding chunked is supported."
    case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding."
    case .connectionOptions: "The Connection field names fields it must not, or too many."
    case .expectation: "The only supported expectation is 100-continue."
    case .chunkSize: "A chunk's size is not a plain hexadecimal number."
    case .chunkExtension: "A chunk extension is malformed."
    case .chunkExtensionsTooLong: "The chunk extensions are too long."
    case .chunkEnd: "A chunk does not end where its size says."
    case .trailer: "A trailer field is malformed."
    case .trailersTooLong: "The trailers are too long."
    }
  }
}

/// Why an upstream's answer is not passed on.
package enum ResponseFault: UInt8, Error, Sendable, CaseIterable {
  case malformedHead, statusLine, statusCode, headTooLarge, contentLength
  case contentLengthAndTransferEncoding, transferEncoding, malformedChunk

  /// The error type for `Proxy-Status`: RFC 9209 section 2.3.
  package var errorType: StaticString {
    switch self {
    case .headTooLarge: "http_response_header_section_size"
    case .transferEncoding: "http_response_transfer_coding"
    default: "http_protocol_error"
    }
  }

  /// What is wrong, for the log and the caller.
  package var detail: StaticString {
    switch self {
    case .malformedHead: "The upstream's answer has a malformed header."
    case .statusLine: "The upstream's answer does not begin with an HTTP/1.1 status line."
    case .statusCode: "The upstream's answer has an impossible status code."
    case .headTooLarge: "The upstream's answer has too large a header."
    case .contentLength: "The upstream's answer has a bad or ambiguous Content-Length."
    case .contentLengthAndTransferEncoding:
      "The upstream's answer has both Content-Length and Transfer-Encoding."
    case .transferEncoding: "The upstream's answer has a transfer coding other than chunked."
    case .malformedChunk: "The upstream's answer has a malformed chunk."
    }
  }
}
