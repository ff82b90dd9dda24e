import GatewayServer
import Testing

/// How a relay ends.
@Suite struct DrainTests {
  private static let second = RelayRig.second

  @Test("Draining finishes what is under way, says so, and closes the connections that are at rest")
  func drain() throws {
    let rig = try RelayRig()
    let idle = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(), from: upstream)
    _ = (idle.take(), upstream.take())
    let busy = try rig.caller(RelayRig.get())
    rig.drain()
    #expect(!rig.accepts)
    rig.pass(Self.second)
    #expect(idle.hasEnded && !busy.hasEnded && !rig.hasStopped)
    try rig.say(RelayRig.answer("last"), from: upstream)
    let answer = busy.take()
    #expect(answer.hasSuffix("\r\n\r\nlast") && answer.contains("\r\nConnection: close\r\n"))
    #expect(busy.hasEnded)
    busy.leave()
    rig.pass(2 * Self.second)
    #expect(rig.hasStopped)
    #expect(try rig.lines().map { $0.string("termination") } == ["completed", "completed"])
  }

  @Test("What is still under way when draining takes too long is cut off, at its time")
  func drainTimeout() throws {
    let rig = try RelayRig { $0.drainTimeout = 30 * Self.second }
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", from: upstream)
    #expect(caller.take().hasSuffix("part"))
    rig.drain()
    // The relay checks every 50 ms.
    for _ in 0..<599 { rig.pass(50 * RelayRig.millisecond) }
    rig.pass(50 * RelayRig.millisecond - 1)
    #expect(!caller.hasEnded && !rig.hasStopped)
    rig.pass(1)
    #expect(caller.hasEnded && rig.hasStopped)
    let line = try #require(try rig.lines().first)
    #expect(line.string("termination") == "gateway/response-body")
    #expect(line.string("error.type") == "draining")
  }

  @Test("A caller that connected just before draining and has asked nothing gets a second")
  func patience() throws {
    let rig = try RelayRig()
    let caller = try rig.caller()
    rig.drain()
    rig.pass(50 * RelayRig.millisecond)
    rig.pass(Self.second / 2)
    #expect(!caller.hasEnded)
    try rig.say(RelayRig.get("/api/v2/nothing"), from: caller)
    #expect(caller.take().hasPrefix("HTTP/1.1 404 "))
    #expect(caller.hasEnded)
  }
}
