import EventLoop
import GatewayServer
import System
import Testing

@testable import Gateway

/// Exchanges that wait for an upstream connection.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct ConnectionQueueTests {
  /// Wakes the loop, as any message does, and waits until it has looked for work.
  private func wake(_ rig: GatewayRig) throws {
    rig.gateway.relays.mailboxes[0].waker.wake()
    // The first call may be served before the wake-up, in the same turn. The second is not.
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

  /// Two callers, identified by their listeners.
  private static let twoCallers = """
    apps: [{name: main, id: {env: SCORM_APP_ID}, secret: {env: SCORM_SECRET_KEY}}]
    listen:
      - {address: '127.0.0.1:0', caller: many}
      - {address: '127.0.0.2:0', caller: few}
    callers:
      - {name: many, apps: [main], allow: ['*']}
      - {name: few, apps: [main], allow: ['*']}
    """

  @Test("A connection that comes free goes to the caller that holds fewest, not to who came first")
  func shares() throws {
    let gate = Gate()
    let upstream = try HostileUpstream(
      [.request, .wait(gate), .answer(), .request, .answer(), .request, .answer()])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port, yaml: ConnectionQueueTests.twoCallers,
      ["upstream.maxConnections": "2", "upstream.connectTimeout": "1m"])
    // The first caller uses both connections, and two more of its calls wait before the other caller's.
    var callers: [Wire] = []
    for number in 0..<4 {
      let caller = try rig.caller()
      try caller.send(Wire.request("GET", "/api/v2/ping", ["X-Request-Id: many-\(number)"]))
      callers.append(caller)
      #expect(
        try number < 2
          ? eventually { upstream.heads.count == number + 1 } : isWaiting(number - 1, rig))
    }
    let other = try Wire.connected(to: "127.0.0.2", rig.gateway.addresses[1].port)
    try other.send(Wire.request("GET", "/api/v2/ping", ["X-Request-Id: few"]))
    #expect(try isWaiting(3, rig))
    gate.open()
    #expect(try other.answer().status == 200)
    for caller in callers { #expect(try caller.answer().status == 200) }
    // In the order of connections: the second request of one of them.
    let order = upstream.heads.map { $0["X-Request-Id"] ?? "" }
    let place = try #require(order.firstIndex(of: "few"))
    #expect(place > 0 && ["many-0", "many-1"].contains(order[place - 1]), "\(order)")
  }

  @Test(
    "A reader that takes next to nothing is cut when others wait for its connection, not before")
  func slowReader() throws {
    let upstream = try HostileUpstream(
      [
        .request, .send("HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n"), .bytes(8_000_000),
        .untilEnd,
      ], [.request, .answer(), .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port,
      ["upstream.maxConnections": "1", "upstream.connectTimeout": "1m"]
    ) { $0.slowWindow = 200_000_000 }
    let slow = try rig.caller(receiveBuffer: 4096)
    try slow.send(Wire.request("GET", "/api/v2/ping", ["X-Request-Id: slow"]))
    #expect(eventually { upstream.isStuck && upstream.heads.count == 1 })
    // Nothing waits, so the connection is left alone, however often the loop looks.
    try wake(rig)
    let admin = try #require(rig.gateway.adminAddress)
    #expect(
      try Wire(port: admin.port).call("GET", "/metrics").text.contains(
        "\nscorm_gateway_exchanges_in_flight 1\n"))
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    let line = try #require(try rig.lines().first { $0.string("request_id") == "slow" })
    #expect(line.string("error.type") == "caller-too-slow")
  }

  @Test("A sender that sends next to nothing is told so when others wait for its connection")
  func slowSender() throws {
    let upstream = try HostileUpstream([.head, .untilEnd], [.request, .answer(), .untilEnd])
    defer { upstream.stop() }
    let rig = try GatewayRig(
      upstream: upstream.port,
      ["upstream.maxConnections": "1", "upstream.connectTimeout": "1m"]
    ) {
      $0.slowWindow = 200_000_000
      $0.collectedBody = 0
    }
    let slow = try rig.caller()
    try slow.send(
      Wire.request("POST", "/api/v2/registrations", ["Content-Length: 100000"]) + "begins")
    #expect(eventually { upstream.heads.count == 1 })
    #expect(try rig.call("GET", "/api/v2/ping").status == 200)
    let answer = try slow.answer()
    #expect(answer.status == 408 && answer.problem == "request-timeout")
  }
}
