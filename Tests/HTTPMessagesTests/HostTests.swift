import Memory
import Testing

@testable import HTTPMessages

@Suite("Hosts and pages")
struct HostTests {
  static let valid: [(host: String, hostPart: String, port: Int?)] = [
    ("localhost", "localhost", nil), ("LOCALHOST:8080", "LOCALHOST", 8080),
    ("127.0.0.1:0", "127.0.0.1", 0), ("a.b-c.example.", "a.b-c.example.", nil),
    ("my_service:65535", "my_service", 65535), ("[::1]", "[::1]", nil), ("[::]:80", "[::]", 80),
    ("[2001:DB8::7]:00080", "[2001:DB8::7]", 80), ("[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]", nil),
    ("xn--bcher-kva.example", "xn--bcher-kva.example", nil), ("1", "1", nil), ("_a", "_a", nil),
  ]

  @Test("names and addresses with or without a port are hosts", arguments: valid)
  func accepts(host: String, hostPart: String, port: Int?) throws {
    let bytes = payload(host)
    #expect(HostSyntax.isValid(bytes.span.bytesOfElements) == true)
    let split = HostSyntax.split(bytes.span.bytesOfElements)
    let parts = try #require(split)
    #expect(parts.hostEnd == hostPart.utf8.count)
    #expect(parts.port == port)
  }

  @Test(
    "everything else is not",
    arguments: [
      "", ":", ":80", "a:", "a:b", "a:-1", "a:+1", "a: 80", "a:80 ", "a:8080:80", "a:65536",
      "a:100000", "a:000080", "a b", " a", "a\t", "a,b", "a@b", "a:b@c", "a/", "a/b", "a?b", "a#b",
      "a\\b", "a%62", "a\0", "a\r", "\u{E9}", "a\u{80}", ".a", "-a", "[", "[]", "[:]", "[::1",
      "::1", "[::1]a", "[::1]:", "[::1]:a", "[::1%25eth0]", "[g::1]", "[[::1]]", "[::1]]", "{a}",
      "<a>", "a;b", "a=b", "a'b", "a*b", "*", "a!", "a$b", "a&b", "a(b)",
    ])
  func refuses(host: String) {
    let bytes = payload(host)
    #expect(HostSyntax.isValid(bytes.span.bytesOfElements) == false)
  }

  @Test("a host has at most 255 bytes")
  func length() {
    for (count, expected) in [(255, true), (256, false)] {
      let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
      #expect(HostSyntax.isValid(bytes.span.bytesOfElements) == expected)
    }
  }

  @Test(
    "a listener answers to its own names, with its own port or none",
    arguments: [
      ("localhost", true), ("localhost:8080", true), ("LocalHost:8080", true),
      ("localhost.", true), ("localhost.:8080", true), ("127.0.0.1", true),
      ("127.0.0.1:8080", true), ("[::1]", true), ("[::1]:8080", true),
      ("gateway.internal", true), ("GATEWAY.internal:8080", true), ("proxy:9000", true),
      ("PROXY:9000", true), ("[fd00::1]", true), ("[fd00::1]:8080", true),
      ("localhost:80", false), ("localhost:8081", false), ("localhost:0", false),
      ("localhost..", false), (".localhost", false), ("proxy", false), ("proxy:8080", false),
      ("proxy:9001", false), ("[fd00::1]:9000", false), ("[::2]", false), ("127.0.0.2", false),
      ("0.0.0.0:8080", false), ("[::]:8080", false), ("rebind.example", false),
      ("localhost.rebind.example", false), ("localhos", false), ("localhostx", false),
      ("xlocalhost", false), ("2130706433", false), ("0x7f000001", false), ("127.1", false),
      ("", false), (".", false), ("localhost:", false), ("localhost:8080x", false),
      ("localhost@rebind.example", false), ("::1", false),
    ])
  func allowList(authority: String, expected: Bool) {
    let list = HostAllowList(port: 8080, extra: ["Gateway.Internal", "proxy:9000", "[fd00::1]"])
    let bytes = payload(authority)
    #expect(list.allows(bytes.span.bytesOfElements) == expected)
  }

  @Test("a list without a port takes any, and the list of Unix sockets takes any host")
  func anyPort() {
    let list = HostAllowList(port: nil)
    for (authority, expected) in [
      ("localhost:1", true), ("localhost", true), ("[::1]:65535", true), ("other:1", false),
    ] {
      let bytes = payload(authority)
      #expect(list.allows(bytes.span.bytesOfElements) == expected)
      #expect(HostAllowList.any.allows(bytes.span.bytesOfElements) == true)
    }
  }

  @Test("a refusal can name what is allowed")
  func names() {
    let list = HostAllowList(port: 8080, extra: ["Gateway.Internal"])
    #expect(list.names == "localhost, 127.0.0.1, [::1], gateway.internal")
  }

  @Test(
    "requests of pages are told by Origin and Sec-Fetch-Site, those of services have neither",
    arguments: [
      ("", false), ("Sec-Fetch-Site: none\r\n", false), ("Sec-Fetch-Site: None\r\n", false),
      ("Sec-Fetch-Site:  none \r\n", false), ("Sec-Fetch-Mode: cors\r\n", false),
      ("Referer: http://page.example/\r\n", false), ("Origin-Agent-Cluster: ?1\r\n", false),
      ("Origin: http://page.example\r\n", true), ("ORIGIN: http://localhost\r\n", true),
      ("Origin: null\r\n", true), ("Origin:\r\n", true),
      ("Sec-Fetch-Site: cross-site\r\n", true), ("sec-fetch-site: same-origin\r\n", true),
      ("Sec-Fetch-Site: same-site\r\n", true), ("Sec-Fetch-Site:\r\n", true),
      ("Sec-Fetch-Site: none, cross-site\r\n", true),
      ("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", true),
      ("Sec-Fetch-Site: none\r\nOrigin: http://a\r\n", true),
    ])
  func browser(lines: String, expected: Bool) throws {
    let bytes = payload("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n")
    var parser = RequestHeadParser()
    let head = try #require(try parser.parse(bytes.span.bytesOfElements))
    let isFromPage = BrowserRule.isFromPage(head, parser.fields, in: bytes.span.bytesOfElements)
    #expect(isFromPage == expected)
  }
}
