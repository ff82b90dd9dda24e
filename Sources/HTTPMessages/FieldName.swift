internal import Memory

/// The field names that a relay must know. Every other name is ``other`` and passes unchanged.
///
/// Families with a common prefix (`Access-Control-…`, `X-Forwarded-…`) are one case each.
@usableFromInline package enum FieldName: UInt8, Sendable, BitwiseCopyable {
  case other
  // Framing and the connection: RFC 9110 sections 7.6.1, 7.8, 10.1; RFC 9112 sections 6, 9.
  case host, contentLength, transferEncoding, connection, proxyConnection, keepAlive, te, trailer
  case upgrade, http2Settings, expect, maxForwards
  // Credentials, and what travels with them.
  case authorization, proxyAuthorization, proxyAuthenticate, proxyAuthenticationInfo
  case wwwAuthenticate, cookie, setCookie, clientCertificate
  // What hops say about each other.
  case via, forwarded, xForwarded, proxyClaim, methodOverride, proxyStatus
  // Browsers.
  case origin, secFetchSite, accessControl, altService, strictTransportSecurity, clearSiteData
  case publicKeyPins, contentTypeOptions
  // The gateway's own fields, and trace context.
  case xRequestID, traceparent, tracestate, xScormApp, xScormPages, xScormPriority, xScorm
  // Read or rewritten on the way.
  case userAgent, date, location, contentLocation, contentType, retryAfter, cacheControl, prefer

  /// Classifies the name in `start..<end`, which must hold token bytes only.
  static func classify(_ bytes: RawSpan, _ start: Int, _ end: Int) -> FieldName {
    let name = Packed(bytes, start, end)
    switch end &- start {
    case 2: return name.is("te") ? .te : .other
    case 3: return name.is("via") ? .via : .other
    case 4: return name.is("host") ? .host : name.is("date") ? .date : .other
    case 6:
      return name.is("cookie")
        ? .cookie
        : name.is("expect")
          ? .expect
          : name.is("origin") ? .origin : name.is("accept") ? .other : longName(name)
    case 7:
      return name.is("upgrade")
        ? .upgrade
        : name.is("trailer")
          ? .trailer : name.is("alt-svc") ? .altService : longName(name)
    case 8: return name.is("location") ? .location : longName(name)
    case 9:
      return name.is("forwarded") ? .forwarded : longName(name)
    case 10:
      return name.is("connection")
        ? .connection
        : name.is("user-agent")
          ? .userAgent
          : name.is("keep-alive")
            ? .keepAlive
            : name.is("set-cookie")
              ? .setCookie : name.is("tracestate") ? .tracestate : longName(name)
    case 11:
      return name.is("retry-after")
        ? .retryAfter
        : name.is("traceparent")
          ? .traceparent : name.is("client-cert") ? .clientCertificate : longName(name)
    case 12:
      return name.is("content-type")
        ? .contentType
        : name.is("x-request-id")
          ? .xRequestID
          : name.is("proxy-status")
            ? .proxyStatus : name.is("max-forwards") ? .maxForwards : longName(name)
    case 13:
      return name.is("authorization")
        ? .authorization : name.is("cache-control") ? .cacheControl : longName(name)
    case 14:
      return name.is("content-length")
        ? .contentLength
        : name.is("sec-fetch-site")
          ? .secFetchSite : name.is("http2-settings") ? .http2Settings : longName(name)
    case 5: return .other
    default: return longName(name)
    }
  }

  /// Classifies names that are long, rare, or recognized by a prefix, outside the common path.
  @inline(never)
  private static func longName(_ packed: Packed) -> FieldName {
    switch packed.first {
    case UInt8(ascii: "a"):
      if packed.hasPrefix("access-control-") { return .accessControl }
    case UInt8(ascii: "c"):
      if packed.is("content-location") { return .contentLocation }
      if packed.is("clear-site-data") { return .clearSiteData }
      if packed.hasPrefix("client-cert") { return .clientCertificate }
    case UInt8(ascii: "p"):
      if packed.is("prefer") { return .prefer }
      if packed.is("proxy-connection") { return .proxyConnection }
      if packed.is("proxy-authorization") { return .proxyAuthorization }
      if packed.is("proxy-authenticate") { return .proxyAuthenticate }
      if packed.is("proxy-authentication-info") { return .proxyAuthenticationInfo }
      if packed.hasPrefix("public-key-pins") { return .publicKeyPins }
    case UInt8(ascii: "s"):
      if packed.is("strict-transport-security") { return .strictTransportSecurity }
    case UInt8(ascii: "t"):
      if packed.is("transfer-encoding") { return .transferEncoding }
    case UInt8(ascii: "w"): if packed.is("www-authenticate") { return .wwwAuthenticate }
    case UInt8(ascii: "x"):
      if let name = extensionName(packed) { return name }
    default: break
    }
    return isProxyClaim(packed) ? .proxyClaim : .other
  }

  /// Classifies names that begin with `x-`. The byte after that rules out most unknown ones.
  @inline(__always)
  private static func extensionName(_ packed: borrowing Packed) -> FieldName? {
    switch packed.third {
    case UInt8(ascii: "s"):
      guard packed.hasPrefix("x-scorm-") else { return nil }
      if packed.is("x-scorm-app") { return .xScormApp }
      if packed.is("x-scorm-pages") { return .xScormPages }
      return packed.is("x-scorm-priority") ? .xScormPriority : .xScorm
    case UInt8(ascii: "f"): return packed.hasPrefix("x-forwarded") ? .xForwarded : nil
    case UInt8(ascii: "c"): return packed.is("x-content-type-options") ? .contentTypeOptions : nil
    case UInt8(ascii: "h"):
      return packed.is("x-http-method-override") || packed.is("x-http-method")
        ? .methodOverride : nil
    case UInt8(ascii: "m"): return packed.is("x-method-override") ? .methodOverride : nil
    default: return nil
    }
  }
}

/// A set of ``FieldName``s in one word.
@usableFromInline package struct FieldSet: Sendable, BitwiseCopyable, ExpressibleByArrayLiteral {
  @usableFromInline package internal(set) var bits: UInt64 = 0

  package init() {}

  @usableFromInline package init(arrayLiteral names: FieldName...) {
    for name in names { insert(name) }
  }

  @inlinable @inline(__always)
  package mutating func insert(_ name: FieldName) { bits |= 1 &<< UInt64(name.rawValue) }

  @inlinable @inline(__always)
  package func contains(_ name: FieldName) -> Bool { bits &>> UInt64(name.rawValue) & 1 != 0 }

  @inlinable @inline(__always)
  package func intersects(_ other: FieldSet) -> Bool { bits & other.bits != 0 }
}

/// A field name as its first and last eight bytes in lower case, so that comparing it with a literal takes two
/// comparisons of words.
///
/// Setting bit 5 turns upper case into lower case. Among token bytes, it otherwise changes only `^` to `~` and `_` to
/// DEL, and no known name has these.
struct Packed: ~Escapable {
  /// The bytes that contain the name, read again only when two words are not enough.
  private let bytes: RawSpan
  private let start: Int
  private let count: Int
  private let head: UInt64
  private let tail: UInt64

  @inline(__always)
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    let count = end &- start
    self.bytes = bytes
    self.start = start
    self.count = count
    if count >= 8 {
      head = bytes.word(at: start) | 0x2020_2020_2020_2020
      tail = bytes.word(at: end &- 8) | 0x2020_2020_2020_2020
    } else if start &+ 8 <= bytes.byteCount {
      let kept = (1 as UInt64) &<< UInt64(count &* 8) &- 1
      head = (bytes.word(at: start) | 0x2020_2020_2020_2020) & kept
      tail = head
    } else {
      var word: UInt64 = 0
      for i in 0..<count { word |= UInt64(bytes[start + i] | 0x20) << UInt64(i * 8) }
      head = word
      tail = word
    }
  }

  @inline(__always)
  var first: UInt8 { UInt8(truncatingIfNeeded: head) }
  /// The first two bytes as one number, for a single comparison.
  @inline(__always)
  var pair: UInt16 { UInt16(truncatingIfNeeded: head) }
  @inline(__always)
  static func pair(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt16 {
    UInt16(UInt8(ascii: first)) | UInt16(UInt8(ascii: second)) &<< 8
  }
  @inline(__always)
  var third: UInt8 { UInt8(truncatingIfNeeded: head &>> 16) }

  /// Whether the name is `literal`, which must be in lower case.
  @inline(__always)
  func `is`(_ literal: StaticString) -> Bool {
    let length = literal.utf8CodeUnitCount
    guard count == length, head == Packed.word(literal, 0, min(8, length)) else { return false }
    if length <= 8 { return true }
    guard tail == Packed.word(literal, length &- 8, length) else { return false }
    return length <= 16 || bytes.slice(start, start + count).equalsIgnoringCase(literal)
  }

  /// Whether the name begins with `literal`, which must be in lower case.
  @inline(__always)
  func hasPrefix(_ literal: StaticString) -> Bool {
    let length = literal.utf8CodeUnitCount
    guard count >= length else { return false }
    if length < 8 {
      return (head ^ Packed.word(literal, 0, length)) &<< UInt64((8 &- length) &* 8) == 0
    }
    return head == Packed.word(literal, 0, 8) && (length == 8 || hasLongPrefix(literal))
  }

  @inline(never)
  private func hasLongPrefix(_ literal: StaticString) -> Bool {
    bytes.slice(start, start + literal.utf8CodeUnitCount).equalsIgnoringCase(literal)
  }

  /// Bytes `start..<end` of `literal` as a word; folded to a constant by the optimizer.
  @inline(__always)
  private static func word(_ literal: StaticString, _ start: Int, _ end: Int) -> UInt64 {
    var word: UInt64 = 0
    var i = start
    while i < end {
      // Proof: 0 <= i < the literal's length, by the callers above.
      word |= UInt64(unsafe literal.utf8Start[i]) &<< UInt64((i &- start) &* 8)
      i &+= 1
    }
    return word
  }
}
