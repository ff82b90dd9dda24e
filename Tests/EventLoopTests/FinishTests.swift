import EventLoop
import Glibc
import Memory
import System
import Testing

@Suite("Closing in stages", .timeLimit(.minutes(5)))
struct FinishTests {
  private static let many = [UInt8](repeating: 7, count: 16 << 20)

  private static func alarm(_ rig: LoopRig) throws {
    try rig.journal.wait(for: "alarm") { events in
      events.contains { if case .alarm = $0 { true } else { false } } ? () : nil
    }
  }

  /// Waits until the loop has released all its connections. Checks every few milliseconds with the loop's alarm.
  private static func waitForRelease(_ rig: LoopRig) throws {
    for turn in 1...2000 {
      rig.post { loop in
        if loop.connectionCount == 0 { rig.journal.append(.done(0)) }
        loop.setAlarm(at: loop.now + 2_000_000)
      }
      try rig.journal.wait(for: "alarm") { events in
        events.count { if case .alarm = $0 { true } else { false } } >= turn ? () : nil
      }
      if rig.journal.all.contains(.done(0)) { return }
    }
    throw EventJournal.Missing(description: "the connection stays")
  }

  @Test("A peer that is still sending reads the last bytes and a proper end")
  func whileSending() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.post { loop in
        // The release below must not be caused by the timeout.
        loop.lingerTimeout = 3_600_000_000_000
        loop.send(Array("bye".utf8).span.bytesOfElements, to: socket)
        loop.finish(socket)
        let isThere = loop.contains(socket)
        #expect(!isThere)
      }
      #expect(peer.send([UInt8](repeating: 1, count: 32 * 1024)))
      #expect(try peer.text(3) == "bye")
      #expect(try peer.hasEnded())
      // Bytes and the end arrive together.
      #expect(peer.send([UInt8](repeating: 1, count: 16 * 1024)))
      peer.endSending()
      try FinishTests.waitForRelease(rig)
      // There is no event for the discarded bytes.
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

  @Test(
    "A peer in the middle of a message may send all of it, and then reads the last bytes and a proper end"
  )
  func inTheMiddle() async throws {
    try await onOwnThread {
      let rig = try LoopRig(pauses: true)
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      peer.send("x")
      rig.post { loop in
        // More than the kernel accepts for a peer that does not read.
        loop.send(FinishTests.many.span.bytesOfElements, to: socket)
        loop.finish(socket, awaitingRest: true)
      }
      #expect(peer.send(FinishTests.many))
      #expect(try peer.receive(FinishTests.many.count).count == FinishTests.many.count)
      #expect(try peer.hasEnded())
      peer.endSending()
      try FinishTests.waitForRelease(rig)
    }
  }

  @Test("A peer that sends more than the rest of a message may be is cut off")
  func endlessMessage() async throws {
    try await onOwnThread {
      let rig = try LoopRig(pauses: true)
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.post { $0.finish(socket, awaitingRest: true) }
      var sent = 0
      while sent < 32, peer.send(FinishTests.many) { sent += 1 }
      // 64 MiB are accepted, plus what the kernel holds.
      #expect((3...8).contains(sent))
      try FinishTests.waitForRelease(rig)
    }
  }

  @Test("Only so many peers are read from to the end of their messages; the next may send a little")
  func restLimit() async throws {
    try await onOwnThread {
      let rig = try LoopRig(pauses: true)
      rig.post { $0.restLimit = 1 }
      let first = try RawPeer(port: rig.port)
      let firstSocket = try rig.journal.waitForAccepted()
      rig.post { $0.finish(firstSocket, awaitingRest: true) }
      #expect(try first.hasEnded())
      let second = try RawPeer(port: rig.port)
      let secondSocket = try rig.journal.waitForAccepted(2)
      rig.post { $0.finish(secondSocket, awaitingRest: true) }
      #expect(!second.send(FinishTests.many))
      #expect(first.send(FinishTests.many))
      first.endSending()
      try FinishTests.waitForRelease(rig)
      // Its place is free again.
      let third = try RawPeer(port: rig.port)
      let thirdSocket = try rig.journal.waitForAccepted(3)
      rig.post { $0.finish(thirdSocket, awaitingRest: true) }
      #expect(third.send(FinishTests.many))
    }
  }

  @Test("A peer that stops in the middle of its message is released")
  func silentInTheMiddle() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.post { loop in
        loop.restPause = 20_000_000
        loop.finish(socket, awaitingRest: true)
      }
      #expect(try peer.hasEnded())
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
