import Memory

@testable import HTTPMessages

/// Promises about any sequence of bytes that arrives in place of a request.
enum RequestHeadPromises {
  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    broken(bytes, .requests) ?? broken(bytes, PlainHead.smallLimits)
  }

  private static func broken(_ bytes: [UInt8], _ limits: HeadLimits) -> String? {
    var parser = RequestHeadParser(limits: limits)
    let whole = read(bytes, bytes.count, &parser)
    let plain = PlainRequest.read(bytes, limits: PlainHead.Limits(limits))
    switch (whole, plain) {
    case (.refused, .refused), (.incomplete, .incomplete): break
    // Bytes that cannot become a request may be refused before they are complete.
    case (.refused, .incomplete): break
    default:
      if whole != plain { return "read alike by a plain reader\nparser: \(whole)\nplain: \(plain)" }
    }
    var scanner = HeadScanner()
    var scans = true
    for cut in PlainHead.cuts(bytes.count) {
      let start = read(bytes, cut, &parser)
      if let broken = PlainHead.broken(by: start, at: cut, whole, length: \.length) {
        return broken
      }
      guard scans else { continue }
      do throws(RequestFault) {
        let found = try scanner.findsEnd(in: bytes.span.bytesOfElements.slice(0, cut))
        if found, start == .incomplete { return "an end is found only where one is" }
        if !found, case .accepted = start { return "the end of a head is found" }
        scans = !found
      } catch {
        scans = false
        if whole != .refused { return "only what is refused is refused by the scanner" }
      }
    }
    return nil
  }

  private static func read(
    _ bytes: [UInt8], _ end: Int, _ parser: inout RequestHeadParser
  ) -> PlainHead.Verdict<PlainRequest> {
    let span = bytes.span.bytesOfElements.slice(0, end)
    guard let parsed = try? parser.parse(span) as RequestHead?? else { return .refused }
    guard let head = parsed else { return .incomplete }
    var request = PlainRequest()
    request.method = head.method(in: span).copied()
    request.target = head.target(in: span).copied()
    request.path = head.path(in: span).copied()
    request.query = head.query(in: span).copied()
    request.authority = head.authority(in: span).copied()
    request.isHTTP10 = head.version == .http10
    request.body = PlainHead.Body(head.framing)
    request.keepsAlive = head.keepsAlive
    request.expectsContinue = head.expectsContinue
    request.fields = PlainHead.fields(parser.fields, span)
    request.length = head.length
    return .accepted(request)
  }
}

/// Promises about any sequence of bytes that an upstream answers with.
enum ResponseHeadPromises {
  /// The promise that `bytes` break; nil if all are kept.
  static func broken(_ bytes: [UInt8]) -> String? {
    broken(bytes, .get, .responses) ?? broken(bytes, .head, .responses)
      ?? broken(bytes, .get, PlainHead.smallLimits)
  }

  private static func broken(
    _ bytes: [UInt8], _ method: HTTPMethod, _ limits: HeadLimits
  ) -> String? {
    var parser = ResponseHeadParser(limits: limits)
    let whole = read(bytes, bytes.count, method, &parser)
    let plain = PlainResponse.read(
      bytes, answersHEAD: method == .head, limits: PlainHead.Limits(limits))
    switch (whole, plain) {
    case (.refused, .refused), (.incomplete, .incomplete), (.refused, .incomplete): break
    default:
      if whole != plain { return "read alike by a plain reader\nparser: \(whole)\nplain: \(plain)" }
    }
    for cut in PlainHead.cuts(bytes.count) {
      let start = read(bytes, cut, method, &parser)
      if let broken = PlainHead.broken(by: start, at: cut, whole, length: \.length) {
        return broken
      }
    }
    return nil
  }

  private static func read(
    _ bytes: [UInt8], _ end: Int, _ method: HTTPMethod, _ parser: inout ResponseHeadParser
  ) -> PlainHead.Verdict<PlainResponse> {
    let span = bytes.span.bytesOfElements.slice(0, end)
    guard let parsed = try? parser.parse(span, answering: method) as ResponseHead?? else {
      return .refused
    }
    guard let head = parsed else { return .incomplete }
    var response = PlainResponse()
    response.status = head.status
    response.isHTTP10 = head.version == .http10
    response.body = PlainHead.Body(head.framing)
    response.keepsAlive = head.keepsAlive
    response.fields = PlainHead.fields(parser.fields, span)
    response.length = head.length
    return .accepted(response)
  }
}

extension PlainHead.Limits {
  init(_ limits: HeadLimits) {
    self.init(
      head: limits.headBytes, target: limits.targetBytes, line: limits.lineBytes,
      fields: limits.fieldCount, isOfAnswer: limits.isOfAnswer)
  }
}

extension PlainHead.Body {
  init(_ framing: BodyFraming) {
    switch framing {
    case .none: self = .none
    case .length(let count): self = .length(count)
    case .chunked: self = .chunked
    case .untilClose: self = .untilClose
    }
  }
}

extension PlainHead {
  /// Limits that short inputs reach.
  static let smallLimits = HeadLimits(headBytes: 200, targetBytes: 40, lineBytes: 60, fieldCount: 4)

  static func fields(_ lines: borrowing FieldList, _ head: RawSpan) -> [Field] {
    var result: [Field] = []
    for i in 0..<lines.count {
      result.append(
        Field(name: lines[i].name(in: head).copied(), value: lines[i].value(in: head).copied()))
    }
    return result
  }

  /// Where the network may have split the bytes: everywhere in a short head, otherwise at 32 places.
  static func cuts(_ count: Int) -> [Int] {
    count <= 64 ? Array(0...count) : (0...32).map { $0 * count / 32 }
  }

  /// The bytes that arrive first decide nothing that the rest could reverse.
  static func broken<Head>(
    by start: Verdict<Head>, at cut: Int, _ whole: Verdict<Head>, length: KeyPath<Head, Int>
  ) -> String? {
    switch (start, whole) {
    case (.refused, .refused), (.incomplete, .incomplete), (.incomplete, .refused): return nil
    case (.accepted, _) where start == whole: return nil
    case (.incomplete, .accepted(let head)) where head[keyPath: length] > cut: return nil
    default: return "read alike in two pieces, cut at \(cut)\nfirst: \(start)\nwhole: \(whole)"
    }
  }
}
