import Memory
import Synchronization
import System
import Testing

@testable import Gateway
@testable import GatewayServer

/// What callers and operators see when the process approaches its memory limit.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct MemoryShortageTests {
  /// A limit of a terabyte, so that memory of other tests does not matter, and a simulated use of it.
  private final class Use: Sendable {
    let bytes = Atomic<Int>(0)
    static let percent = 10_000_000_000

    var watch: MemoryWatch {
      MemoryWatch([
        MemoryBound(
          limit: 100 * Use.percent, name: "a test's limit",
          used: { [self] in bytes.load(ordering: .relaxed) })
      ])
    }

    func set(percent: Int) { bytes.store(percent * Use.percent, ordering: .relaxed) }
  }

  private func pages(_ rig: GatewayRig, _ path: String) throws -> String {
    let admin = try #require(rig.gateway.adminAddress)
    return try Wire(port: admin.port).call("GET", path).text
  }

  @Test("When memory is short new requests are told to come again, and are served when it is not")
  func short() throws {
    let use = Use()
    let rig = try GatewayRig { $0.memory = use.watch }
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    for round in 1...2 {
      use.set(percent: 90)
      #expect(try eventually { try rig.call("GET", "/api/v2/ping").status == 503 })
      let answer = try rig.call("GET", "/api/v2/ping")
      #expect(answer.problem == "memory-low" && answer.json["retriable"] as? Bool == true)
      #expect(answer["Retry-After"] == "1")
      #expect(try pages(rig, "/readyz?verbose").contains("{\"status\":\"degraded\""))
      #expect(try pages(rig, "/metrics").contains("\nscorm_gateway_memory_short 1\n"))
      use.set(percent: 82)
      // Between the marks nothing changes, so that the state does not oscillate.
      for _ in 0..<3 { #expect(try rig.call("GET", "/api/v2/ping").problem == "memory-low") }
      use.set(percent: 70)
      #expect(try eventually { try rig.call("GET", "/api/v2/ping").status == 200 })
      #expect(try pages(rig, "/readyz?verbose").contains("{\"status\":\"ready\""))
      #expect(rig.told.all.filter { $0.contains("memory is short") }.count == 1, "round \(round)")
    }
  }

  @Test("An exchange under way goes on while memory is short")
  func underWay() throws {
    let use = Use()
    let gate = Gate()
    let upstream = try HostileUpstream([.request, .wait(gate), .answer()])
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port) { $0.memory = use.watch }
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    use.set(percent: 90)
    // Until the shortage is noticed, the gateway itself answers 404.
    #expect(try eventually { try rig.call("GET", "/api/v2/nothing").status == 503 })
    gate.open()
    #expect(try caller.answer().status == 200)
  }

  @Test("When it is critical what is under way is ended with an answer that says why")
  func critical() throws {
    let use = Use()
    let upstream = try HostileUpstream([.request, .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(upstream: upstream.port) { $0.memory = use.watch }
    let caller = try rig.caller()
    let body = String(repeating: "x", count: 12_000)
    try caller.send(
      Wire.request("POST", "/api/v2/registrations", ["Content-Length: 12000"]) + body)
    #expect(eventually { upstream.heads.count == 1 })
    use.set(percent: 96)
    // The memory is checked with the next event.
    _ = try rig.call("GET", "/api/v2/nothing")
    #expect(try caller.answer().problem == "memory-low")
    use.set(percent: 10)
    #expect(try eventually { try rig.call("GET", "/api/v2/nothing").status == 404 })
  }
}
