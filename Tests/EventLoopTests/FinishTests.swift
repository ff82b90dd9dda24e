import EventLoop
import Glibc
import Memory
import Testing

@Suite("Closing in stages", .timeLimit(.minutes(1)))
struct FinishTests {
  private static let many = [UInt8](repeating: 7, count: 16 << 20)

  private static func alarm(_ rig: LoopRig) throws {
    try rig.journal.wait(for: "alarm") { events in
      events.contains { if case .alarm = $0 { true } else { false } } ? () : nil
    }
  }

  /// Waits until the loop has let go of all its connections, which a peer sees as a reset or an end.
  private static func waitForRelease(_ rig: LoopRig) throws {
    for _ in 0..<1000 {
      let number = Int.random(in: 2 ... .max)
      rig.post { loop in
        rig.journal.append(.done(loop.connectionCount == 0 ? number : -number))
      }
      let isGone = try rig.journal.wait(for: "count") { events in
        events.contains(.done(number)) ? true : events.contains(.done(-number)) ? false : nil
      }
      if isGone { return }
    }
    Issue.record("the connection stays")
  }

  @Test("A peer that is still sending reads the last bytes and a proper end")
  func whileSending() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.post { loop in
        loop.send(Array("bye".utf8).span.bytesOfElements, to: socket)
        loop.finish(socket)
        let isThere = loop.contains(socket)
        #expect(!isThere)
      }
      #expect(peer.send([UInt8](repeating: 1, count: 32 * 1024)))
      #expect(try peer.text(3) == "bye")
      #expect(peer.send([UInt8](repeating: 1, count: 16 * 1024)))
      #expect(try peer.hasEnded())
      peer.endSending()
      try FinishTests.waitForRelease(rig)
      // No event of the bytes thrown away.
      #expect(rig.journal.bytes(from: socket).count <= 32 * 1024)
    }
  }

  @Test("A peer that sends more than is thrown away still reads the last bytes")
  func whileSendingMuch() async throws {
    try await onOwnThread {
      let rig = try LoopRig(pauses: true)
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      peer.send("x")
      rig.post { loop in
        loop.send(Array("bye".utf8).span.bytesOfElements, to: socket)
        loop.finish(socket)
      }
      #expect(!peer.send(FinishTests.many))
      #expect(try peer.text(3) == "bye")
      try FinishTests.waitForRelease(rig)
    }
  }

  @Test("Queued bytes go out to a slow reader, however long it lets them wait")
  func slowReader() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.post { loop in
        loop.lingerTimeout = 20_000_000
        loop.send(FinishTests.many.span.bytesOfElements, to: socket)
        loop.finish(socket)
        loop.setAlarm(at: loop.now + 200_000_000)
      }
      try FinishTests.alarm(rig)
      #expect(try peer.receive(FinishTests.many.count).count == FinishTests.many.count)
      #expect(try peer.hasEnded())
      try FinishTests.waitForRelease(rig)
    }
  }

  @Test("A peer that takes nothing is cut off with a reset, so that a part cannot look whole")
  func noReader() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.post { loop in
        loop.flushTimeout = 20_000_000
        loop.send(FinishTests.many.span.bytesOfElements, to: socket)
        loop.finish(socket)
      }
      var waiting = pollfd(fd: peer.descriptor, events: 0, revents: 0)
      #expect(unsafe poll(&waiting, 1, 10_000) == 1)
      #expect(throws: SystemError(number: ECONNRESET)) {
        try peer.receive(FinishTests.many.count)
      }
    }
  }

  @Test("A peer that neither sends nor closes is released when lingering is over")
  func silentPeer() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.post { loop in
        loop.lingerTimeout = 20_000_000
        loop.finish(socket)
        loop.setAlarm(at: loop.now + 200_000_000)
      }
      #expect(try peer.hasEnded())
      try FinishTests.alarm(rig)
      try rig.perform { loop in
        let count = loop.connectionCount
        #expect(count == 0)
      }
    }
  }
}
