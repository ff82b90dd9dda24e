import EventLoop
import Forwarding
import GatewayServer
import Testing

/// The configuration changes while a relay runs.
@Suite struct GenerationTests {
  private static let second = RelayRig.second

  @Test(
    "A call that waits goes to the upstream it began under, a new one to the new upstream"
  )
  func upstream() throws {
    let rig = try RelayRig { $0.maxConnections = 1 }
    let first = try rig.caller(RelayRig.get())
    let old = try rig.upstream()
    let waiting = try rig.caller(RelayRig.get("/api/v2/courses?waits"))
    #expect(!rig.hasNewUpstream)
    let moved = try rig.moveUpstream(to: "moved")
    try rig.say(RelayRig.answer("one"), from: old)
    #expect(first.take().hasSuffix("one"))
    // Its connection leads to the old upstream, where no new request is sent.
    #expect(old.take().contains("GET /api/v2/courses HTTP/1.1"))
    #expect(old.hasEnded)
    let again = try rig.upstream()
    #expect(again.take().hasPrefix("GET /api/v2/courses?waits "))
    try rig.say(RelayRig.answer("two"), from: again)
    #expect(waiting.take().hasSuffix("two"))
    #expect(again.hasEnded)
    let new = try rig.caller(RelayRig.get("/api/v2/courses?new"))
    let there = try #require(moved.accept())
    #expect(there.take().hasPrefix("GET /api/v2/courses?new "))
    try rig.say(RelayRig.answer("three"), from: there)
    #expect(new.take().hasSuffix("three"))
    #expect(!rig.hasNewUpstream)
    let addresses = try rig.lines().map { line in
      (line["upstream"] as? [[String: Any]] ?? []).map { $0.string("address") }
    }
    #expect(addresses[2] == ["moved.example:443"])
    #expect(addresses[0] != addresses[2] && addresses[0] == addresses[1])
  }

  @Test("Idle connections to a place that is the upstream no more are closed at once")
  func idle() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    let old = try rig.upstream()
    try rig.say(RelayRig.answer(), from: old)
    _ = (caller.take(), old.take())
    #expect(!old.hasEnded)
    _ = try rig.moveUpstream(to: "moved")
    #expect(old.hasEnded)
  }

  @Test("The same upstream keeps its connections, whatever else changes")
  func sameUpstream() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(), from: upstream)
    _ = (caller.take(), upstream.take())
    try rig.change { $0.settings.responseTimeout = Self.second }
    try rig.say(RelayRig.get("/api/v2/courses?second"), from: caller)
    #expect(upstream.take().hasPrefix("GET /api/v2/courses?second "))
    // With the new timeout.
    rig.pass(Self.second + RelayRig.tick)
    #expect(caller.take().hasPrefix("HTTP/1.1 504 "))
  }

  @Test("Fewer connections than there are: those at rest beyond the number are closed")
  func fewerConnections() throws {
    let rig = try RelayRig()
    var peers: [RawPeer] = []
    let callers = try (0..<3).map { _ in try rig.caller(RelayRig.get()) }
    for _ in callers { peers.append(try rig.upstream()) }
    for peer in peers { try rig.say(RelayRig.answer(), from: peer) }
    for peer in peers { _ = peer.take() }
    try rig.change { $0.settings.maxConnections = 1 }
    #expect(peers.count { $0.hasEnded } == 2)
  }

  @Test(
    "A listener that is gone takes nobody; each of its callers gets a last answer")
  func goneListener() throws {
    let rig = try RelayRig()
    let idle = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(), from: upstream)
    _ = (idle.take(), upstream.take())
    let busy = try rig.caller(RelayRig.get("/api/v2/courses?busy"))
    try rig.change { $0.listeners = [nil] }
    #expect(!rig.accepts)
    #expect(!idle.hasEnded && !busy.hasEnded)
    try rig.say(RelayRig.answer("busy"), from: upstream)
    #expect(busy.take().hasSuffix("busy"))
    _ = upstream.take()
    try rig.say(RelayRig.get("/api/v2/courses?last"), from: idle)
    try rig.say(RelayRig.answer("last"), from: upstream)
    let answer = idle.take()
    #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("last"))
    #expect(idle.hasEnded)
  }

  @Test(
    "A generation is over with its last call and its last caller of a listener that is gone")
  func retirement() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    let other = try rig.caller()
    try rig.change { $0.listeners = [nil] }
    #expect(rig.shared.generations.isAdopted)
    try rig.say(RelayRig.answer(), from: upstream)
    _ = caller.take()
    caller.leave()
    rig.pass(Self.second)
    #expect(rig.shared.generations.oldest == 1)
    other.leave()
    rig.pass(Self.second)
    rig.pass(Self.second)
    #expect(rig.shared.generations.oldest == 2)
  }

  @Test("A caller is another one from its next request on, and refused when it is nobody's")
  func identities() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    try rig.change {
      $0.identities = CallerIdentities(byListener: [nil], rules: [], otherwise: nil)
    }
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer("as it began"), from: upstream)
    #expect(caller.take().hasSuffix("as it began"))
    try rig.say(RelayRig.get(), from: caller)
    #expect(caller.take().contains("caller-unknown"))
  }

  @Test("A thousand changes leave nothing behind")
  func thousand() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get())
    let upstream = try rig.upstream()
    for number in 1...1000 {
      try rig.change { $0.rules.callers[0].name = "caller \(number)" }
    }
    try rig.say(RelayRig.answer("late"), from: upstream)
    #expect(caller.take().hasSuffix("late"))
    rig.pass(Self.second)
    rig.pass(Self.second)
    #expect(rig.shared.generations.oldest == rig.shared.current.number)
  }
}
