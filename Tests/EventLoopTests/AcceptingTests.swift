import EventLoop
import Glibc
import Testing

@Suite("Accepting", .timeLimit(.minutes(5)))
struct AcceptingTests {
  @Test(
    "A connection whose descriptor is reserved waits, with all behind it, until there is another")
  func reserved() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      // Every descriptor number exceeds this.
      try rig.perform { $0.descriptorMark = 3 }
      let first = try RawPeer(port: rig.port)
      let second = try RawPeer(port: rig.port)
      first.send("first")
      second.send("second")
      try rig.journal.wait(for: .acceptingPutOff)
      try rig.passTwice()
      let isNone = rig.journal.all.allSatisfy { if case .accepted = $0 { false } else { true } }
      #expect(isNone)
      try rig.perform { $0.descriptorMark = .max }
      let texts = try rig.journal.wait(for: "both") { events in
        let texts = events.compactMap { event in
          if case .received(_, let bytes) = event {
            String(decoding: bytes, as: UTF8.self)
          } else {
            nil
          }
        }
        return texts.count == 2 ? texts : nil
      }
      #expect(texts.sorted() == ["first", "second"])
    }
  }

  @Test("Bytes that the kernel still holds for a peer count as not taken")
  func untaken() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let peer = try RawPeer(port: rig.port)
      let socket = try rig.journal.waitForAccepted()
      rig.send([UInt8](repeating: 1, count: 16 << 20), to: socket)
      try rig.perform { loop in
        let queued = loop.queuedBytes(socket)
        let untaken = loop.untakenBytes(socket)
        #expect(queued > 0 && untaken > queued)
        // What waits in the kernel is bounded.
        #expect(untaken - queued < 8 << 20)
      }
      let before = 16 << 20
      _ = try peer.receive(before)
      try rig.journal.wait(for: .drained(socket))
      for _ in 0..<1000 {
        try rig.perform { loop in
          if loop.untakenBytes(socket) == 0 { rig.journal.append(.done(7)) }
        }
        if rig.journal.all.contains(.done(7)) { break }
      }
      #expect(rig.journal.all.contains(.done(7)))
    }
  }
}
