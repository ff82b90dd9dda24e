import Foundation
import Testing

/// An upstream behind an HTTP proxy. The proxy sees the target of the connection, and nothing of a request before it
/// has agreed.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct ProxyTunnelTests {
  private static func rig(_ proxy: HostileUpstream) throws -> GatewayRig {
    // Nothing listens at the upstream's own port, so only the proxy leads there.
    try GatewayRig(upstream: 9, ["upstream.proxy": "http://127.0.0.1:\(proxy.port)"])
  }

  @Test("A request goes through the tunnel that the proxy opens, and the connection is kept")
  func through() throws {
    let proxy = try HostileUpstream([
      .head, .send("HTTP/1.1 200 Connection established\r\n\r\n"), .request, .answer("one"),
      .request, .answer("two"), .untilEnd,
    ])
    let rig = try ProxyTunnelTests.rig(proxy)
    #expect(try rig.call("GET", "/api/v2/ping").text == "one")
    #expect(try rig.call("POST", "/api/v2/registrations", body: "{}").text == "two")
    #expect(proxy.connections.count == 1)
    let heads = proxy.heads
    #expect(heads[0].startLine == "CONNECT 127.0.0.1:9 HTTP/1.1")
    #expect(heads[0]["Host"] == "127.0.0.1:9")
    #expect(heads[0]["Authorization"] == nil && heads[0]["Proxy-Authorization"] == nil)
    #expect(heads[1].startLine == "GET /api/v2/ping HTTP/1.1")
    #expect(heads[1]["Authorization"]?.hasPrefix("Bearer ") == true)
  }

  @Test(
    "A proxy that does not open the tunnel gets no request, and the caller learns what it said",
    arguments: [
      "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
      "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON",
    ])
  func refused(answer: String) throws {
    let proxy = try HostileUpstream([.head, .send(answer), .untilEnd])
    let rig = try ProxyTunnelTests.rig(proxy)
    let got = try rig.call("GET", "/api/v2/ping")
    #expect(got.status == 502 && got.problem == "connection-refused")
    #expect(got.detail.contains("upstream.proxy"))
    #expect(eventually { proxy.connections[0].end != nil })
    for record in proxy.connections {
      #expect(record.text.hasPrefix("CONNECT ") && !record.text.contains("Authorization"))
      #expect(record.text.components(separatedBy: "\r\n\r\n").count == 2)
    }
    #expect(try rig.lines().first?.string("termination") == "upstream/connect")
  }

  @Test("A proxy that closes without an answer is told as such")
  func closed() throws {
    let proxy = try HostileUpstream([.head])
    let rig = try ProxyTunnelTests.rig(proxy)
    let got = try rig.call("GET", "/api/v2/ping")
    #expect(got.status == 502 && got.problem == "connection-refused")
  }
}
