import Foundation
import System
import Testing

/// A rate limit in front of an upstream that counts: which calls pass, wait, or are refused.
@Suite(.ownThread, .serialized, .timeLimit(.minutes(1)))
struct LimitsQueueTests {
  /// 100 calls in 20 s are one per 200 ms: twenty pass at once, and eight more within the 1.7 s for which a call may
  /// wait.
  @Test(
    "Of 300 calls at once, the burst passes, those that may wait that long do, and the others are refused",
    arguments: [1, 2])
  func split(threads: Int) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: "{name: reads, match: {access: read}, rate: 100/20s, burst: 20, maxWait: 1700ms}",
      upstream: upstream, threads: threads)
    let wires = try rig.sendAtOnce(300)
    let answers = try wires.map { try $0.answer() }
    let passed = answers.filter { $0.status == 200 }.count
    let refused = answers.filter { $0.status == 429 }
    #expect(passed + refused.count == 300)
    #expect(upstream.records.count == passed)

    // Retry-After is correct: the caller's call passes then.
    let seconds = try #require(refused.last?["Retry-After"].flatMap { Int($0) })
    let limits = try rig.limits()
    #expect(limits.first?.int("waiting") == 0)
    rig.clock.turn(by: Int64(seconds) * 1_000_000_000)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)

    let lines = try rig.lines().filter { !$0.string("timestamp").isEmpty }
    let offered = lines.prefix(300)
    // This does not depend on how fast 300 calls can be sent: calls that the rate admits meanwhile may pass too.
    let spread = try LimitsQueueTests.spread(offered)
    let most = 20 + Int((1.7 + spread) / 0.2) + 1
    #expect((28...most).contains(passed), "\(passed) passed, offered within \(spread) s")
    let waits = offered.filter { $0.int("http.response.status_code") == 200 }
      .map { $0.double("queue_wait") }.sorted()
    #expect(waits.filter { $0 == 0 }.count >= 20)
    #expect(waits.filter { $0 > 0 }.count >= 8)
    #expect((waits.last ?? 0) < 1.7 + 0.2)
    for line in offered where line.int("http.response.status_code") == 429 {
      #expect(line.string("termination") == "gateway/quota")
      #expect(line.string("error.type") == "quota-exceeded")
      #expect(line.double("queue_wait") == 0, "it was refused after a wait")
    }
    // After eight others, the next call's turn is 1.8 s away, and comes closer while calls are sent.
    for answer in refused {
      let told = answer["Retry-After"].flatMap { Int($0) } ?? 0
      #expect((1...3).contains(told))
    }
  }

  /// Seconds from the first to the last call of the lines.
  private static func spread(_ lines: ArraySlice<[String: Any]>) throws -> Double {
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let times = try lines.map { try format.parse($0.string("timestamp")).timeIntervalSince1970 }
    return (times.max() ?? 0) - (times.min() ?? 0)
  }

  @Test("A refused call that comes again when it was told to, passes without waiting")
  func comesAgain() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: "{name: one, rate: 1/1s, burst: 1, onExceed: refuse}", upstream: upstream)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let refusal = try rig.call("GET", "/api/v2/courses")
    #expect(refusal.status == 429 && refusal["Retry-After"] == "1")
    #expect(refusal.problem == "quota-exceeded")
    #expect(refusal.json["violated-policies"] as? [String] == ["one"])
    #expect(refusal.json["retriable"] as? Bool == true)
    rig.clock.turn(by: 1_000_000_000)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(upstream.records.count == 2)
  }

  @Test(
    "Answers say the policies that apply and what is left of the tightest, as Structured Fields")
  func fields() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: """
        {name: all, per: gateway, rate: 1000/1m, burst: 50},
        {name: reads, match: {access: read}, rate: 2/10s, burst: 2, onExceed: refuse},
        {name: writes, match: {access: write}, rate: 1/1m, burst: 1},
        {name: slots, per: gateway, concurrency: 7}
        """, upstream: upstream)
    let answer = try rig.call("GET", "/api/v2/courses")
    let policies = try #require(answer["RateLimit-Policy"].flatMap(LimitsField.parse))
    #expect(policies.map(\.name) == ["all", "reads", "slots"])
    #expect(policies[0].int("q") == 1000 && policies[0].int("w") == 60)
    #expect(policies[1].int("q") == 2 && policies[1].int("w") == 10)
    #expect(policies[2].int("q") == 7 && policies[2].parameters["qu"] == "concurrent-requests")
    let state = try #require(answer["RateLimit"].flatMap(LimitsField.parse))
    #expect(state.count == 1 && state.first?.name == "reads" && state.first?.int("r") == 1)
    #expect((1...5).contains(state.first?.int("t") ?? 0))

    _ = try rig.call("GET", "/api/v2/courses")
    let refusal = try rig.call("GET", "/api/v2/courses")
    #expect(refusal.status == 429)
    let left = try #require(refusal["RateLimit"].flatMap(LimitsField.parse)?.first)
    #expect(left.name == "reads" && left.int("r") == 0)
    #expect(left.int("t").map(String.init) == refusal["Retry-After"])
    #expect(refusal["RateLimit-Policy"].flatMap(LimitsField.parse)?.map(\.name) == ["reads"])
  }

  @Test(
    "A caller that closes or resets while it waits gives up its place at once, whatever lies unread of it",
    // The longest exceeds one read, and the rest fits into the smallest window: a peer's end comes after its bytes.
    arguments: [false, true], [0, 1, 100_000])
  func leaves(resets: Bool, bodySize: Int) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: "{name: one, rate: 1/30s, burst: 1, maxWait: 10m, maxQueue: 1}", upstream: upstream)
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    let first = try waitingCaller(rig, bodySize)
    #expect(try rig.call("GET", "/api/v2/courses").status == 429, "the queue is full")
    if resets { first.reset() } else { first.close() }
    #expect(try eventually { try rig.waiting("one") == 0 })
    try waitingCaller(rig, bodySize).close()
    #expect(try eventually { try rig.metric("scorm_gateway_exchanges_in_flight") == 0 })
    #expect(upstream.records.count == 1)
    let gone = try rig.lines().filter { $0.string("termination") == "caller/queue" }
    #expect(gone.count == 2)
    for line in gone {
      #expect(line.string("error.type") == "caller-gone")
      #expect(line.int("http.response.status_code") == 0)
    }
  }

  private func waitingCaller(_ rig: GatewayRig, _ bodySize: Int) throws -> Wire {
    let wire = try rig.caller()
    try wire.send(
      bodySize == 0
        ? Wire.request("GET", "/api/v2/courses")
        : Wire.request(
          "POST", "/api/v2/registrations", body: String(repeating: "x", count: bodySize)))
    #expect(try eventually { try rig.waiting("one") == 1 })
    return wire
  }

  @Test("2,000 waiting callers that go at once leave nothing behind", arguments: [1, 2])
  func mass(threads: Int) throws {
    let room = try #require(ProcessLimits.raiseDescriptorLimit())
    try #require(room > 5000)
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: "{name: slow, rate: 4/1s, burst: 1, maxWait: 10m, maxQueue: 5000}",
      upstream: upstream, threads: threads)
    let wires = try rig.sendAtOnce(2000)
    // How long 2,000 callers take to connect and to leave depends on the machine.
    #expect(
      try eventually(within: 60) {
        try rig.waiting("slow") + upstream.records.count >= 1990
          && rig.metric("scorm_gateway_exchanges_in_flight") ?? 0 > 1900
      })
    for wire in wires { wire.close() }
    #expect(try eventually(within: 60) { try rig.waiting("slow") == 0 })
    #expect(try eventually(within: 60) { try rig.metric("scorm_gateway_exchanges_in_flight") == 0 })
    // The next caller is the only one in the queue.
    let before = ContinuousClock.now
    #expect(try rig.call("GET", "/api/v2/courses").status == 200)
    #expect(ContinuousClock.now - before < .seconds(2))
  }

  @Test("A limit in shadow lets calls pass, and counts and logs what it would have done")
  func shadow() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits: "{name: trial, rate: 1/1m, burst: 1, onExceed: shadow}", upstream: upstream)
    for _ in 0..<3 { #expect(try rig.call("GET", "/api/v2/courses").status == 200) }
    let name = "scorm_gateway_limit_calls_total{limit=\"trial\",outcome="
    #expect(try rig.metric(name + "\"would_queue\"}") == 2)
    #expect(try rig.metric(name + "\"admitted\"}") == 1)
    #expect(try rig.metric(name + "\"queued\"}") == 0)
    #expect(try rig.lines().map { $0.string("would_queue") } == ["", "trial", "trial"])
  }

  @Test("Waits are counted by their length")
  func histogram() throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(limits: "{name: even, rate: 10/1s, burst: 1}", upstream: upstream)
    for wire in try rig.sendAtOnce(4) { #expect(try wire.answer().status == 200) }
    let name = "scorm_gateway_limit_wait_seconds"
    #expect(try rig.metric(name + "_count{limit=\"even\"}") == 3)
    #expect(try rig.metric(name + "_bucket{limit=\"even\",le=\"+Inf\"}") == 3)
    #expect(try rig.metric(name + "_bucket{limit=\"even\",le=\"0.010\"}") == 0)
    // 0.1 + 0.2 + 0.3 s, minus the time that passed while the calls arrived.
    #expect((0.3...1.5).contains(try rig.metric(name + "_sum{limit=\"even\"}") ?? 0))
  }
}
