/// A response head as ``PlainHead`` reads it.
struct PlainResponse: Equatable {
  var status = 0
  var isHTTP10 = false
  var body = PlainHead.Body.none
  var keepsAlive = true
  var fields: [PlainHead.Field] = []
  var length = 0

  static func read(
    _ bytes: [UInt8], answersHEAD: Bool, limits: PlainHead.Limits
  ) -> PlainHead.Verdict<PlainResponse> {
    let lines: [[UInt8]]
    switch PlainHead.lines(bytes, emptyLinesInFront: 0) {
    case .incomplete: return .incomplete
    case .refused: return .refused
    case .accepted(let found): lines = found
    }
    var response = PlainResponse()
    response.length = PlainHead.length(of: lines, in: bytes)
    guard response.length <= limits.head, lines[0].count <= limits.line,
      response.readStartLine(lines[0]),
      let fields = PlainHead.fields(lines[1...], limits: limits)
    else { return .refused }
    response.fields = fields
    guard response.readFraming(answersHEAD: answersHEAD) else { return .refused }
    return .accepted(response)
  }

  /// Reads `HTTP/1.1 200 reason`, where the reason and the space before it may be missing.
  private mutating func readStartLine(_ line: [UInt8]) -> Bool {
    guard line.count >= 12, line.starts(with: Array("HTTP/1.".utf8)),
      (0x30...0x39).contains(line[7]), line[8] == 0x20,
      line[9..<12].allSatisfy({ (0x30...0x39).contains($0) }),
      let code = Int(PlainHead.text(Array(line[9..<12]))), (100...599).contains(code),
      line.count == 12 || line[12] == 0x20,
      line.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F })
    else { return false }
    status = code
    isHTTP10 = line[7] == 0x30
    return true
  }

  /// Reads the framing (RFC 9112 section 6.3).
  private mutating func readFraming(answersHEAD: Bool) -> Bool {
    guard case .accepted(let announced) = PlainHead.announcedBody(fields, isHTTP10: isHTTP10),
      let connection = PlainHead.connection(fields)
    else { return false }
    let isBodiless = answersHEAD || status < 200 || status == 204 || status == 304
    body = isBodiless ? .none : announced ?? .untilClose
    keepsAlive = body != .untilClose && !connection.close && (!isHTTP10 || connection.keepAlive)
    return true
  }
}
