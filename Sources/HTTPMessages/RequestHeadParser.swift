internal import Memory

/// Parses request heads, strictly and in one pass: RFC 9112 sections 2–6, RFC 9110 sections 5, 7.2, 8.6.
///
/// Ambiguity is refused, never repaired (RFC 9112 section 3.2 says why). The parser keeps the list of field lines of
/// the last parsed head.
@usableFromInline package struct RequestHeadParser: ~Copyable {
  /// The field lines of the last parsed head.
  package private(set) var fields: FieldList
  package let limits: HeadLimits
  private var lastHost = HostMemo()

  package init(limits: HeadLimits = .requests) {
    fields = FieldList(capacity: 32)
    self.limits = limits
  }

  /// Empty lines tolerated before a request line: RFC 9112 section 2.2 asks for at least one.
  static let leadingEmptyLines = 2

  /// Parses the head at the start of `bytes`.
  ///
  /// - Returns: the head, or nil when `bytes` ends before it does.
  /// - Throws: the first reason to refuse it, as soon as that is certain.
  @usableFromInline package mutating func parse(_ bytes: RawSpan) throws(RequestFault)
    -> RequestHead?
  {
    guard let start = try skipEmptyLines(bytes) else { return nil }
    var head = RequestHead()
    guard let fieldsStart = try parseRequestLine(bytes, from: start, into: &head) else {
      if bytes.byteCount > limits.headBytes { throw .headTooLarge }
      return nil
    }
    fields.removeAll()
    let section = try FieldSection.read(bytes, from: fieldsStart, into: &fields, limits: limits)
    guard let end = section.end else {
      if bytes.byteCount > limits.headBytes { throw .headTooLarge }
      return nil
    }
    if end > limits.headBytes { throw .headTooLarge }
    head.length = end
    head.present = section.present
    try checkHost(bytes, section, &head)
    try checkFraming(bytes, section, &head)
    return head
  }

  private func skipEmptyLines(_ bytes: RawSpan) throws(RequestFault) -> Int? {
    var at = 0
    var lines = 0
    while at < bytes.byteCount, bytes[at] == UInt8(ascii: "\r") {
      guard at &+ 1 < bytes.byteCount else { return nil }
      guard bytes[at &+ 1] == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
      lines &+= 1
      guard lines <= RequestHeadParser.leadingEmptyLines else { throw .leadingWhitespace }
      at &+= 2
    }
    return at < bytes.byteCount ? at : nil
  }

  // MARK: Request line

  /// Parses the request line and returns the offset after it; nil when it is not complete.
  private func parseRequestLine(
    _ bytes: RawSpan, from start: Int, into head: inout RequestHead
  ) throws(RequestFault) -> Int? {
    // RFC 9112 section 3: exactly one space between the parts.
    let methodEnd = bytes.firstIndex(notIn: .token, from: start)
    if methodEnd &- start > 32 { throw .methodTooLong }
    guard methodEnd < bytes.byteCount else { return nil }
    guard bytes[methodEnd] == 0x20, methodEnd > start else {
      switch bytes[methodEnd] {
      case UInt8(ascii: "\n"): throw .bareLineFeed
      case 0x20, 0x09: throw methodEnd == start ? .leadingWhitespace : .requestLine
      default: throw .requestLine
      }
    }
    head.methodStart = start
    head.methodEnd = methodEnd
    head.method = HTTPMethod(bytes, start, methodEnd)

    let targetStart = methodEnd &+ 1
    let targetEnd = bytes.targetEnd(from: targetStart)
    if targetEnd &- targetStart > limits.targetBytes { throw .targetTooLong }
    guard targetEnd < bytes.byteCount else { return nil }
    guard bytes[targetEnd] == 0x20, targetEnd > targetStart else {
      switch bytes[targetEnd] {
      case UInt8(ascii: "\n"): throw .bareLineFeed
      case UInt8(ascii: "\r"), 0x20, 0x09: throw .requestLine
      default: throw .target
      }
    }
    head.targetStart = targetStart
    head.targetEnd = targetEnd

    guard try parseVersion(bytes, at: targetEnd &+ 1, into: &head) else { return nil }
    try splitTarget(bytes, &head)
    return targetEnd &+ 11
  }

  /// Parses the ten bytes at `at` as a version and its CRLF; false when they have not all arrived.
  private func parseVersion(
    _ bytes: RawSpan, at: Int, into head: inout RequestHead
  ) throws(RequestFault) -> Bool {
    guard at &+ 10 <= bytes.byteCount else {
      // Refuse early what cannot become a version any more.
      let shown = bytes.slice(at, bytes.byteCount)
      let expected: [UInt8] = Array("HTTP/".utf8)
      for i in 0..<min(shown.byteCount, 5) where shown[i] != expected[i] { throw .version }
      let control = shown.firstControl(from: 0)
      if control < shown.byteCount, control != 8 || shown[8] != UInt8(ascii: "\r") {
        throw control == 8 && shown[8] == UInt8(ascii: "\n") ? .bareLineFeed : .version
      }
      return false
    }
    // "HTTP/1." in the low seven bytes, then the minor digit.
    let word = bytes.word(at: at)
    guard word & 0x00FF_FFFF_FFFF_FFFF == 0x002E_312F_5054_5448 else {
      throw otherVersion(bytes, at)
    }
    let minor = UInt8(truncatingIfNeeded: word >> 56) &- 0x30
    guard minor < 10 else { throw .version }
    guard bytes[at &+ 8] == UInt8(ascii: "\r") else {
      throw bytes[at &+ 8] == UInt8(ascii: "\n") ? .bareLineFeed : .version
    }
    guard bytes[at &+ 9] == UInt8(ascii: "\n") else { throw .bareCarriageReturn }
    // RFC 9110 section 2.5: a higher minor version is read as the highest one known.
    head.version = minor == 0 ? .http10 : .http11
    return true
  }

  /// Returns 505 for a well-formed version with another major number, and 400 for anything else.
  @inline(never)
  private func otherVersion(_ bytes: RawSpan, _ at: Int) -> RequestFault {
    let version = bytes.slice(at, at + 10)
    let digits = version[5] &- 0x30 < 10 && version[7] &- 0x30 < 10
    let shape =
      version.slice(0, 5).equals("HTTP/") && version[6] == UInt8(ascii: ".") && digits
      && version.slice(8, 10).equals("\r\n")
    return shape ? .versionUnsupported : .version
  }

  /// Finds path, query and form of the target: RFC 9112 section 3.2.
  private func splitTarget(_ bytes: RawSpan, _ head: inout RequestHead) throws(RequestFault) {
    let start = head.targetStart
    let end = head.targetEnd
    head.pathStart = start
    if head.method == .connect {
      head.form = .authority
      head.pathEnd = start
      head.queryStart = end
      return
    }
    if bytes[start] != UInt8(ascii: "/") {
      if end &- start == 1, bytes[start] == UInt8(ascii: "*") {
        guard head.method == .options else { throw .target }
        head.form = .asterisk
        head.pathEnd = start
        head.queryStart = end
        return
      }
      try splitAbsoluteTarget(bytes, &head)
    }
    // The matcher of paths decides whether the path is valid, and whether a `[` may be in it (RFC 3986 section 3.3).
    let path = bytes.slice(head.pathStart, end)
    // `;` differs from `?` in one bit.
    var question = path.firstIndex(of: UInt8(ascii: "?"), withOrWithout: 0x04, from: 0)
    if question < path.byteCount, path[question] == UInt8(ascii: ";") {
      head.hasPathParameter = true
      question = path.firstIndex(of: UInt8(ascii: "?"), from: question)
    }
    head.pathEnd = head.pathStart &+ question
    head.queryStart = head.pathEnd
  }

  /// Splits `http://authority/path`: RFC 9112 section 3.2.2. Its authority replaces the Host field.
  @inline(never)
  private func splitAbsoluteTarget(
    _ bytes: RawSpan, _ head: inout RequestHead
  ) throws(RequestFault) {
    let target = bytes.slice(head.targetStart, head.targetEnd)
    let scheme: Int
    if target.byteCount > 7, target.slice(0, 7).equalsIgnoringCase("http://") {
      scheme = 7
    } else if target.byteCount > 8, target.slice(0, 8).equalsIgnoringCase("https://") {
      scheme = 8
    } else {
      throw .target
    }
    var end = scheme
    while end < target.byteCount, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?")
    {
      end += 1
    }
    guard HostSyntax.isValid(target.slice(scheme, end)) else { throw .hostSyntax }
    // An absolute URI without a path means "/", a path that the gateway does not have; refuse it.
    guard end < target.byteCount, target[end] == UInt8(ascii: "/") else { throw .target }
    head.form = .absolute
    head.authorityStart = head.targetStart + scheme
    head.authorityEnd = head.targetStart + end
    head.pathStart = head.targetStart + end
  }

  // MARK: Fields that frame the message

  /// Checks that an HTTP/1.1 request has exactly one Host, valid or empty: RFC 9112 section 3.2.
  private mutating func checkHost(
    _ bytes: RawSpan, _ section: FieldSection.Summary, _ head: inout RequestHead
  ) throws(RequestFault) {
    guard section.present.contains(.host) else {
      if head.version == .http11 { throw .hostMissing }
      return
    }
    if section.repeated.contains(.host) { throw .hostRepeated }
    guard let line = fields.first(.host) else { throw .hostMissing }
    guard let (hostLength, port) = lastHost.parts(of: line.value(in: bytes)) else {
      // Empty if the target has no authority (RFC 9112 section 3.2). The listener decides whether that is allowed.
      if line.valueStart == line.valueEnd { return }
      throw .hostSyntax
    }
    if head.form != .absolute {
      // At most 255 bytes and 65535, as just checked.
      head.hostLength = UInt8(hostLength)
      head.port = port.map(UInt16.init)
      head.authorityStart = Int(line.valueStart)
      head.authorityEnd = Int(line.valueEnd)
    }
  }

  /// Determines how the body is delimited, and what the connection does next: RFC 9112 section 6.3.
  private func checkFraming(
    _ bytes: RawSpan, _ section: FieldSection.Summary, _ head: inout RequestHead
  ) throws(RequestFault) {
    let rare: FieldSet = [
      .contentLength, .transferEncoding, .connection, .expect, .upgrade,
    ]
    guard section.present.intersects(rare) else { return }
    if section.present.contains(.transferEncoding) {
      // RFC 9112 section 6.1: in HTTP/1.0 the framing is faulty, and with Content-Length it is an attack.
      if head.version == .http10 { throw .transferEncodingInHTTP10 }
      if section.present.contains(.contentLength) { throw .contentLengthAndTransferEncoding }
      if section.repeated.contains(.transferEncoding) { throw .transferEncoding }
      guard let line = fields.first(.transferEncoding) else { throw .transferEncoding }
      switch TransferCoding.parse(line.value(in: bytes)) {
      case .chunked: head.framing = .chunked
      case .unknown: throw .transferEncodingUnknown
      case .malformed: throw .transferEncoding
      }
    } else if section.present.contains(.contentLength) {
      if section.repeated.contains(.contentLength) { throw .contentLengthRepeated }
      guard let line = fields.first(.contentLength),
        let length = ContentLength.parse(line.value(in: bytes))
      else { throw .contentLength }
      head.framing = length == 0 ? .none : .length(length)
    }
    if section.present.contains(.connection) {
      for i in 0..<fields.count where fields[i].name == .connection {
        try head.connection.add(fields[i].value(in: bytes))
      }
    }
    if section.present.contains(.expect) {
      // RFC 9110 section 10.1.1: ignored in HTTP/1.0, and pointless without a body.
      head.expectsContinue =
        try namesContinue(bytes) && head.version == .http11 && head.framing != .none
    }
  }

  /// Whether Expect names 100-continue. Expect is a list, and an empty list names nothing (RFC 9110 section 5.6.1).
  @inline(never)
  private func namesContinue(_ bytes: RawSpan) throws(RequestFault) -> Bool {
    var isNamed = false
    for i in 0..<fields.count where fields[i].name == .expect {
      let value = fields[i].value(in: bytes)
      if value.byteCount == 0 { continue }
      guard !isNamed, value.equalsIgnoringCase("100-continue") else { throw .expectation }
      isNamed = true
    }
    return isNamed
  }
}
