/// A second reader of message heads, which judges the parsers. It is slow, works on arrays line by line, and is written
/// from RFC 9112 and the policy of this project. It shares no code with the parsers.
enum PlainHead {
  struct Field: Equatable {
    let name: [UInt8]
    let value: [UInt8]

    var lowercased: String { text(name).lowercased() }
  }

  /// The limits of the parser under test.
  struct Limits {
    let head: Int
    let target: Int
    let line: Int
    let fields: Int
    /// Whether errors in answers that proxies repair are accepted.
    let isOfAnswer: Bool
  }

  enum Body: Equatable {
    case none, chunked, untilClose
    case length(Int)
  }

  enum Verdict<Head: Equatable>: Equatable {
    case incomplete, refused
    case accepted(Head)
  }

  /// The lines up to the empty one, and the head's length. Only CRLF ends a line, and neither of its bytes may occur
  /// alone.
  static func lines(
    _ bytes: [UInt8], emptyLinesInFront: Int
  ) -> Verdict<[[UInt8]]> {
    var lines: [[UInt8]] = []
    var line: [UInt8] = []
    var skipped = 0
    var i = 0
    while i < bytes.count {
      switch bytes[i] {
      case 0x0A: return .refused
      case 0x0D:
        guard i + 1 < bytes.count else { return .incomplete }
        guard bytes[i + 1] == 0x0A else { return .refused }
        i += 1
        if !line.isEmpty {
          lines.append(line)
          line = []
        } else if lines.isEmpty {
          skipped += 1
          if skipped > emptyLinesInFront { return .refused }
        } else {
          return .accepted(lines)
        }
      default: line.append(bytes[i])
      }
      i += 1
    }
    return .incomplete
  }

  /// The length of a head that consists of `lines`, including empty lines before it.
  static func length(of lines: [[UInt8]], in bytes: [UInt8]) -> Int {
    var skipped = 0
    while bytes[skipped...].starts(with: [0x0D, 0x0A]) { skipped += 2 }
    return skipped + lines.reduce(2) { $0 + $1.count + 2 }
  }

  /// `name: value` with a token as name; nil for anything else. In answers, blanks before the colon are ignored.
  static func field(_ line: [UInt8], isOfAnswer: Bool) -> Field? {
    guard let colon = line.firstIndex(of: 0x3A) else { return nil }
    var name = Array(line[..<colon])
    while isOfAnswer, let byte = name.last, byte == 0x20 || byte == 0x09 { name.removeLast() }
    var value = line[(colon + 1)...]
    while let byte = value.first, byte == 0x20 || byte == 0x09 { value.removeFirst() }
    while let byte = value.last, byte == 0x20 || byte == 0x09 { value.removeLast() }
    guard isToken(name), value.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else {
      return nil
    }
    return Field(name: name, value: Array(value))
  }

  /// The field lines; nil if one of them is refused.
  static func fields(_ lines: ArraySlice<[UInt8]>, limits: Limits) -> [Field]? {
    guard lines.count <= limits.fields else { return nil }
    var result: [Field] = []
    for line in lines {
      guard line.count <= limits.line, let field = field(line, isOfAnswer: limits.isOfAnswer),
        !isMisleading(field.lowercased, isOfAnswer: limits.isOfAnswer)
      else { return nil }
      result.append(field)
    }
    return result
  }

  private static let tokenMarks = Array("!#$%&'*+-.^_`|~".utf8)

  static func isToken(_ bytes: [UInt8]) -> Bool {
    !bytes.isEmpty
      && bytes.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: tokenMarks.contains(byte)
        }
      }
  }

  /// A scalar for each byte.
  static func text(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }

  // MARK: Names

  private static let protectedNames: Set<String> = [
    "content-length", "transfer-encoding", "proxy-connection", "keep-alive", "http2-settings",
    "max-forwards", "proxy-authorization", "proxy-authenticate", "proxy-authentication-info",
    "www-authenticate", "set-cookie",
    "x-http-method-override", "x-method-override", "x-http-method", "proxy-status",
    "sec-fetch-site", "alt-svc", "strict-transport-security", "clear-site-data",
    "x-content-type-options", "x-request-id",
  ]
  private static let protectedFamilies = [
    "access-control-", "client-cert", "public-key-pins", "x-forwarded", "x-scorm-",
  ]
  /// Claims by other proxies, which are protected in requests.
  static let claims = [
    "akamai-",
    "ali-cdn-",
    "cdn-src-ip",
    "cf-",
    "client-ip",
    "cloudfront-",
    "do-connecting-ip",
    "fastly-",
    "fly-",
    "front-end-https",
    "http-client-ip",
    "incap-client-ip",
    "proxy-client-ip",
    "remote-",
    "ssl-",
    "tls-client-",
    "true-client-",
    "wl-proxy-",
    "x-amzn-",
    "x-appengine-",
    "x-appgw-",
    "x-arr-",
    "x-auth-request-",
    "x-authenticated-",
    "x-authentik-",
    "x-azure-",
    "x-client-cert",
    "x-client-dn",
    "x-client-ip",
    "x-client-port",
    "x-client-ssl",
    "x-client-verify",
    "x-cluster-client-ip",
    "x-coming-from",
    "x-envoy-",
    "x-goog-",
    "x-host",
    "x-http-destinationurl",
    "x-http-host-override",
    "x-ms-client-",
    "x-nf-client-",
    "x-original-",
    "x-originating-ip",
    "x-pomerium-",
    "x-proxy",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
    "x-scheme",
    "x-ssl-",
    "x-sucuri-",
    "x-tls-",
    "x-true-client-",
    "x-url-scheme",
    "x-vercel-",
    "x-vouch-",
    "x-webauth-",
    "z-forwarded-",
  ]

  private static func isProtected(_ name: String, _ isOfAnswer: Bool) -> Bool {
    !isOfAnswer && name.utf8.count > 5 && claims.contains { name.hasPrefix($0) }
      || protectedNames.contains(name)
      || protectedFamilies.contains { name.hasPrefix($0) }
  }

  /// Not protected as written, but protected for readers that treat `_` as `-`.
  private static func isMisleading(_ name: String, isOfAnswer: Bool) -> Bool {
    !isProtected(name, false)
      && isProtected(String(name.map { $0 == "_" ? "-" : $0 }), isOfAnswer)
  }

  /// Names that a Connection field must not contain: without them the message would have another meaning.
  private static let kept: Set<String> = [
    "host", "content-length", "transfer-encoding", "authorization", "content-type",
    "cache-control", "x-request-id", "cookie", "expect", "date", "via", "traceparent",
    "tracestate",
  ]

  // MARK: Fields that frame the message

  /// Whether the Connection fields contain `close` and `keep-alive`; nil if they are refused.
  static func connection(_ fields: [Field]) -> (close: Bool, keepAlive: Bool)? {
    var result = (close: false, keepAlive: false)
    var listed = 0
    for field in fields where field.lowercased == "connection" {
      let options = text(field.value).lowercased().split(
        separator: ",", omittingEmptySubsequences: false
      ).map { String(String($0).trimming { $0 == " " || $0 == "\t" }) }
      // The two options that are alone in nearly every head do not count.
      if options != ["close"] && options != ["keep-alive"] { listed += options.count }
      if listed > 16 { return nil }
      for option in options where !option.isEmpty {
        guard isToken(option.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }),
          !kept.contains(option)
        else { return nil }
        if option == "close" { result.close = true }
        if option == "keep-alive" { result.keepAlive = true }
      }
    }
    return result
  }

  /// The body that Content-Length and Transfer-Encoding announce; nil for none. Refused (RFC 9112 section 6.3) if both
  /// are present, if one is repeated, or if it is anything but one plain number or `chunked`.
  static func announcedBody(_ fields: [Field], isHTTP10: Bool) -> Verdict<Body?> {
    let lengths = fields.filter { $0.lowercased == "content-length" }
    let codings = fields.filter { $0.lowercased == "transfer-encoding" }
    guard lengths.count + codings.count <= 1 else { return .refused }
    if let coding = codings.first {
      return text(coding.value).lowercased() == "chunked" && !isHTTP10
        ? .accepted(.chunked) : .refused
    }
    guard let length = lengths.first else { return .accepted(nil) }
    guard length.value.count <= 18, let count = Int(text(length.value)), count >= 0,
      String(count) == text(length.value)
    else { return .refused }
    return .accepted(count == 0 ? Body.none : .length(count))
  }
}

extension String {
  fileprivate func trimming(_ drops: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let first = rest.first, drops(first) { rest.removeFirst() }
    while let last = rest.last, drops(last) { rest.removeLast() }
    return rest
  }
}
