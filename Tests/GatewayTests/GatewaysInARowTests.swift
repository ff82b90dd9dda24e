import Foundation
import Gateway
import System
import Testing

/// Gateways behind gateways, and a gateway whose upstream is itself.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct GatewaysInARowTests {
  /// The pseudonyms of gateways in a text.
  private func pseudonyms(_ text: String) -> [String] {
    text.matches(of: /scorm-gateway-[0-9a-f]{8}/).map { String($0.output) }
  }

  @Test("Another gateway's pseudonym in Via is a hop like any, and ours follows it")
  func inARow() throws {
    let upstream = try HostileUpstream([.request, .answer(), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call("GET", "/api/v2/ping", ["Via: 1.1 scorm-gateway-00000000"])
    #expect(answer.status == 200)
    let via = try #require(upstream.heads.first).values("Via")
    #expect(via.count == 2 && via[0] == "1.1 scorm-gateway-00000000")
    #expect(pseudonyms(via[1]).count == 1)
    #expect(answer["Via"] == via[1], "one name for both directions")
  }

  @Test("A gateway whose upstream is itself is found out, though it was told other rules meanwhile")
  func loop() throws {
    // The port must be known beforehand, so a relay forwards to the gateway.
    let relay = try LoopbackListener()
    let target = Target()
    relay.serve { wire, _ in
      while true {
        let head = try wire.take(through: "\r\n\r\n")
        target.note(head)
        let onward = try Wire(port: target.port)
        try onward.send(head.replacing("Host: 127.0.0.1:\(relay.port)", with: "Host: localhost"))
        let answer = try onward.answer()
        try wire.send(answer.head.text)
        try wire.send(answer.body)
      }
    }
    defer { relay.stop() }
    let rig = try GatewayRig(upstream: relay.port)
    target.port = rig.gateway.addresses[0].port
    for _ in 1...2 {
      let answer = try rig.call("GET", "/api/v2/ping")
      #expect(answer.status == 502 && answer.problem == "loop-detected")
      try rig.reload()
    }
    #expect(target.heads.count == 2, "it was asked once by each call")
    #expect(Set(target.heads.flatMap(pseudonyms)).count == 1)
  }
}

/// Where a relay forwards to, and what it received.
private final class Target: @unchecked Sendable {
  // @unchecked: everything is read and written under the lock.
  private let lock = NSLock()
  private var number: UInt16 = 0
  private var received: [String] = []

  var port: UInt16 {
    get { lock.withLock { number } }
    set { lock.withLock { number = newValue } }
  }

  var heads: [String] { lock.withLock { received } }

  func note(_ head: String) { lock.withLock { received.append(head) } }
}
