import Foundation
import Gateway
import System
import Testing

/// Two callers, each with a separate listener, that share a quota.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(1)))
struct LimitsFairnessTests {
  private static let listen = """
    listen:
      - {address: '127.0.0.1:0', caller: busy}
      - {address: '127.0.0.2:0', caller: calm}
    """

  private func rig(_ upstream: LimitsUpstream, busy: String = "", calm: String = "", threads: Int)
    throws -> GatewayRig
  {
    try GatewayRig(
      limits: "{name: shared, rate: 50/1s, burst: 1, maxWait: 10s, maxQueue: 500}",
      callers: """
        callers:
          - {name: busy, apps: [main], allow: ['*']\(busy)}
          - {name: calm, apps: [main], allow: ['*']\(calm)}
        """, listen: LimitsFairnessTests.listen, upstream: upstream, threads: threads)
  }

  private func calm(_ rig: GatewayRig, _ count: Int) throws -> [Wire] {
    let wires = try (0..<count).map { _ in
      try Wire.connected(to: "127.0.0.2", rig.gateway.addresses[1].port)
    }
    for wire in wires { try wire.send(Wire.request("GET", "/api/v2/courses?calm=1")) }
    return wires
  }

  /// After all calls were answered: how many plain calls of the busy caller reached the upstream after the last one
  /// with `mark`. Unlike times, the order does not depend on the machine's speed.
  private func rest(_ upstream: LimitsUpstream, _ wires: [Wire], after mark: String) throws -> Int {
    for wire in wires { #expect(try wire.answer().status == 200) }
    let targets = upstream.records.map(\.target)
    let last = try #require(targets.lastIndex { $0.contains(mark) })
    return targets[last...].filter { $0.hasSuffix("/courses") }.count
  }

  @Test(
    "A caller that has 90 calls in line makes another one wait for a turn of its own only",
    arguments: [1, 2])
  func fair(threads: Int) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try rig(upstream, threads: threads)
    let many = try rig.sendAtOnce(90)
    #expect(try eventually { try rig.waiting("shared") > 40 })
    // Five calls alternate with five of the other caller. First come, first served would leave none.
    let wires = try many + calm(rig, 5)
    #expect(try rest(upstream, wires, after: "calm") >= 25)
  }

  @Test("A caller of weight 4 has four turns where another has one")
  func weight() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try rig(upstream, calm: ", weight: 4", threads: 1)
    let busy = try rig.sendAtOnce(60)
    #expect(try eventually { try rig.waiting("shared") > 35 })
    // Forty calls take ten turns of the other caller. With equal turns they would take forty, and leave none.
    let wires = try busy + calm(rig, 40)
    #expect(try rest(upstream, wires, after: "calm") >= 10)
  }

  @Test("A caller's configured priority lets others go first, unless a request says otherwise")
  func priority() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try rig(upstream, busy: ", priority: batch", threads: 1)
    let batch = try rig.sendAtOnce(60)
    #expect(try eventually { try rig.waiting("shared") > 30 })
    let urgent = try rig.sendAtOnce(
      1, "/api/v2/courses?urgent=1", ["X-Scorm-Priority: interactive"])
    // One more call of the same caller, which would be the last if it did not have its class.
    #expect(try rest(upstream, batch + urgent, after: "urgent") >= 20)
  }

  @Test("A priority that is none is refused")
  func nonsense() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try rig(upstream, threads: 1)
    let answer = try rig.call("GET", "/api/v2/courses", ["X-Scorm-Priority: low"])
    #expect(answer.status == 400 && answer.detail.contains("interactive or batch"))
  }
}
