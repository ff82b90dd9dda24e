import Foundation
import Gateway
import System
import Testing

/// The host names with which callers, probes and scrapers address a gateway.
@Suite(.ownThread, .timeLimit(.minutes(2)))
struct HostTests {
  private static func ask(_ wire: Wire, _ path: String, host: String) throws -> Int {
    try wire.send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    return try wire.answer().status
  }

  @Test(
    "Where other machines may ask, an address is answered, and a name if it is known")
  func remote() throws {
    let rig = try GatewayRig([
      "admin.allowRemote": "true", "listen.allowRemote": "true",
      "listen.allowedHosts": "stack_gateway",
    ])
    let port = try #require(rig.gateway.adminAddress).port
    for path in ["/metrics", "/healthz", "/api/limits"] {
      #expect(try HostTests.ask(Wire(port: port), path, host: "10.244.0.5:9901") == 200)
    }
    #expect(try HostTests.ask(Wire(port: port), "/metrics", host: "rebind.example:9901") == 403)
    #expect(try HostTests.ask(Wire(port: port), "/healthz", host: "rebind.example") == 200)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "10.244.0.5") == 200)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "Stack_Gateway.:80") == 200)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "0.0.0.0:8080") == 403)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "rebind.example") == 403)
  }

  @Test(
    "Probes are answered as a kubelet sends them, by the pod's address, and the connection ends",
    arguments: ["10.244.1.7:9901", "[fd00:10:244::7]:9901"], [true, false])
  func probes(host: String, isRemote: Bool) throws {
    let rig = try GatewayRig(isRemote ? ["admin.allowRemote": "true"] : [:])
    let port = try #require(rig.gateway.adminAddress).port
    #expect(
      try eventually { try HostTests.ask(Wire(port: port), "/readyz", host: "localhost") == 200 })
    for path in ["/healthz", "/readyz"] {
      let wire = try Wire(port: port)
      try wire.send(
        "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: kube-probe/1.37\r\nAccept: */*\r\n"
          + "Connection: close\r\n\r\n")
      #expect(try wire.answer().status == 200)
      #expect(wire.takeAll().end == .closed)
    }
  }

  @Test("Behind a forwarded port this machine's names are served, other addresses are not")
  func local() throws {
    let rig = try GatewayRig()
    let port = try #require(rig.gateway.adminAddress).port
    #expect(try HostTests.ask(Wire(port: port), "/metrics", host: "localhost:18080") == 200)
    #expect(try HostTests.ask(Wire(port: port), "/metrics", host: "10.244.0.5:9901") == 403)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "localhost:18080") == 200)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "127.1:9") == 200)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "10.244.0.5") == 403)
  }

  @Test("A star in admin.allowedHosts takes every Host there, as it does for callers")
  func star() throws {
    let rig = try GatewayRig(["admin.allowedHosts": "*", "listen.allowedHosts": "*"])
    let port = try #require(rig.gateway.adminAddress).port
    #expect(try HostTests.ask(Wire(port: port), "/metrics", host: "any.example") == 200)
    #expect(try HostTests.ask(rig.caller(), "/api/v2/ping", host: "any.example") == 200)
  }

  @Test("An empty Host is served on a Unix socket, and is a malformed request elsewhere")
  func empty() throws {
    let path = NSTemporaryDirectory() + "h\(UUID().uuidString.prefix(8))"
    let unix = try GatewayRig(["listen.address": "unix:\(path)"])
    #expect(try HostTests.ask(Wire(unixPath: path), "/api/v2/ping", host: "") == 200)
    unix.end()
    let tcp = try GatewayRig()
    let wire = try tcp.caller()
    try wire.send("GET /api/v2/ping HTTP/1.1\r\nHost:\r\n\r\n")
    let answer = try wire.answer()
    #expect(answer.status == 400 && answer.problem == "malformed-request")
  }
}
