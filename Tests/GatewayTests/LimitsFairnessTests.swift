import EventLoop
import Foundation
import Gateway
import Testing

/// Two callers, each with a listener of its own, and one quota.
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

  private func calm(_ rig: GatewayRig, _ count: Int, _ fields: [String] = []) throws -> [Wire] {
    let wires = try (0..<count).map { _ in
      try Wire.connected(to: "127.0.0.2", rig.gateway.addresses[1].port)
    }
    for wire in wires { try wire.send(Wire.request("GET", "/api/v2/courses", fields)) }
    return wires
  }

  /// The longest wait of each caller, seconds, once all calls were answered.
  private func waits(_ rig: GatewayRig, _ wires: [Wire]) throws -> [String: [Double]] {
    for wire in wires { #expect(try wire.answer().status == 200) }
    return try Dictionary(grouping: rig.lines(), by: { $0.string("caller") })
      .mapValues { $0.map { $0.double("queue_wait") }.sorted() }
  }

  @Test(
    "A caller that has 90 calls in line makes another one wait for its own calls only",
    arguments: [1, 2])
  func fair(threads: Int) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try rig(upstream, threads: threads)
    let many = try rig.sendAtOnce(90)
    #expect(try eventually { try rig.waiting("shared") > 70 })
    let few = try calm(rig, 5)
    let waits = try waits(rig, many + few)
    // Five calls take turns with five of the other's: 0.2 s at 50/s. First come, first served would be 1.4 s.
    #expect(waits["calm"]?.count == 5)
    #expect((waits["calm"]?.last ?? 9) < 0.6)
    #expect((waits["busy"]?.last ?? 0) > 1.2)
  }

  @Test("A caller of weight 4 has four turns where another has one")
  func weight() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try rig(upstream, calm: ", weight: 4", threads: 1)
    let busy = try rig.sendAtOnce(40)
    #expect(try eventually { try rig.waiting("shared") > 30 })
    let waits = try waits(rig, busy + calm(rig, 40))
    // Its forty calls are over after fifty turns, 1 s. Turn by turn it would be 1.6 s, as for the other one.
    #expect((waits["calm"]?.last ?? 9) < 1.35)
    #expect((waits["busy"]?.last ?? 0) > 1.4)
  }

  @Test("A caller's configured priority lets others go first, unless a request says otherwise")
  func priority() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try rig(upstream, busy: ", priority: batch", threads: 1)
    let batch = try rig.sendAtOnce(40)
    #expect(try eventually { try rig.waiting("shared") > 30 })
    let urgent = try rig.sendAtOnce(
      1, "/api/v2/courses?urgent=1", ["X-Scorm-Priority: interactive"])
    let interactive = try calm(rig, 12)
    let lines = try finished(rig, batch + urgent + interactive)
    // Of five turns one is the batch's: twelve interactive calls of one round and one of the other caller
    // take 16 turns, 0.33 s at 50/s. Taking turns by caller alone would make it 0.5 s.
    let calm = lines.filter { $0.string("caller") == "calm" }.map { $0.double("queue_wait") }
    #expect((calm.max() ?? 9) < 0.48)
    let busy = lines.filter { $0.string("caller") == "busy" }
    let first = busy.first { $0.string("url.query").contains("urgent") }
    #expect((first?.double("queue_wait") ?? 9) < 0.15)
    #expect((busy.map { $0.double("queue_wait") }.max() ?? 0) > 0.8)
  }

  private func finished(_ rig: GatewayRig, _ wires: [Wire]) throws -> [[String: Any]] {
    for wire in wires { #expect(try wire.answer().status == 200) }
    return try rig.lines()
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
