import Memory
import System
import Testing

@Suite("Who is at the other end")
struct PeerIdentityTests {
  @Test("an IPv4 address is written with its dots, whatever its numbers", arguments: 0...255)
  func octets(octet: Int) throws {
    for host in [
      "\(octet).1.22.133", "10.\(octet).0.7", "9.255.\(octet).0", "200.0.100.\(octet)",
      "\(octet).\(octet).\(octet).\(octet)",
    ] {
      let address = try #require(SocketAddress(numericHost: host, port: 80))
      var out = ByteBuffer()
      PeerIdentity(address).put(into: &out)
      #expect(out.bytes.text == host)
    }
  }
}
