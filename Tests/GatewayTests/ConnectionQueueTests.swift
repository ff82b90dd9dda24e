import EventLoop
import GatewayServer
import Testing

@testable import Gateway

/// Exchanges that wait for an upstream connection.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct ConnectionQueueTests {
  /// Wakes the loop, as every message for it does, and waits until it has looked.
  private func wake(_ rig: GatewayRig) throws {
    rig.gateway.relays.mailboxes[0].waker.wake()
    // The first may be served before the wake-up, in the same look; the second is not.
    for _ in 0..<2 { #expect(try rig.call("GET", "/api/v2/nothing").status == 404) }
  }

  private func isWaiting(_ count: Int, _ rig: GatewayRig) throws -> Bool {
    let admin = try #require(rig.gateway.adminAddress)
    return try eventually {
      try Wire(port: admin.port).call("GET", "/metrics").text.contains(
        "\nscorm_gateway_pool_waiting \(count)\n")
    }
  }

  @Test("Exchanges get connections in the order in which they came, although the loop is woken")
  func order() throws {
    let gate = Gate()
    let served = Array(repeating: [HostileUpstream.Step.request, .answer()], count: 5).flatMap {
      $0
    }
    let upstream = try HostileUpstream([.request, .wait(gate), .answer()] + served + [.untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port,
      ["upstream.maxConnections": "1", "upstream.connectTimeout": "1m"])
    let first = try rig.caller()
    try first.send(Wire.request("GET", "/api/v2/ping", ["X-Request-Id: first"]))
    #expect(eventually { upstream.heads.count == 1 })
    let names = (1...5).map { "waiting-\($0)" }
    var callers: [Wire] = []
    for name in names {
      let caller = try rig.caller()
      try caller.send(Wire.request("GET", "/api/v2/ping", ["X-Request-Id: \(name)"]))
      callers.append(caller)
      #expect(try isWaiting(callers.count, rig))
    }
    try wake(rig)
    gate.open()
    for caller in [first] + callers { #expect(try caller.answer().status == 200) }
    #expect(upstream.heads.map { $0["X-Request-Id"] } == ["first"] + names)
    #expect(upstream.connections.count == 1)
  }

  @Test(
    "An exchange that gets no connection in time answers 503, although the loop is woken all the while"
  )
  func deadline() throws {
    let upstream = try HostileUpstream([.request, .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port,
      ["upstream.maxConnections": "1", "upstream.connectTimeout": "300ms"])
    let first = try rig.caller()
    try first.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    let caller = try rig.caller()
    try caller.send(Wire.request("GET", "/api/v2/ping"))
    #expect(
      eventually {
        rig.gateway.relays.mailboxes[0].waker.wake()
        return caller.hasInput(within: 20)
      })
    let answer = try caller.answer()
    #expect(answer.status == 503 && answer.problem == "connection-limit")
  }

  @Test("Who gave up waiting takes nobody's place in the queue")
  func givenUp() throws {
    let upstream = try HostileUpstream([.request, .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port,
      ["upstream.maxConnections": "1", "upstream.connectTimeout": "100ms"]
    ) { $0.maxWaiting = 2 }
    let first = try rig.caller()
    try first.send(Wire.request("GET", "/api/v2/ping"))
    #expect(eventually { upstream.heads.count == 1 })
    for _ in 0..<5 { #expect(try rig.call("GET", "/api/v2/ping").problem == "connection-limit") }
    let lines = try rig.lines().filter { $0.int("http.response.status_code") == 503 }
    #expect(lines.count == 5)
    for line in lines { #expect(line.double("queue_wait") >= 0.1) }
  }
}
