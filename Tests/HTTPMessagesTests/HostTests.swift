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

  @Test("a parser tells hosts apart that come one after the other, however alike")
  func oneAfterTheOther() {
    func parts(_ host: String, _ parser: inout RequestHeadParser) -> String {
      let bytes = payload("GET /a HTTP/1.1\r\nHost: \(host)\r\n\r\n")
      do throws(RequestFault) {
        guard let head = try parser.parse(bytes.span.bytesOfElements) else { return "incomplete" }
        return "\(head.hostLength), \(head.port.map { "port \($0)" } ?? "no port")"
      } catch {
        return "\(error)"
      }
    }
    var busy = RequestHeadParser()
    for host in [
      "a.example:8080", "a.example:8080", "b.example:8080", "a.example:8081", "a.example", "A.example",
      "a.example:80800", "a.example", "a.exampl", "", "a.example", "a exampl", "a.example:1", "1", "2:3",
    ] {
      var fresh = RequestHeadParser()
      #expect(parts(host, &busy) == parts(host, &fresh), "\(host)")
    }
  }

  @Test("a host has at most 255 bytes")
  func length() {
    for (count, expected) in [(255, true), (256, false)] {
      let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
      #expect(HostSyntax.isValid(bytes.span.bytesOfElements) == expected)
    }
  }

  @Test(
    "a listener answers to its own names whatever the port, and to an entry with a port at that port",
    arguments: [
      ("localhost", true), ("localhost:8080", true), ("LocalHost:8080", true),
      ("localhost.", true), ("localhost.:8080", true), ("127.0.0.1", true),
      ("127.0.0.1:18080", true), ("[::1]", true), ("[::1]:8080", true),
      ("localhost:80", true), ("localhost:0", true),
      ("gateway.internal", true), ("GATEWAY.internal:8080", true), ("gateway.internal.:1", true),
      ("stack_gateway", true), ("Stack_Gateway:80", true), ("dotted.example", true),
      ("dotted.example.:8080", true),
      ("proxy:9000", true), ("PROXY:9000", true), ("PROXY.:9000", true), ("web", true),
      ("web:80", true), ("web:8080", false),
      ("[fd00::1]", true), ("[fd00::1]:8080", true), ("[FD00:0::1]:9000", true),
      ("10.1.2.3:9901", true), ("10.1.2.3", false), ("10.1.2.4:9901", false),
      ("[::ffff:10.1.2.3]:9901", true),
      ("localhost..", false), (".localhost", false), ("proxy", false), ("proxy:8080", false),
      ("proxy:9001", false), ("[::2]", false), ("192.168.1.1", false), ("8.8.8.8:80", false),
      ("0.0.0.0:8080", false), ("[::]:8080", false), ("rebind.example", false),
      ("localhost.rebind.example", false), ("localhos", false), ("localhostx", false),
      ("xlocalhost", false), ("127.0.0.1.rebind.example", false), ("127.rebind", false),
      ("", false), (".", false), ("localhost:", false), ("localhost:8080x", false),
      ("localhost@rebind.example", false), ("::1", false), ("stack-gateway", false),
    ])
  func allowList(authority: String, expected: Bool) {
    let list = HostAllowList(
      extra: [
        "Gateway.Internal", "proxy:9000", "[fd00::1]", "Stack_Gateway", "dotted.example.", "web:80",
        "10.1.2.3:9901",
      ])
    let bytes = payload(authority)
    let isAllowed = list.allows(bytes.span.bytesOfElements)
    #expect(isAllowed == expected)
  }

  @Test(
    "a Host without a port stands for 443 where the listener speaks TLS, else for 80",
    arguments: [("web", true), ("secure", false), ("secure:443", true), ("web:80", true)])
  func usualPort(authority: String, isPlain: Bool) {
    let entries = ["web:80", "secure:443"]
    let bytes = payload(authority)
    #expect(HostAllowList(extra: entries).allows(bytes.span.bytesOfElements) == isPlain)
    let secured = HostAllowList(extra: entries, isSecured: true)
    #expect(secured.allows(bytes.span.bytesOfElements) == (authority != "web"))
  }

  @Test(
    "every spelling of a loopback address is this machine's, but those that browsers do not mark",
    arguments: [
      ("127.0.0.2", true), ("127.255.255.254:1", true), ("127.1", true), ("127.0.1:8080", true),
      ("2130706433", true), ("0x7f000001", true), ("0X7F.1", true), ("0177.0.0.1", true),
      ("127.0.0.1.", true), ("127.000.000.001", true),
      ("[0:0:0:0:0:0:0:1]", true), ("[0000::0001]:80", true), ("[0:0::0:1]", true),
      ("[::ffff:127.0.0.1]", false), ("[::ffff:7f00:1]", false), ("[::FFFF:127.9.9.9]:8080", false),
      ("128.0.0.1", false), ("126.1", false), ("127.0.0.256", false), ("127.0.0.0.1", false),
      ("127..1", false), ("0x7g000001", false), ("0x.1", false), ("4294967296", false),
      ("99999999999999999999", false), ("127.0.0x1ffffff", false), ("0178.1", false),
      ("[::2]", false), ("[::1:0]", false), ("[:::1]", false), ("[::1::]", false),
      ("[1::ffff:127.0.0.1]", false), ("[::127.0.0.1]", false), ("[::ffff:127.1]", false),
      ("[0:0:0:0:0:0:1]", false), ("[0:0:0:0:0:0:0:0:1]", false), ("[::00001]", false),
      ("[::ffff:127.0.0.01]", false), ("[:1]", false), ("[1:]", false), ("0", false),
    ])
  func loopback(authority: String, expected: Bool) {
    let bytes = payload(authority)
    let isAllowed = HostAllowList().allows(bytes.span.bytesOfElements)
    #expect(isAllowed == expected)
  }

  @Test(
    "where other machines may call, any address is taken, but for those that nobody has, and no name",
    arguments: [
      ("10.244.0.5:9901", true), ("192.168.0.1", true), ("[2001:db8::7]:8080", true),
      ("[fe80::1]", true), ("172.17.0.1:80", true), ("1.1", true),
      ("[::ffff:127.0.0.1]", true), ("127.0.0.1:1", true), ("localhost:1", true),
      ("0.0.0.0:9901", false), ("0", false), ("0x0", false), ("[::]:80", false),
      ("[::ffff:0.0.0.0]", false), ("[0:0:0:0:0:0:0:0]", false),
      ("rebind.example", false), ("10.244.0.5.rebind.example", false), ("10.244.0.256", false),
      ("10.244.0.5:9901.", false), ("[2001:db8::7", false),
    ])
  func anyAddress(authority: String, expected: Bool) {
    let list = HostAllowList(takesAnyAddress: true)
    let bytes = payload(authority)
    let isAllowed = list.allows(bytes.span.bytesOfElements)
    #expect(isAllowed == expected)
  }

  @Test("the unspecified address is taken where it is listed, and a star takes everything")
  func listed() {
    let zero = payload("0.0.0.0:9901")
    let name = payload("anything.example:1")
    let listed = HostAllowList(extra: ["0.0.0.0"])
    let isZeroTaken = listed.allows(zero.span.bytesOfElements)
    let isNameTaken = listed.allows(name.span.bytesOfElements)
    #expect(isZeroTaken && !isNameTaken)
    for list in [HostAllowList(extra: ["*"]), .any] {
      let isZeroTaken = list.allows(zero.span.bytesOfElements)
      let isNameTaken = list.allows(name.span.bytesOfElements)
      #expect(isZeroTaken && isNameTaken)
    }
  }

  @Test(
    "what can be listed is what can stand in Host",
    arguments: [
      ("gateway", true), ("stack_gateway:80", true), ("Gateway.Example.", true), ("10.0.0.1", true),
      ("[fd00::1]:80", true), ("*", true), ("*.example", false), ("http://gateway", false),
      ("fd00::1", false), ("gateway/", false), ("", false), ("a b", false), ("b\u{FC}cher", false),
    ])
  func entries(text: String, expected: Bool) { #expect(HostAllowList.isEntry(text) == expected) }

  @Test("an empty Host is for listeners that take every host; HTTP/1.0 without one is for all")
  func noHost() throws {
    for (request, here, any) in [
      ("GET /a HTTP/1.1\r\nHost:\r\n\r\n", false, true),
      ("GET /a HTTP/1.1\r\nHost: \t \r\n\r\n", false, true),
      ("GET /a HTTP/1.0\r\n\r\n", true, true), ("GET /a HTTP/1.0\r\nHost:\r\n\r\n", false, true),
    ] {
      let bytes = payload(request)
      var parser = RequestHeadParser()
      let head = try #require(try parser.parse(bytes.span.bytesOfElements))
      let isHere = HostAllowList(takesAnyAddress: true).allows(head, in: bytes.span.bytesOfElements)
      let isAnywhere = HostAllowList.any.allows(head, in: bytes.span.bytesOfElements)
      #expect(isHere == here && isAnywhere == any, "\(request)")
    }
  }

  @Test("a refusal can say what is allowed")
  func summary() {
    let list = HostAllowList(extra: ["Gateway.Internal", "a:80", "10.0.0.1"])
    #expect(list.summary == "localhost, 127.0.0.1, [::1], gateway.internal, a:80, 10.0.0.1")
    #expect(HostAllowList(takesAnyAddress: true).summary.hasSuffix("[::1], any IP address"))
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
