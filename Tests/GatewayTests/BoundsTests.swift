import Foundation
import System
import Testing

@testable import Gateway

/// Requests that are refused because of their bytes, and how many descriptors callers get.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct BoundsTests {
  @Test("Each bound and rule of the parser that a request breaks is counted by its name")
  func faults() throws {
    let rig = try GatewayRig()
    let fields = (0..<150).map { "X-\($0): y" }
    #expect(try rig.call("GET", "/api/v2/ping", fields).status == 431)
    #expect(try rig.call("GET", "/api/v2/" + String(repeating: "a", count: 9000)).status == 414)
    let chunks = try rig.caller()
    try chunks.send(
      Wire.request("POST", "/api/v2/registrations", ["Transfer-Encoding: chunked"]) + "0x1\r\n")
    #expect(try chunks.answer().status == 400)
    let admin = try #require(rig.gateway.adminAddress)
    let metrics = try Wire(port: admin.port).call("GET", "/metrics").text
    for reason in ["too-many-fields", "target-too-long", "chunk-size"] {
      #expect(metrics.contains("malformed_requests_total{reason=\"\(reason)\"} 1\n"))
    }
    #expect(metrics.contains("malformed_requests_total{reason=\"head-too-large\"} 0\n"))
  }

  @Test(
    "Callers leave descriptors for the upstream and for ourselves, and get half of them at least",
    arguments: [
      (20_000, 256, 19_696), (1024, 256, 720), (64, 8, 32), (64, 256, 32), (256, 256, 128),
    ])
  func descriptors(limit: Int, upstream: Int, mark: Int32) {
    #expect(DescriptorReserve.mark(limit: limit, upstreamConnections: upstream) == mark)
  }
}
