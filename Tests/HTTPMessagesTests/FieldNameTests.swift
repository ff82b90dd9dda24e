import Memory
import Testing

@testable import HTTPMessages

@Suite("Field names")
struct FieldNameTests {
  /// Every name that is recognized individually.
  static let names: [(text: String, name: FieldName)] = [
    ("host", .host), ("content-length", .contentLength), ("transfer-encoding", .transferEncoding),
    ("connection", .connection), ("proxy-connection", .proxyConnection),
    ("keep-alive", .keepAlive), ("te", .te), ("trailer", .trailer), ("upgrade", .upgrade),
    ("http2-settings", .http2Settings), ("expect", .expect), ("max-forwards", .maxForwards),
    ("authorization", .authorization), ("proxy-authorization", .proxyAuthorization),
    ("proxy-authenticate", .proxyAuthenticate),
    ("proxy-authentication-info", .proxyAuthenticationInfo),
    ("www-authenticate", .wwwAuthenticate), ("cookie", .cookie), ("set-cookie", .setCookie),
    ("client-cert", .clientCertificate), ("via", .via), ("forwarded", .forwarded),
    ("x-forwarded", .xForwarded), ("x-http-method-override", .methodOverride),
    ("x-method-override", .methodOverride), ("x-http-method", .methodOverride),
    ("proxy-status", .proxyStatus), ("origin", .origin), ("sec-fetch-site", .secFetchSite),
    ("alt-svc", .altService), ("strict-transport-security", .strictTransportSecurity),
    ("clear-site-data", .clearSiteData), ("x-content-type-options", .contentTypeOptions),
    ("x-request-id", .xRequestID), ("traceparent", .traceparent), ("tracestate", .tracestate),
    ("x-scorm-app", .xScormApp), ("x-scorm-pages", .xScormPages),
    ("x-scorm-priority", .xScormPriority), ("user-agent", .userAgent), ("date", .date),
    ("location", .location), ("content-location", .contentLocation), ("content-type", .contentType),
    ("retry-after", .retryAfter), ("prefer", .prefer),
    ("cache-control", .cacheControl),
  ]

  /// Families that are recognized by a prefix.
  static let families: [(prefix: String, name: FieldName)] =
    [
      ("access-control-", .accessControl), ("client-cert", .clientCertificate),
      ("public-key-pins", .publicKeyPins), ("x-scorm-", .xScorm), ("x-forwarded", .xForwarded),
    ]
    + PlainHead.claims.map { ($0, .proxyClaim) }

  private static let dictionary = Dictionary(
    uniqueKeysWithValues: names.map { ($0.text, $0.name) })

  /// A slow and obvious implementation.
  private func model(_ name: [UInt8]) -> FieldName {
    let text = String(decoding: name.map(\.asciiLowercased), as: UTF8.self)
    return Self.dictionary[text]
      ?? Self.families.first {
        text.utf8.starts(with: $0.prefix.utf8) && ($0.name != .proxyClaim || name.count > 5)
      }?.name ?? .other
  }

  /// Checks `name` at the end of its bytes, and surrounded by other bytes.
  private func check(_ name: [UInt8]) {
    let expected = model(name)
    #expect(
      FieldName.classify(name.span.bytesOfElements, 0, name.count) == expected, "\(latin(name))")
    let amid = Array("x-".utf8) + name + Array(": value, and more".utf8)
    #expect(
      FieldName.classify(amid.span.bytesOfElements, 2, 2 + name.count) == expected,
      "\(latin(name)) amid others")
  }

  private static let tokenBytes = (UInt8.min...UInt8.max).filter { ByteSet.token.contains($0) }

  @Test("every known name is known in any case, and no known name is missing here")
  func known() {
    var met: Set<FieldName> = [.other]
    for (text, name) in Self.names + Self.families.map({ ($0.prefix + "any", $0.name) }) {
      met.insert(name)
      #expect(model(Array(text.utf8)) == name)
      check(Array(text.utf8))
      check(Array(text.uppercased().utf8))
      for odd in 0...1 {
        check(
          text.utf8.enumerated().map { i, byte in
            i % 2 == odd ? byte : Array(String(Unicode.Scalar(byte)).uppercased().utf8)[0]
          })
      }
    }
    #expect(met == Set((UInt8.min...UInt8.max).compactMap { FieldName(rawValue: $0) }))
  }

  @Test(
    "names that are nearly known are not", arguments: names.map(\.text) + families.map(\.prefix))
  func nearMisses(text: String) {
    let name = Array(text.utf8)
    for i in name.indices {
      for byte in Self.tokenBytes {
        var changed = name
        changed[i] = byte
        check(changed)
      }
      var cut = name
      cut.remove(at: i)
      if !cut.isEmpty { check(cut) }
      var doubled = name
      doubled.insert(name[i], at: i)
      check(doubled)
    }
    for byte in Self.tokenBytes {
      check(name + [byte])
      check([byte] + name)
    }
    check(name + name)
  }

  @Test("names of every length are told apart", arguments: 1...40)
  func lengths(length: Int) {
    check([UInt8](repeating: UInt8(ascii: "x"), count: length))
    check([UInt8](repeating: UInt8(ascii: "-"), count: length))
  }

  @Test("tokens are exactly the bytes RFC 9110 section 5.6.2 lists")
  func tokens() {
    let letters = (UInt8(ascii: "a")...UInt8(ascii: "z")).flatMap { [$0, $0 - 0x20] }
    let digits = Array("0123456789".utf8)
    let expected = Set(letters + digits + Array("!#$%&'*+-.^_`|~".utf8))
    #expect(Set(Self.tokenBytes) == expected)
  }

  @Test("the bytes of a target are exactly those of RFC 3986 without the fragment's mark")
  func targets() {
    let letters = (UInt8(ascii: "a")...UInt8(ascii: "z")).flatMap { [$0, $0 - 0x20] }
    let digits = Array("0123456789".utf8)
    let marks = Array("-._~:/?[]@!$&'()*+,;=%".utf8)
    let passing = (UInt8.min...UInt8.max).filter { ByteSet.target.contains($0) }
    #expect(Set(passing) == Set(letters + digits + marks))
  }

  @Test("hexadecimal digits have their value, and no other byte has one")
  func hexadecimal() {
    for byte in UInt8.min...UInt8.max {
      let expected =
        byte < 128 ? Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) } : nil
      #expect(byte.hexadecimalValue == expected)
    }
  }

  @Test("a set of names holds what was put in, and every name fits")
  func sets() {
    let all = (UInt8.min...UInt8.max).compactMap { FieldName(rawValue: $0) }
    for name in all {
      let set: FieldSet = [name]
      for other in all { #expect(set.contains(other) == (other == name)) }
      #expect(set.intersects([name, .host]))
      #expect(!set.intersects(FieldSet()))
    }
  }
}
