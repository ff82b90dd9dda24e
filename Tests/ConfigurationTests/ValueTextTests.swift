import Testing

@testable import Configuration

@Suite("Durations, sizes, rates and addresses")
struct ValueTextTests {
  @Test(
    "A duration is a whole number and a unit",
    arguments: [
      ("500ms", 500_000_000), ("10s", 10_000_000_000), ("1m", 60_000_000_000),
      ("2h", 7_200_000_000_000), ("30d", 2_592_000_000_000_000), ("0s", 0), ("007s", 7_000_000_000),
    ] as [(String, Int64)])
  func durations(text: String, nanoseconds: Int64) throws {
    #expect(try #require(Duration(configurationText: text)).nanoseconds == nanoseconds)
  }

  @Test(
    "Anything else is no duration",
    arguments: [
      "", "5", "s", "-1s", "+1s", "1.5s", "1 s", "1S", "1sec", "1us", "1h30m", "99999999999d",
      "9999999999999999999s", "１s", "s1",
    ])
  func notDurations(text: String) {
    #expect(Duration(configurationText: text) == nil)
  }

  @Test(
    "A size counts in powers of 1024",
    arguments: [
      ("64KiB", 65_536), ("10MiB", 10_485_760), ("2GiB", 2_147_483_648),
      ("1TiB", 1_099_511_627_776),
      ("1000", 1_000), ("12B", 12), ("0", 0),
    ])
  func sizes(text: String, bytes: Int) {
    #expect(ByteSize(configurationText: text)?.bytes == bytes)
  }

  @Test(
    "Anything else is no size",
    arguments: ["", "10MB", "10M", "10 MiB", "1.5GiB", "-1", "9999999999TiB", "MiB", "10mib"])
  func notSizes(text: String) {
    #expect(ByteSize(configurationText: text) == nil)
  }

  @Test(
    "A rate is a count, a slash and a duration",
    arguments: [("100/1m", 100, 60_000), ("1/1d", 1, 86_400_000), ("5/250ms", 5, 250)])
  func rates(text: String, count: Int, milliseconds: Int64) {
    #expect(
      CallRate(configurationText: text)
        == CallRate(count: count, period: .milliseconds(milliseconds)))
  }

  @Test(
    "Anything else is no rate",
    arguments: [
      "", "100", "100/", "/1m", "100/m", "100/1", "1/2/3s", "-1/1s", "1.5/1s", "100 / 1m",
    ])
  func notRates(text: String) {
    #expect(CallRate(configurationText: text) == nil)
  }

  @Test(
    "Values are written as they are read",
    arguments: ["500ms", "10s", "1m", "90s", "2h", "30d", "1500ms"])
  func durationsRoundTrip(text: String) {
    #expect(Duration(configurationText: text)?.configurationText == text)
  }

  @Test(
    "A listen address names an address and a port, or a socket's path",
    arguments: [
      ("127.0.0.1:8080", "127.0.0.1:8080", true), ("localhost:80", "127.0.0.1:80", true),
      ("[::1]:8080", "[::1]:8080", true), ("0.0.0.0:1", "0.0.0.0:1", false),
      ("[FE80::1]:0", "[fe80::1]:0", false), ("unix:/run/g.sock", "unix:/run/g.sock", true),
      ("127.8.9.1:65535", "127.8.9.1:65535", true),
    ])
  func listenAddresses(text: String, written: String, isLocal: Bool) throws {
    let address = try #require(ListenAddress(text))
    #expect(address.description == written)
    #expect(address.isLocal == isLocal)
  }

  @Test(
    "Anything else is no listen address",
    arguments: [
      "", ":8080", "*:8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
      "127.0.0.1:8080x", "::1:8080", "[::1]", "[127.0.0.1]:80", "[::1:8080", "example.com:80",
      "127.1:80", "127.0.0.01:80", "unix:", "unix:/", "unix:relative", "unix:/dir/", "8080",
      "unix:/" + String(repeating: "x", count: 107),
    ])
  func notListenAddresses(text: String) {
    #expect(ListenAddress(text) == nil)
  }

  @Test("A socket path of 107 bytes is the longest there is")
  func longestSocketPath() {
    #expect(ListenAddress("unix:/" + String(repeating: "x", count: 106)) != nil)
  }

  @Test(
    "A block of addresses holds what its prefix says",
    arguments: [
      ("10.1.0.0/16", "10.1.255.3", true), ("10.1.0.0/16", "10.2.0.0", false),
      ("10.1.2.3", "10.1.2.3", true), ("10.1.2.3", "10.1.2.4", false),
      ("0.0.0.0/0", "255.1.2.3", true), ("192.168.4.0/22", "192.168.7.255", true),
      ("192.168.4.0/22", "192.168.8.0", false), ("fd00::/8", "fdff::1", true),
      ("fd00::/8", "fe00::1", false), ("10.0.0.0/8", "::ffff:10.9.9.9", true),
      ("10.0.0.0/8", "::1", false), ("::/0", "10.0.0.1", false),
      ("2001:db8::/33", "2001:db8:7fff::", true),
      ("2001:db8::/33", "2001:db8:8000::", false),
    ])
  func blocks(block: String, address: String, holds: Bool) throws {
    #expect(
      try #require(AddressBlock(block)).contains(try #require(IPAddress(address))) == holds)
  }

  @Test(
    "Anything else is no block",
    arguments: [
      "", "10.1.2.3/16", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8",
      "::/129", "10.0.0.0/8/8", "crm",
    ])
  func notBlocks(text: String) {
    #expect(AddressBlock(text) == nil)
  }

  @Test(
    "IPv6 is read as RFC 4291 writes it",
    arguments: [
      ("::", [UInt8](repeating: 0, count: 16)), ("::1", [UInt8](repeating: 0, count: 15) + [1]),
      ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
      ("::ffff:1.2.3.4", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4]),
      ("fe80::abcd", [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xab, 0xcd]),
      ("1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]),
    ])
  func v6(text: String, bytes: [UInt8]) {
    #expect(IPAddress(text)?.bytes == bytes)
  }

  @Test(
    "Anything else is no IPv6 address",
    arguments: [
      ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1.2.3.4::",
      "::1%eth0", "1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7", "-0::", "::+1",
    ])
  func notV6(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test(
    "A misspelt name finds its neighbour, a strange one does not",
    arguments: [
      ("conectTimeout", "connectTimeout"), ("adress", "address"), ("secrte", "secret"),
      ("Url", "url"), ("zebra", nil), ("", nil),
    ] as [(String, String?)])
  func closest(word: String, expected: String?) {
    let names = ["connectTimeout", "address", "secret", "url"]
    #expect(ClosestName.to(word, among: names) == expected)
  }

  @Test(
    "An IPv6 address for all takes IPv4 as well, unless IPv4 has the port by another entry",
    arguments: [
      ("[::]:80", [], true), ("[0::0]:80", ["127.0.0.1:81", "[::1]:80", "unix:/a"], true),
      ("[::]:0", ["0.0.0.0:0"], true), ("[::]:80", ["0.0.0.0:80"], false),
      ("[::]:80", ["127.0.0.1:80"], false), ("[::1]:80", [], false), ("0.0.0.0:80", [], false),
      ("unix:/a", [], false),
    ])
  func bothFamilies(text: String, others: [String], expected: Bool) throws {
    let address = try #require(ListenAddress(text))
    #expect(address.takesIPv4(besides: others.compactMap(ListenAddress.init)) == expected)
  }

  @Test(
    "From this machine an address for all is found at its loopback",
    arguments: [
      ("0.0.0.0:9901", "127.0.0.1:9901"), ("[::]:9901", "[::1]:9901"), ("[0:0::]:1", "[::1]:1"),
      ("10.0.0.1:9901", "10.0.0.1:9901"), ("127.0.0.1:1", "127.0.0.1:1"), ("unix:/a", "unix:/a"),
    ])
  func fromHere(text: String, expected: String) throws {
    #expect(try #require(ListenAddress(text)).fromHere.description == expected)
  }

  @Test(
    "A block of addresses is written as RFC 5952 has it, and can be read again",
    arguments: [
      ("10.1.0.0/16", "10.1.0.0/16"), ("10.1.2.3/32", "10.1.2.3"), ("0.0.0.0/0", "0.0.0.0/0"),
      ("FD00:0:0:1::/64", "fd00:0:0:1::/64"), ("::/0", "::/0"), ("::1", "::1"),
      ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
      ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
    ])
  func blockText(text: String, expected: String) throws {
    let block = try #require(AddressBlock(text))
    #expect(block.description == expected)
    #expect(AddressBlock(block.description) == block)
  }
}
