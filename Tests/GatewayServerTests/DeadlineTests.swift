import GatewayServer
import Testing

/// What happens when a peer is too slow: exactly on time, and never earlier.
@Suite struct DeadlineTests {
  private static let second = RelayRig.second

  /// Lets nearly all of `time` pass, checks that nothing has happened, and then lets the rest pass.
  ///
  /// - Parameter tick: how late the timer wheel may be; 0 for what is due to the nanosecond.
  private func after(
    _ time: Int64, _ rig: RelayRig, tick: Int64 = RelayRig.tick, nothingYet: () -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    rig.pass(time - 1)
    #expect(nothingYet(), "it came too early", sourceLocation: sourceLocation)
    rig.pass(1 + tick)
  }

  @Test("A head that is not complete in time is answered 408, counted from its first byte")
  func slowHead() throws {
    let rig = try RelayRig { $0.headTimeout = 10 * Self.second }
    let caller = try rig.caller()
    rig.pass(30 * Self.second)
    try rig.say("GET /api/v2/courses HTTP/1.1\r\nHost: loc", from: caller)
    rig.pass(9 * Self.second)
    // Sending slowly does not gain time.
    try rig.say("alho", from: caller)
    after(Self.second, rig) { !caller.hasEnded && caller.take().isEmpty }
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 408 ") && answer.contains("\r\nConnection: close\r\n"))
    #expect(caller.hasEnded)
    #expect(try rig.lines().map { $0.string("error.type") } == ["request-timeout"])
  }

  @Test("A head that is complete a moment before its deadline is served")
  func headInTime() throws {
    let rig = try RelayRig { $0.headTimeout = 10 * Self.second }
    let caller = try rig.caller("GET /api/v2/courses HTTP/1.1\r\nHost: localhost\r\n")
    rig.pass(10 * Self.second - 1)
    try rig.say("\r\n", from: caller)
    let upstream = try rig.upstream()
    rig.pass(5 * Self.second)
    try rig.say(RelayRig.answer(), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 200 "))
  }

  @Test(
    "A caller that asks nothing is closed without a word, each request giving it the whole time")
  func keepAlive() throws {
    let rig = try RelayRig { $0.keepAliveTimeout = 75 * Self.second }
    let caller = try rig.caller()
    rig.pass(74 * Self.second)
    try rig.say(RelayRig.get(), from: caller)
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 200 "))
    after(75 * Self.second, rig) { !caller.hasEnded }
    #expect(caller.take().isEmpty && caller.hasEnded)
    #expect(try rig.lines().count == 1)
  }

  @Test("An upstream connection that nobody needs is closed when its time has come")
  func idleUpstream() throws {
    let rig = try RelayRig { $0.upstreamIdleTimeout = 30 * Self.second }
    _ = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(), from: upstream)
    _ = upstream.take()
    after(30 * Self.second, rig) { !upstream.hasEnded }
    #expect(upstream.hasEnded)
  }

  @Test(
    "No answer in time becomes 504, whether nothing has come or half a head",
    arguments: ["", "HTTP/1.1 200 OK\r\nContent-Le"])
  func noAnswer(beginning: String) throws {
    let rig = try RelayRig { $0.responseTimeout = 60 * Self.second }
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    if !beginning.isEmpty { try rig.say(beginning, from: upstream) }
    _ = upstream.take()
    after(60 * Self.second, rig) { caller.take().isEmpty && !upstream.hasEnded }
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 504 ") && answer.contains("response-timeout"))
    #expect(answer.contains("\r\nProxy-Status: scorm-gateway; error=http_response_timeout\r\n"))
    #expect(upstream.hasEnded && !caller.hasEnded)
    let line = try #require(try rig.lines().first)
    #expect(line.string("termination") == "upstream/response-head")
    #expect((0...RelayRig.tick).contains(line.time("duration") - 60 * Self.second))
  }

  @Test("An answer that begins a moment before the deadline is passed on")
  func answerInTime() throws {
    let rig = try RelayRig { $0.responseTimeout = 60 * Self.second }
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    rig.pass(60 * Self.second - 1)
    try rig.say(RelayRig.answer("late"), from: upstream)
    #expect(caller.take().hasSuffix("\r\n\r\nlate"))
  }

  @Test("A body that moves, however slowly, is passed on; one that stops is cut off")
  func slowAnswer() throws {
    let rig = try RelayRig { $0.idleTimeout = 10 * Self.second }
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", from: upstream)
    // Longer than the idle timeout in total, but each pause is shorter.
    for _ in 0..<5 {
      rig.pass(9 * Self.second)
      try rig.say("x", from: upstream)
    }
    #expect(caller.take().hasSuffix("\r\n\r\nxxxxx"))
    _ = upstream.take()
    after(10 * Self.second, rig) { !caller.hasEnded && !upstream.hasEnded }
    #expect(caller.hasEnded && upstream.hasEnded)
    #expect(try rig.lines().map { $0.string("error.type") } == ["response-timeout"])
  }

  @Test("An upload that stops is answered 408, and nothing of it looks whole upstream")
  func slowUpload() throws {
    let rig = try RelayRig {
      $0.idleTimeout = 10 * Self.second
      $0.collectedBody = 0
    }
    let caller = try rig.caller(
      "POST /api/v2/registrations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nsome")
    let upstream = try rig.upstream()
    #expect(upstream.take().hasSuffix("\r\n\r\nsome"))
    rig.pass(9 * Self.second)
    try rig.say("more", from: caller)
    after(10 * Self.second, rig) { caller.take().isEmpty && !upstream.hasEnded }
    #expect(caller.take().hasPrefix("HTTP/1.1 408 "))
    #expect(upstream.take() == "more")
    #expect(upstream.hasEnded)
    #expect(try rig.lines().map { $0.string("termination") } == ["caller/request-body"])
  }

  @Test(
    "A token that does not come in time becomes 503; it is asked for once, and the caller stays")
  func tokenWait() throws {
    let rig = try RelayRig(hasToken: false) { $0.tokenTimeout = 5 * Self.second }
    let caller = try rig.caller(RelayRig.get())
    #expect(rig.desk.wishes == [.need] && !rig.hasNewUpstream)
    after(5 * Self.second, rig) { caller.take().isEmpty }
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 503 "))
    #expect(answer.contains("token-timeout") && !caller.hasEnded)
    let line = try #require(try rig.lines().first)
    #expect((0...RelayRig.tick).contains(line.time("token_wait") - 5 * Self.second))
  }

  @Test("A request that waits for its token goes on with it, and the wait is in its line")
  func tokenArrives() throws {
    let rig = try RelayRig(hasToken: false)
    let caller = try rig.caller(RelayRig.get())
    rig.pass(2 * Self.second)
    rig.publish("late-token", generation: 1)
    let upstream = try rig.upstream()
    #expect(upstream.take().contains("\r\nAuthorization: Bearer late-token\r\n"))
    try rig.say(RelayRig.answer(), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 200 "))
    #expect(try rig.lines().first?.time("token_wait") == 2 * Self.second)
  }

  @Test("A token whose end has come is not sent any more")
  func tokenEnds() throws {
    let rig = try RelayRig(hasToken: false)
    rig.publish("short-token", generation: 1, for: 5)
    rig.pass(5 * Self.second - 1)
    _ = try rig.caller(RelayRig.get())
    #expect(try rig.upstream().take().contains("short-token"))
    rig.pass(1)
    _ = try rig.caller(RelayRig.get())
    #expect(rig.desk.wishes == [.need] && !rig.hasNewUpstream)
  }

  @Test("Lines of the traffic log wait for others no longer than 200 ms")
  func lineDelay() throws {
    let rig = try RelayRig()
    _ = try rig.caller("GET /api/v2/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
    rig.pass(200 * RelayRig.millisecond - 1)
    #expect(rig.linesSoFar.isEmpty)
    rig.pass(1)
    #expect(rig.linesSoFar.hasSuffix("}\n"))
  }
}
