import EventLoop
import Glibc
import Memory
import System
import Testing

@Suite("Deadlines and alarms", .timeLimit(.minutes(5)))
struct DeadlineTests {
  private static let millisecond: Int64 = 1_000_000
  /// Longer than any test here takes: such a deadline must not pass.
  private static let farAway: Int64 = 3_600_000_000_000

  /// A connection of the rig's loop on which nothing is sent.
  private static func quietConnection(_ rig: LoopRig) throws -> (RawPeer, SocketID) {
    let peer = try RawPeer(port: rig.port)
    return (peer, try rig.journal.waitForAccepted())
  }

  private static func passed(_ rig: LoopRig, _ socket: SocketID) throws -> Int64 {
    try rig.journal.wait(for: "deadline") { events in
      for case .deadline(socket, let time) in events { return time }
      return nil
    }
  }

  /// Deadlines set one after the other. Only the last one counts.
  static let moves: [[Int64]] = [
    [20], [20, 80], [80, 20], [20, 40, 60, 80], [3_600_000, 20], [20, 3_600_000, 40],
  ]

  @Test("A deadline passes once, when the time set last has come and not before", arguments: moves)
  func moved(_ times: [Int64]) async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let (peer, socket) = try DeadlineTests.quietConnection(rig)
      let journal = rig.journal
      let start = SystemClock.monotonic
      rig.post { loop in
        for time in times { loop.setDeadline(socket, at: start + time * DeadlineTests.millisecond) }
      }
      let time = try DeadlineTests.passed(rig, socket)
      #expect(time >= start + times[times.count - 1] * DeadlineTests.millisecond)
      // An alarm later than all but the far deadlines: none passed again before it.
      rig.post { $0.setAlarm(at: time + 100 * DeadlineTests.millisecond) }
      try journal.wait(for: "alarm") { events in
        events.contains { if case .alarm = $0 { true } else { false } } ? () : nil
      }
      let count = journal.all.count { if case .deadline = $0 { true } else { false } }
      #expect(count == 1)
      withExtendedLifetime(peer) {}
    }
  }

  @Test("A deadline taken away does not pass")
  func takenAway() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let (peer, socket) = try DeadlineTests.quietConnection(rig)
      rig.post { loop in
        loop.setDeadline(socket, at: loop.now + 20 * DeadlineTests.millisecond)
        loop.setDeadline(socket, at: nil)
        loop.setAlarm(at: loop.now + 100 * DeadlineTests.millisecond)
      }
      try rig.journal.wait(for: "alarm") { events in
        events.contains { if case .alarm = $0 { true } else { false } } ? () : nil
      }
      #expect(!rig.journal.all.contains { if case .deadline = $0 { true } else { false } })
      withExtendedLifetime(peer) {}
    }
  }

  @Test("The earliest alarm asked for rings, once")
  func alarms() async throws {
    try await onOwnThread {
      let rig = try LoopRig(listens: false)
      let start = SystemClock.monotonic
      rig.post { loop in
        loop.setAlarm(at: start + DeadlineTests.farAway)
        loop.setAlarm(at: start + 20 * DeadlineTests.millisecond)
        loop.setAlarm(at: start + DeadlineTests.farAway)
      }
      let time: Int64 = try rig.journal.wait(for: "alarm") { events in
        for case .alarm(let time) in events { return time }
        return nil
      }
      #expect(time >= start + 20 * DeadlineTests.millisecond)
    }
  }

  @Test("Each of two thousand connections has its own deadline, some of them closed before")
  func thousands() async throws {
    try await onOwnThread {
      let rig = try LoopRig(listens: false)
      let count = 2000
      let start = SystemClock.monotonic
      // Spread over 300 ms. Every fifth connection is closed, and every seventh deadline is moved an hour ahead.
      let times = (0..<count).map { start + Int64($0 * 7919 % 300) * DeadlineTests.millisecond }
      let mine = try (0..<count).map { _ in try SocketPair() }
      let theirs = mine.map { $0.takeOther() }
      rig.post { loop in
        var sockets: [SocketID] = []
        for i in 0..<count {
          let tag = SocketTag(kind: 1, record: .none)
          guard let socket = loop.adopt(Descriptor(owning: theirs[i]), tag: tag) else { return }
          loop.setDeadline(socket, at: times[i])
          sockets.append(socket)
        }
        for i in 0..<count {
          if i % 5 == 0 {
            loop.close(sockets[i])
          } else if i % 7 == 0 {
            loop.setDeadline(sockets[i], at: start + DeadlineTests.farAway)
          }
        }
        rig.journal.append(.done(1))
        for socket in sockets { rig.journal.append(.accepted(socket)) }
      }
      let expected = (0..<count).filter { $0 % 5 != 0 && $0 % 7 != 0 }
      try rig.journal.wait(for: "all deadlines") { events in
        events.count { if case .deadline = $0 { true } else { false } } >= expected.count ? () : nil
      }
      var sockets: [SocketID] = []
      for case .accepted(let socket) in rig.journal.all { sockets.append(socket) }
      var passedAt: [SocketID: Int64] = [:]
      for case .deadline(let socket, let time) in rig.journal.all {
        #expect(passedAt.updateValue(time, forKey: socket) == nil)
      }
      #expect(passedAt.count == expected.count)
      for i in expected {
        let time = try #require(passedAt[sockets[i]])
        #expect(time >= times[i])
      }
      withExtendedLifetime(mine) {}
    }
  }
}

/// Two connected sockets, one of which another object takes.
final class SocketPair: Sendable {
  private let mine: Int32
  private let other: Int32

  init() throws {
    var pair: [Int32] = [0, 0]
    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
      throw SystemError(number: errno)
    }
    (mine, other) = (pair[0], pair[1])
    _ = fcntl(other, F_SETFL, O_NONBLOCK)
  }

  /// Returns the other end, whose owner is then the caller. Call it once.
  func takeOther() -> Int32 { other }

  deinit { close(mine) }
}
