/// A request head as ``PlainHead`` reads it.
struct PlainRequest: Equatable {
  var method: [UInt8] = []
  var target: [UInt8] = []
  var path: [UInt8] = []
  var query: [UInt8] = []
  var authority: [UInt8] = []
  var isHTTP10 = false
  var body = PlainHead.Body.none
  var keepsAlive = true
  var expectsContinue = false
  var fields: [PlainHead.Field] = []
  var length = 0

  static func read(
    _ bytes: [UInt8], limits: PlainHead.Limits
  ) -> PlainHead.Verdict<PlainRequest> {
    let lines: [[UInt8]]
    switch PlainHead.lines(bytes, emptyLinesInFront: 2) {
    case .incomplete: return .incomplete
    case .refused: return .refused
    case .accepted(let found): lines = found
    }
    var request = PlainRequest()
    request.length = PlainHead.length(of: lines, in: bytes)
    guard request.length <= limits.head, request.readStartLine(lines[0], limits),
      let fields = PlainHead.fields(lines[1...], limits: limits)
    else { return .refused }
    request.fields = fields
    guard request.readHost(), request.readFraming() else { return .refused }
    return .accepted(request)
  }

  private mutating func readStartLine(_ line: [UInt8], _ limits: PlainHead.Limits) -> Bool {
    let parts = line.split(separator: 0x20, omittingEmptySubsequences: false).map(Array.init)
    guard parts.count == 3 else { return false }
    (method, target) = (parts[0], parts[1])
    let version = PlainHead.text(parts[2])
    guard PlainHead.isToken(method), method.count <= 32, !target.isEmpty,
      target.count <= limits.target, target.allSatisfy(PlainRequest.mayStandInTarget),
      version.hasPrefix("HTTP/1."), parts[2].count == 8, (0x30...0x39).contains(parts[2][7])
    else { return false }
    isHTTP10 = version == "HTTP/1.0"
    return readTarget()
  }

  private static let targetMarks = Array("-._~:/?[]@!$&'()*+,;=%".utf8)
  private static let addressBytes = Array("0123456789abcdefABCDEF:.".utf8)

  private static func mayStandInTarget(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: targetMarks.contains(byte)
    }
  }

  /// Reads the target (RFC 9112 section 3.2).
  private mutating func readTarget() -> Bool {
    if method == Array("CONNECT".utf8) { return true }
    if target == [0x2A] { return method == Array("OPTIONS".utf8) }
    var rest = target[...]
    if target[0] != 0x2F {
      let text = PlainHead.text(target).lowercased()
      guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return false }
      rest = rest.dropFirst(scheme.count)
      authority = Array(rest.prefix { $0 != 0x2F && $0 != 0x3F })
      rest = rest.dropFirst(authority.count)
      guard PlainRequest.isHost(authority), rest.first == 0x2F else { return false }
    }
    path = Array(rest.prefix { $0 != 0x3F })
    query = Array(rest.dropFirst(path.count))
    return true
  }

  private mutating func readHost() -> Bool {
    let hosts = fields.filter { $0.lowercased == "host" }
    guard hosts.count <= 1, hosts.count == 1 || isHTTP10 else { return false }
    guard let host = hosts.first else { return true }
    if authority.isEmpty { authority = host.value }
    return PlainRequest.isHost(host.value)
  }

  /// Whether this is a name or an address, with an optional port.
  private static func isHost(_ bytes: [UInt8]) -> Bool {
    guard (1...255).contains(bytes.count) else { return false }
    var rest = bytes[...]
    if rest.first == 0x5B {
      guard let end = rest.firstIndex(of: 0x5D), end >= 3 else { return false }
      let address = rest[1..<end]
      guard address.allSatisfy(addressBytes.contains) else {
        return false
      }
      rest = rest[(end + 1)...]
    } else {
      let name = rest.prefix { $0 != 0x3A }
      guard let first = name.first, first != 0x2E, first != 0x2D,
        name.allSatisfy({ byte in
          switch byte {
          case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
          default: false
          }
        })
      else { return false }
      rest = rest.dropFirst(name.count)
    }
    if rest.isEmpty { return true }
    let port = rest.dropFirst()
    return rest.first == 0x3A && (1...5).contains(port.count)
      && port.allSatisfy { (0x30...0x39).contains($0) }
      && (Int(PlainHead.text(Array(port))) ?? .max) <= 65_535
  }

  private mutating func readFraming() -> Bool {
    guard case .accepted(let announced) = PlainHead.announcedBody(fields, isHTTP10: isHTTP10),
      let connection = PlainHead.connection(fields)
    else { return false }
    body = announced ?? .none
    keepsAlive = !connection.close && !isHTTP10
    let expectations = fields.filter { $0.lowercased == "expect" }
    guard expectations.count <= 1 else { return false }
    if let expectation = expectations.first {
      guard PlainHead.text(expectation.value).lowercased() == "100-continue" else { return false }
      expectsContinue = !isHTTP10 && body != .none
    }
    return true
  }
}
