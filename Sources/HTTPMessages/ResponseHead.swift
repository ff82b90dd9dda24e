internal import Memory

/// A response's head as offsets into the bytes it was parsed from: RFC 9112 section 4.
@usableFromInline package struct ResponseHead: Sendable, BitwiseCopyable {
  /// Status code, 100...599.
  package var status = 0
  package var version: HTTPVersion = .http11
  /// Framing according to the head and the request's method.
  package var framing: BodyFraming = .none
  /// The head announces a body, but there must be none: it answers HEAD, or is a 204 or a 304.
  package var tellsOfAbsentBody = false
  /// The known names that were found.
  package var present = FieldSet()
  package var connection = ConnectionOptions()
  /// Offset of the first field line.
  package var fieldsStart = 0
  /// Length of the head with its closing empty line.
  package var length = 0
  /// There is whitespace between a field's name and its colon. It must not be passed on.
  package var hasBlankBeforeColon = false

  package init() {}

  /// Whether it is an interim answer: RFC 9110 section 15.2.
  package var isInterim: Bool { status < 200 }

  /// Whether the connection may be used again once the body has been read.
  package var keepsAlive: Bool {
    framing != .untilClose && !connection.close
      && (version == .http11 || connection.keepAlive)
  }
}

/// Parses response heads as strictly as request heads: an upstream is not trusted either. The only exception is
/// whitespace before a colon, which RFC 9112 section 5.1 requires a proxy to remove.
package struct ResponseHeadParser: ~Copyable {
  /// The field lines of the last parsed head.
  package private(set) var fields: FieldList
  package let limits: HeadLimits

  package init(limits: HeadLimits = .responses) {
    fields = FieldList(capacity: 32)
    self.limits = limits
  }

  /// Parses the head at the start of `bytes`, the answer to a request made with `method`.
  ///
  /// - Returns: the head, or nil when `bytes` ends before it does.
  package mutating func parse(
    _ bytes: RawSpan, answering method: HTTPMethod
  ) throws(ResponseFault) -> ResponseHead? {
    var head = ResponseHead()
    guard let fieldsStart = try parseStatusLine(bytes, into: &head) else {
      if bytes.byteCount > limits.headBytes { throw .headTooLarge }
      return nil
    }
    head.fieldsStart = fieldsStart
    fields.removeAll()
    let section: FieldSection.Summary
    do {
      section = try FieldSection.read(bytes, from: fieldsStart, into: &fields, limits: limits)
    } catch .tooManyFields, .fieldLineTooLong {
      throw .headTooLarge
    } catch {
      throw .malformedHead
    }
    guard let end = section.end else {
      if bytes.byteCount > limits.headBytes { throw .headTooLarge }
      return nil
    }
    if end > limits.headBytes { throw .headTooLarge }
    head.length = end
    head.present = section.present
    head.hasBlankBeforeColon = section.hasBlankBeforeColon
    try checkFraming(bytes, section, method, &head)
    return head
  }

  /// Parses `HTTP/1.1 200 reason` and returns the offset after its CRLF; nil when it is not complete.
  private func parseStatusLine(
    _ bytes: RawSpan, into head: inout ResponseHead
  ) throws(ResponseFault) -> Int? {
    guard bytes.byteCount >= 13 else {
      let expected: [UInt8] = Array("HTTP/1.".utf8)
      for i in 0..<min(bytes.byteCount, 7) where bytes[i] != expected[i] { throw .statusLine }
      // There can be no control byte before the thirteenth byte.
      if bytes.firstControl(from: 0) < min(bytes.byteCount, 12) { throw .statusLine }
      return nil
    }
    let word = bytes.word(at: 0)
    guard word & 0x00FF_FFFF_FFFF_FFFF == 0x002E_312F_5054_5448 else { throw .statusLine }
    let minor = UInt8(truncatingIfNeeded: word >> 56) &- 0x30
    guard minor < 10, bytes[8] == 0x20 else { throw .statusLine }
    head.version = minor == 0 ? .http10 : .http11
    var status = 0
    for i in 9..<12 {
      let digit = bytes[i] &- 0x30
      guard digit < 10 else { throw .statusCode }
      status = status * 10 + Int(digit)
    }
    guard status >= 100, status <= 599 else { throw .statusCode }
    head.status = status
    // RFC 9112 section 4: the space is required even without a reason, but many servers omit it.
    guard bytes[12] == 0x20 || bytes[12] == UInt8(ascii: "\r") else { throw .statusLine }
    var end = bytes.firstControl(from: 12)
    while end < bytes.byteCount, bytes[end] == 0x09 { end = bytes.firstControl(from: end &+ 1) }
    if end > limits.lineBytes { throw .headTooLarge }
    guard end < bytes.byteCount else { return nil }
    guard bytes[end] == UInt8(ascii: "\r") else { throw .statusLine }
    guard end &+ 1 < bytes.byteCount else { return nil }
    guard bytes[end &+ 1] == UInt8(ascii: "\n") else { throw .statusLine }
    return end &+ 2
  }

  /// Determines how the body is delimited: RFC 9112 section 6.3, with RFC 9110 sections 6.4.1 and 8.6.
  private func checkFraming(
    _ bytes: RawSpan, _ section: FieldSection.Summary, _ method: HTTPMethod,
    _ head: inout ResponseHead
  ) throws(ResponseFault) {
    if section.present.contains(.connection) {
      for i in 0..<fields.count where fields[i].name == .connection {
        do { try head.connection.add(fields[i].value(in: bytes)) } catch { throw .malformedHead }
      }
    }
    var length: Int?
    if section.present.contains(.contentLength) {
      // Merging equal repeated values would be allowed (section 6.3), but they are a sign of a broken hop.
      if section.repeated.contains(.contentLength) { throw .contentLength }
      guard let line = fields.first(.contentLength),
        let parsed = ContentLength.parse(line.value(in: bytes))
      else { throw .contentLength }
      length = parsed
    }
    var chunked = false
    if section.present.contains(.transferEncoding) {
      if length != nil { throw .contentLengthAndTransferEncoding }
      if head.version == .http10 || section.repeated.contains(.transferEncoding) {
        throw .transferEncoding
      }
      guard let line = fields.first(.transferEncoding),
        case .chunked = TransferCoding.parse(line.value(in: bytes))
      else { throw .transferEncoding }
      chunked = true
    }
    if method == .head || head.status < 200 || head.status == 204 || head.status == 304 {
      head.framing = .none
      head.tellsOfAbsentBody = chunked || (length ?? 0) > 0
    } else if chunked {
      head.framing = .chunked
    } else if let length {
      head.framing = length == 0 ? .none : .length(length)
    } else {
      head.framing = .untilClose
    }
  }
}
