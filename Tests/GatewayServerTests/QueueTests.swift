import GatewayServer
import RateLimiting
import Testing

/// Callers that wait for their turn, and how the wait ends.
@Suite struct QueueTests {
  private static let second = RelayRig.second

  private func oneAtATime(maxWait: Int64, maxQueue: Int = 200) -> LimitRule {
    LimitRule(name: "one", per: .gateway, concurrency: 1, maxWait: maxWait, maxQueue: maxQueue)
  }

  @Test("A call beyond the rate starts when the rate lets it, and not before")
  func turn() throws {
    let rig = try RelayRig(limits: [
      LimitRule(name: "rate", per: .gateway, rate: .init(count: 1, period: 2 * Self.second))
    ])
    let caller = try rig.caller(RelayRig.get() + RelayRig.get())
    let upstream = try rig.upstream()
    #expect(upstream.take().hasPrefix("GET "))
    try rig.say(RelayRig.answer("1"), from: upstream)
    #expect(caller.take().hasSuffix("1") && rig.waiting == 1)
    rig.pass(2 * Self.second - 1)
    #expect(upstream.take().isEmpty)
    rig.pass(1)
    #expect(upstream.take().hasPrefix("GET "))
    try rig.say(RelayRig.answer("2"), from: upstream)
    #expect(caller.take().hasSuffix("2"))
    #expect(try rig.lines().map { $0.time("queue_wait") } == [0, 2 * Self.second])
  }

  @Test(
    "A refused call that comes again when it was told to passes, and a moment before it does not")
  func comesAgain() throws {
    let rig = try RelayRig(limits: [
      LimitRule(
        name: "rate", per: .gateway, rate: .init(count: 1, period: Self.second), onExceed: .refuse)
    ])
    _ = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(), from: upstream)
    _ = upstream.take()
    func refused() throws -> String { try rig.caller(RelayRig.get()).take() }
    let refusal = try refused()
    #expect(refusal.hasPrefix("HTTP/1.1 429 ") && refusal.contains("\r\nRetry-After: 1\r\n"))
    rig.pass(Self.second - 1)
    #expect(try refused().hasPrefix("HTTP/1.1 429 "))
    rig.pass(1)
    #expect(try refused().isEmpty && upstream.take().hasPrefix("GET "))
  }

  @Test("Waiting for a limit ends with 429 when maxWait is over")
  func queueWait() throws {
    let rig = try RelayRig(limits: [oneAtATime(maxWait: 5 * Self.second)])
    let first = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    let second = try rig.caller(RelayRig.get())
    rig.pass(5 * Self.second - 1)
    #expect(second.take().isEmpty && rig.waiting == 1)
    rig.pass(1)
    let answer = second.take()
    #expect(answer.hasPrefix("HTTP/1.1 429 ") && answer.contains("quota-exceeded"))
    #expect(rig.waiting == 0 && first.take().isEmpty && !rig.hasNewUpstream)
    try rig.say(RelayRig.answer("served"), from: upstream)
    #expect(first.take().hasSuffix("served"))
    let line = try #require(
      try rig.lines().first { $0.int("http.response.status_code") == 429 })
    #expect(line.string("termination") == "gateway/quota")
    #expect(line.time("queue_wait") == 5 * Self.second)
  }

  @Test("Waiting for an upstream connection ends with 503 when connectTimeout is over")
  func connectionWait() throws {
    let rig = try RelayRig {
      $0.maxConnections = 1
      $0.connectTimeout = 3 * Self.second
    }
    _ = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    let second = try rig.caller(RelayRig.get())
    rig.pass(3 * Self.second - 1)
    #expect(second.take().isEmpty)
    rig.pass(1 + RelayRig.tick)
    let answer = second.take()
    #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("connection-limit"))
    #expect(!rig.hasNewUpstream && !upstream.hasEnded)
    let line = try #require(try rig.lines().first)
    #expect((0...RelayRig.tick).contains(line.time("queue_wait") - 3 * Self.second))
  }

  @Test("A caller that leaves while it waits for a limit frees its place at once")
  func leavesQueue() throws {
    let rig = try RelayRig(limits: [oneAtATime(maxWait: 60 * Self.second, maxQueue: 1)])
    _ = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    let leaving = try rig.caller(RelayRig.get())
    #expect(rig.waiting == 1)
    #expect(try rig.caller(RelayRig.get()).take().hasPrefix("HTTP/1.1 429 "), "the queue is full")
    leaving.leave()
    rig.settle()
    #expect(rig.waiting == 0)
    let next = try rig.caller(RelayRig.get())
    #expect(rig.waiting == 1 && next.take().isEmpty)
    _ = upstream.take()
    try rig.say(RelayRig.answer("1"), from: upstream)
    #expect(upstream.take().hasPrefix("GET "), "the next one in line is served")
    let gone = try rig.lines().filter { $0.string("error.type") == "caller-gone" }
    #expect(gone.map { $0.string("termination") } == ["caller/queue"])
  }

  @Test("A caller that leaves while it waits for a connection is not served any more")
  func leavesConnectionQueue() throws {
    let rig = try RelayRig { $0.maxConnections = 1 }
    _ = try rig.caller(RelayRig.get("/api/v2/courses?n=1"))
    let upstream = try rig.upstream()
    let leaving = try rig.caller(RelayRig.get("/api/v2/courses?n=2"))
    let staying = try rig.caller(RelayRig.get("/api/v2/courses?n=3"))
    leaving.leave()
    rig.settle()
    _ = upstream.take()
    try rig.say(RelayRig.answer(), from: upstream)
    #expect(upstream.take().hasPrefix("GET /api/v2/courses?n=3 "))
    try rig.say(RelayRig.answer("3"), from: upstream)
    #expect(staying.take().hasSuffix("3"))
  }

  @Test("After a 429 that names a time, calls wait until it is over, to the nanosecond")
  func pause() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(status: 429, "Retry-After: 3\r\n"), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 429 "), "the caller gets the upstream's own answer")
    _ = upstream.take()
    try rig.say(RelayRig.get(), from: caller)
    rig.pass(3 * Self.second - 1)
    #expect(upstream.take().isEmpty && rig.waiting == 1)
    rig.pass(1)
    #expect(upstream.take().hasPrefix("GET "))
    try rig.say(RelayRig.answer(), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 200 "))
    #expect(try rig.lines().last?.time("queue_wait") == 3 * Self.second)
  }

  @Test("A pause that is longer than a call may wait is told at once, with what is left of it")
  func longPause() throws {
    let rig = try RelayRig()
    _ = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(status: 503, "Retry-After: 120\r\n"), from: upstream)
    rig.pass(20 * Self.second)
    let answer = try rig.caller(RelayRig.get()).take()
    #expect(answer.hasPrefix("HTTP/1.1 429 ") && answer.contains("\r\nRetry-After: 100\r\n"))
  }
}
