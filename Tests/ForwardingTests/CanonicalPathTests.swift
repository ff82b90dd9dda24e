import Memory
import Testing

@testable import Forwarding

@Suite("Paths pass byte for byte or not at all")
struct CanonicalPathTests {
  /// Unknown paths are forwarded, so that only the path policy can refuse.
  private static let rules = ForwardingRules.sample { $0.forwardsUnknownOperations = true }

  private let gate = Gate(CanonicalPathTests.rules)

  /// The target that is sent upstream for `target`; nil if it is refused.
  private func forwarded(_ target: String) -> String? {
    gate.take(Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
      .upstream.map(Outcome.target(of:))
  }

  @Test(
    "an id may be any text, and its escapes are not touched",
    arguments: [
      "a.b", ".hidden", "...", "....", "..a", "a..", "-", "~", "a%20b", "%20", "a%2Fb", "a%2fb",
      "%2F", "a%3Bb", "%3Bv=1", "100%25", "50%25off", "%25", "%25%25", "a%5Cb", "%E4%BD%A0",
      "%c3%a9", "%F0%9F%98%80", "a@b.example", "x:y", "a,b", "a=b&c", "(a)", "a'b", "a!$*+b",
      "%5B1%5D", "a%3Fb", "a%23b", "%7e", "%41", "a%2F...", "%C2%A0",
    ])
  func legalIDs(id: String) {
    let target = "/api/v2/courses/\(id)"
    #expect(forwarded(target) == target)
    let inside = "/api/v2/courses/\(id)/versions?include=%2e%2e;%00"
    #expect(forwarded(inside) == inside, "a query is nobody's path")
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var path: String
    var flaw: CanonicalPath.Flaw
    init(_ path: String, _ flaw: CanonicalPath.Flaw) {
      self.path = path
      self.flaw = flaw
    }
    var testDescription: String { "\(path) is \(flaw)" }
  }

  @Test(
    "what two hops could read as two paths is refused with 400",
    arguments: [
      Refusal("/..", .dotSegment), Refusal("/.", .dotSegment), Refusal("/../a", .dotSegment),
      Refusal("/a/./b", .dotSegment), Refusal("/a/..", .dotSegment),
      Refusal("/%2e", .dotSegment), Refusal("/%2E%2e/a", .dotSegment),
      Refusal("/.%2e/a", .dotSegment), Refusal("/%2e./a", .dotSegment),
      Refusal("/%252e%252e", .dotSegment), Refusal("/%25252e%25252E/a", .dotSegment),
      Refusal("/a%2F..", .dotSegment), Refusal("/..%2Fa", .dotSegment),
      Refusal("/a%2f%2e%2e%2fb", .dotSegment), Refusal("/a%252f..%252fb", .dotSegment),
      Refusal("/..%5Ca", .dotSegment), Refusal("/a%5c..", .dotSegment),
      Refusal("/a%255c%252e%252e", .dotSegment), Refusal("/..%3Bv=1/a", .dotSegment),
      Refusal("/%2e%2e%3b", .dotSegment), Refusal("/..%253Bx", .dotSegment),
      Refusal("/..%3Fa", .dotSegment), Refusal("/..%23a", .dotSegment),
      Refusal("/..%20", .dotSegment), Refusal("/%EF%BC%8E%EF%BC%8E", .dotSegment),
      Refusal("/..%EF%BC%8Fa", .dotSegment), Refusal("/..%EF%BC%BCa", .dotSegment),
      Refusal("/..%25ef%25bc%258fa", .dotSegment),
      Refusal("/%c0%ae%c0%ae/a", .overlongEscape), Refusal("/a%c0%afb", .overlongEscape),
      Refusal("/%e0%80%ae", .overlongEscape), Refusal("/%f0%80%80%af", .overlongEscape),
      Refusal("/%25c0%25ae", .overlongEscape), Refusal("/%c1%9c", .overlongEscape),
      Refusal("/%ff", .overlongEscape), Refusal("/%ed%a0%80", .overlongEscape),
      Refusal("/a%00", .controlByte), Refusal("/%0d%0aX", .controlByte),
      Refusal("/%7F", .controlByte), Refusal("/%2500", .controlByte),
      Refusal("/%25250a", .controlByte), Refusal("/%1f", .controlByte),
      Refusal("/%", .brokenEscape), Refusal("/a%2", .brokenEscape),
      Refusal("/%zz", .brokenEscape), Refusal("/%u002e", .brokenEscape),
      Refusal("/%2/f", .brokenEscape), Refusal("/a;b", .parameter), Refusal("/..;/a", .parameter),
      Refusal("/a//b", .emptySegment), Refusal("/a/", .emptySegment),
      Refusal("//a", .emptySegment), Refusal("/", .emptySegment), Refusal("/a[1]", .byte),
    ])
  func refusals(refusal: Refusal) {
    let bytes = Array(refusal.path.utf8)
    #expect(throws: refusal.flaw) { try CanonicalPath.check(bytes.span.bytesOfElements) }
    let outcome = take(["GET /api/v2/x\(refusal.path) HTTP/1.1"], rules: CanonicalPathTests.rules)
    #expect(outcome.words == "400 path-not-canonical")
    #expect(outcome.error?.detail == refusal.flaw.detail)
  }

  @Test(
    "bytes that no target may hold do not even get that far",
    arguments: [
      "/api/v2/a\\b", "/api/v2/..\\a", "/api/v2/a#b", "/api/v2/é", "/api/v2/a\u{1}",
      "/api/v2/a\"b", "/api/v2/a<b", "/api/v2/a|b", "/api/v2/a^b", "/api/v2/a`b", "/api/v2/{a}",
    ])
  func bytes(target: String) {
    #expect(take(["GET \(target) HTTP/1.1"], rules: CanonicalPathTests.rules).error?.status == 400)
  }

  // MARK: Under every interpretation

  private static let base = "/api/v2"

  @Test(
    "the model of readings knows an escape when it sees one",
    arguments: [
      "/api/v2/../x", "/api/v2/%2e%2e/x", "/api/v2/%252e%252e/x", "/api/v2/%25252e%25252e/x",
      "/api/v2/..\\..\\x", "/api/v2/..%5c..%5cx", "/api/v2/..;a/..;b/x", "/api/v2/..%3b/x",
      "/api/v2/%c0%ae%c0%ae/x", "/api/v2/..%c0%af..%e0%80%afx", "/api/v2/..%ef%bc%8fx",
      "/api/v2/..%00/x", "/api/v2x", "/api/../v2/x", "/api/v2/a/../../x", "/x",
      "/api/v2/%25c0%25ae%25c0%25ae%252fx",
    ])
  func modelFindsEscapes(target: String) {
    #expect(PathReadings.escape(of: target, from: CanonicalPathTests.base) != nil)
  }

  @Test(
    "the model lets through what stays inside",
    arguments: ["/api/v2/courses", "/api/v2/courses/a%2Fb", "/api/v2/...", "/api/v2/a?../../.."])
  func modelAccepts(target: String) {
    #expect(PathReadings.escape(of: target, from: CanonicalPathTests.base) == nil)
  }

  @Test(
    "known traversals never leave the base path under any reading",
    arguments: [
      "/..%2f", "/%2e%2e/", "/..%252f", "/%252e%252e%252f", "/..%255c", "/%2e%2e%5c", "/..%c0%af",
      "/%c0%ae%c0%ae%c0%af", "/..%c1%9c", "/%uff0e%uff0e%u2215", "/..%25c0%25af", "/....//",
      "/...%2f", "/..%e0%80%af", "/%e0%80%ae%e0%80%ae/", "/..0x2f", "/..%f0%80%80%af", "/..;/",
      "/..%3b/", "/.%00./", "/..%0a/", "/.%2e/", "/%2e./", "/..%ef%bc%8f", "/.//..//", "/..%00/",
      "/%c0%2e%c0%2e/", "/..%u2216", "/..%bg%qf", "/..%c0%qf", "/..%20/", "/..%09/", "/.%3b./",
      "/%25252e%25252e%25252f", "/..%25252f", "/%5c..%5c", "/..%2f%2f", "/%2f..%2f", "/~/../",
    ])
  func traversals(step: String) {
    for prefix in ["/api/v2", "/api/v2/", "/api/v2/courses/a", "/apps/main/api/v2"] {
      for depth in [1, 2, 3, 8] {
        let target = prefix + String(repeating: step, count: depth) + "etc%2fpasswd"
        guard let upstream = forwarded(target) else { continue }
        let escape = PathReadings.escape(of: upstream, from: CanonicalPathTests.base)
        #expect(escape == nil, "\(target) is sent as \(upstream)")
      }
    }
  }

  private static let pieces = [
    "..", ".", "%2e", "%2E", "%252e", "%25252e", "/", "/", "/", "%2f", "%252F", "%5c", "%255c",
    "\\", ";", "%3b", "%253b", "%c0%ae", "%c0%af", "%25c0%25af", "%e0%80%af", "%ef%bc%8f",
    "%ef%bc%8e", "%ef%bc%bc", "%c1%9c", "%00", "%2500", "%20", "%09", "a", "courses", "?", "#",
    "%", "%25", "%2", "25", "2e", "2f", "5c", "%3f", "%23", "~", "%41", "%c3%a9", "...", "x.y",
  ]

  @Test("no random path that is accepted leaves the base path", arguments: 0..<32 as Range<UInt64>)
  func randomPaths(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    var accepted = 0
    for _ in 0..<400 {
      var target =
        ["/api/v2", "/api/v2/", "/api/v2/courses/", "/apps/main/api/v2/a"]
        .randomElement(using: &random) ?? ""
      for _ in 0..<Int.random(in: 1...7, using: &random) {
        target += CanonicalPathTests.pieces.randomElement(using: &random) ?? ""
      }
      // One byte in one of three targets is changed, which breaks some escapes and makes others.
      if random.next() % 3 == 0 {
        var bytes = Array(target.utf8)
        let at = Int.random(in: 7..<bytes.count + 1, using: &random)
        bytes.insert(
          contentsOf: ["%", "2", "e", ".", "/", "5"].randomElement(using: &random)!.utf8, at: at)
        target = String(decoding: bytes, as: UTF8.self)
      }
      guard let upstream = forwarded(target) else { continue }
      accepted += 1
      let escape = PathReadings.escape(of: upstream, from: CanonicalPathTests.base)
      #expect(escape == nil, "\(target) is sent as \(upstream)")
    }
    #expect(accepted >= 20, "the generator must reach what is accepted")
  }
}
