import GatewayServer
import Glibc
import Memory
import System
import Testing

/// Callers pass from one relay to another, as between two processes.
@Suite struct HandOverTests {
  private static let second = RelayRig.second

  /// Passes connections to another rig while it has room.
  private final class Way: CallerTaker, @unchecked Sendable {
    // @unchecked: the test has one thread.
    let other: RelayRig
    var answer = CallerTaken.taken
    var count = 0

    init(to other: RelayRig) { self.other = other }

    func take(_ descriptor: Int32, listener: Int, input: RawSpan) -> CallerTaken {
      guard case .taken = answer else { return answer }
      count += 1
      var bytes: [UInt8] = []
      for index in 0..<input.byteCount { bytes.append(input[index]) }
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      other.shared.take(
        moved: Descriptor(owning: copy), from: PeerIdentity(of: copy), listener: listener,
        input: bytes)
      return .taken
    }
  }

  /// The upstream of a rig. It answers each request that has arrived, on any connection.
  private final class Cloud {
    let rig: RelayRig
    private var peers: [RawPeer] = []

    init(_ rig: RelayRig) { self.rig = rig }

    /// Answers until no more requests arrive. Returns their number.
    @discardableResult
    func answer(_ body: String) throws -> Int {
      var count = 0
      while true {
        rig.settle()
        while let peer = rig.nextUpstream {
          peers.append(peer)
          rig.settle()
        }
        let asked = peers.filter { $0.take().hasPrefix("GET ") }
        for peer in asked { try rig.say(RelayRig.answer(body), from: peer) }
        count += asked.count
        if asked.isEmpty { return count }
      }
    }
  }

  private func expectAnswer(_ caller: RawPeer, _ body: String) {
    let answer = caller.take()
    #expect(answer.hasSuffix("\r\n\r\n" + body) && !answer.contains("Connection: close"))
    #expect(!caller.hasEnded)
  }

  @Test(
    "While a relay is held it begins nothing and accepts nobody; what has come is served when it serves again"
  )
  func held() throws {
    let rig = try RelayRig()
    let cloud = Cloud(rig)
    let kept = try rig.caller(RelayRig.get())
    try cloud.answer("1")
    expectAnswer(kept, "1")
    let busy = try rig.caller(RelayRig.get())
    rig.tell(.hold(round: 7))
    #expect(rig.shared.holds.areHeld(7) && !rig.shared.holds.areHeld(8))
    try rig.say(RelayRig.get(), from: kept)
    let new = try rig.caller(RelayRig.get())
    // The call in progress ends, and the next one on its connection waits.
    try rig.say(RelayRig.get(), from: busy)
    #expect(try cloud.answer("2") == 1)
    expectAnswer(busy, "2")
    rig.pass(30 * Self.second)
    #expect(try cloud.answer("3") == 0)
    #expect(kept.take() == "" && new.take() == "" && busy.take() == "")
    rig.tell(.resume)
    #expect(try cloud.answer("4") == 3)
    for caller in [kept, new, busy] { expectAnswer(caller, "4") }
    #expect(try rig.lines().count == 5)
  }

  @Test(
    "Callers that wait for nothing are the successor's at once, with what they have sent; none sees an end"
  )
  func idle() throws {
    let (old, new) = (try RelayRig(), try RelayRig())
    let way = Way(to: new)
    let (cloud, newCloud) = (Cloud(old), Cloud(new))
    let kept = try old.caller(RelayRig.get())
    try cloud.answer("1")
    expectAnswer(kept, "1")
    let half = try old.caller("GET /api/v2/cour")
    let silent = try old.caller()
    old.tell(.hold(round: 1))
    try old.say(RelayRig.get(), from: kept)
    old.tell(.leave(way))
    #expect(way.count == 3)
    #expect(try newCloud.answer("2") == 1)
    expectAnswer(kept, "2")
    try new.say("ses HTTP/1.1\r\nHost: localhost\r\n\r\n", from: half)
    try new.say(RelayRig.get(), from: silent)
    #expect(try newCloud.answer("3") == 2)
    expectAnswer(half, "3")
    expectAnswer(silent, "3")
    old.pass(Self.second)
    #expect(old.hasStopped)
  }

  @Test(
    "A caller whose call is under way gets its answer from the old one, and goes to the new one after it"
  )
  func underWay() throws {
    let (old, new) = (try RelayRig(), try RelayRig())
    let way = Way(to: new)
    let caller = try old.caller(RelayRig.get() + RelayRig.get("/api/v2/registrations"))
    old.tell(.hold(round: 1))
    old.tell(.leave(way))
    #expect(way.count == 0 && !old.hasStopped)
    #expect(try Cloud(old).answer("old") == 1, "the second request in the same breath is not begun")
    expectAnswer(caller, "old")
    #expect(way.count == 1)
    #expect(try Cloud(new).answer("new") == 1)
    expectAnswer(caller, "new")
    old.pass(Self.second)
    #expect(old.hasStopped)
    #expect(try old.lines().map { $0.string("url.path") } == ["/api/v2/courses"])
    #expect(try new.lines().map { $0.string("url.path") } == ["/api/v2/registrations"])
  }

  @Test(
    "A successor without room gets its callers later; one that is gone leaves them to the old one, which answers and ends them"
  )
  func noRoom() throws {
    let (old, new) = (try RelayRig(), try RelayRig())
    let way = Way(to: new)
    way.answer = .later
    let first = try old.caller()
    let second = try old.caller()
    old.tell(.hold(round: 1))
    try old.say(RelayRig.get(), from: first)
    try old.say(RelayRig.get(), from: second)
    old.tell(.leave(way))
    old.pass(Self.second)
    #expect(!old.hasStopped && !first.hasEnded && way.count == 0)
    way.answer = .taken
    old.pass(50 * RelayRig.millisecond)
    #expect(way.count == 2)
    #expect(try Cloud(new).answer("new") == 2)
    expectAnswer(first, "new")

    let alone = try RelayRig()
    way.answer = .never
    let caller = try alone.caller()
    alone.tell(.hold(round: 1))
    try alone.say(RelayRig.get(), from: caller)
    alone.tell(.leave(way))
    #expect(try Cloud(alone).answer("alone") == 1)
    let answer = caller.take()
    #expect(answer.hasSuffix("alone") && answer.contains("\r\nConnection: close\r\n"))
    #expect(caller.hasEnded)
  }

  @Test("A half-closed caller's request is not lost on the way")
  func halfClosed() throws {
    let (old, new) = (try RelayRig(), try RelayRig())
    let caller = try old.caller()
    old.tell(.hold(round: 1))
    try caller.send(RelayRig.get())
    caller.endSending()
    old.tell(.leave(Way(to: new)))
    #expect(try Cloud(new).answer("last") == 1)
    #expect(caller.take().hasSuffix("\r\n\r\nlast") && caller.hasEnded)
  }
}
