import EventLoop
import Glibc
import Memory
import Synchronization
import System
import Testing

@Suite("Bytes through a loop's connections", .timeLimit(.minutes(5)))
struct ConversationTests {
  /// A loop, a peer, and the loop's id for the connection between them.
  private struct Conversation: Sendable {
    let rig: LoopRig
    let peer: RawPeer
    let socket: SocketID

    init(pauses: Bool = false) throws {
      rig = try LoopRig(pauses: pauses)
      peer = try RawPeer(port: rig.port)
      socket = try rig.journal.waitForAccepted()
    }

    func waitForBytes(_ count: Int) throws {
      try rig.journal.wait(for: "\(count) bytes") { _ in
        rig.journal.bytes(from: socket).count >= count ? () : nil
      }
    }
  }

  /// Bytes that differ from place to place. They are compared outside of `#expect`, which would take minutes to find
  /// the differences of long arrays.
  private static func pattern(_ count: Int) -> [UInt8] {
    var result = (0..<4093).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    while result.count < count { result += result }
    result.removeLast(result.count - count)
    return result
  }

  @Test("Messages and wake-ups of many threads all arrive, each thread's in order")
  func wakeUps() async throws {
    try await onOwnThread {
      let rig = try LoopRig(listens: false)
      let threads = try (0..<8).map { thread in
        try SystemThread("waker") {
          for i in 0..<1000 { rig.post { _ in rig.journal.append(.done(thread * 1000 + i)) } }
        }
      }
      for thread in threads { thread.join() }
      try rig.perform(-1) { _ in }
      var next = [Int](repeating: 0, count: 8)
      for case .done(let number) in rig.journal.all where number >= 0 {
        #expect(next[number / 1000] == number % 1000)
        next[number / 1000] += 1
      }
      #expect(next == [Int](repeating: 1000, count: 8))
    }
  }

  @Test("What the socket does not take is queued, and its owner told once when all is gone")
  func sendQueue() async throws {
    try await onOwnThread {
      let talk = try Conversation()
      let bytes = ConversationTests.pattern(8 << 20)
      let socket = talk.socket
      try talk.rig.perform { loop in
        let queued = loop.send(bytes.span.bytesOfElements.slice(0, bytes.count - 1), to: socket)
        #expect(queued > 0)
        // Bytes sent later are queued after the earlier ones.
        loop.send(bytes.span.bytesOfElements.slice(bytes.count - 1, bytes.count), to: socket)
      }
      #expect(!talk.rig.journal.all.contains(.drained(socket)))
      let isSame = try talk.peer.receive(bytes.count) == bytes
      #expect(isSame)
      try talk.rig.journal.wait(for: .drained(socket))
      try talk.rig.perform { loop in
        let (queued, held) = (loop.queuedBytes(socket), loop.heldBytes(socket))
        #expect(queued == 0 && held == 0)
      }
      #expect(talk.rig.journal.all.count { $0 == .drained(socket) } == 1)
    }
  }

  @Test("A queue in an earlier one's memory has its own bytes only; an idle connection holds none")
  func spareMemory() async throws {
    try await onOwnThread {
      let rig = try LoopRig()
      let pattern = ConversationTests.pattern(64 << 10)
      for round in 0..<4 {
        let peer = try RawPeer(port: rig.port)
        let socket = try rig.journal.waitForAccepted(round + 1)
        let piece = pattern.map { $0 &+ UInt8(round) }
        let sent = Atomic(0)
        try rig.perform { loop in
          // Until the kernel is full, and the rest of a piece has to wait here.
          var queued = 0
          while queued == 0, sent.load(ordering: .relaxed) < 64 << 20 {
            queued = loop.send(piece.span.bytesOfElements, to: socket)
            sent.add(piece.count, ordering: .relaxed)
          }
          #expect(queued > 0)
        }
        let count = sent.load(ordering: .relaxed)
        let received = try peer.receive(count)
        let isSame = (0..<(count / piece.count)).allSatisfy {
          received[($0 * piece.count)..<(($0 + 1) * piece.count)].elementsEqual(piece)
        }
        #expect(isSame)
        try rig.journal.wait(for: .drained(socket))
        try rig.perform { loop in
          let held = loop.heldBytes(socket)
          #expect(held == 0)
          loop.close(socket)
        }
      }
    }
  }

  @Test("Reads of a long body meet every distance from a page's beginning, not always the same one")
  func readSize() {
    let pageBytes = 4096
    let distances = Set((0..<pageBytes).map { $0 * EventLoop.readBufferBytes % pageBytes })
    #expect(distances.count >= 512)
  }

  @Test("A stream larger than any buffer arrives whole and in order")
  func largeInput() async throws {
    try await onOwnThread {
      let talk = try Conversation()
      let bytes = ConversationTests.pattern(1 << 20)
      talk.peer.send(bytes)
      talk.peer.endSending()
      try talk.rig.journal.wait(for: .ended(talk.socket, cleanly: true))
      let isSame = talk.rig.journal.bytes(from: talk.socket) == bytes
      #expect(isSame)
    }
  }

  @Test("Bytes and the end that come while reading is paused are there when it is resumed")
  func pause() async throws {
    try await onOwnThread {
      let talk = try Conversation(pauses: true)
      let socket = talk.socket
      talk.peer.send("a")
      try talk.waitForBytes(1)
      talk.peer.send("b")
      talk.peer.endSending()
      try talk.rig.passTwice()
      #expect(talk.rig.journal.bytes(from: socket) == [UInt8(ascii: "a")])
      talk.rig.post { $0.resumeReading(socket) }
      try talk.waitForBytes(2)
      try talk.rig.passTwice()
      #expect(!talk.rig.journal.all.contains(.ended(socket, cleanly: true)))
      talk.rig.post { $0.resumeReading(socket) }
      try talk.rig.journal.wait(for: .ended(socket, cleanly: true))
    }
  }

  @Test("An end behind bytes that are not read because of a pause is announced, and the bytes stay")
  func announcedEnd() async throws {
    try await onOwnThread {
      let talk = try Conversation(pauses: true)
      let socket = talk.socket
      talk.peer.send("a")
      try talk.waitForBytes(1)
      talk.peer.send("b")
      try talk.rig.passTwice()
      #expect(!talk.rig.journal.all.contains(.endAnnounced(socket)))
      talk.peer.endSending()
      try talk.rig.journal.wait(for: .endAnnounced(socket))
      talk.rig.post { $0.resumeReading(socket) }
      try talk.waitForBytes(2)
    }
  }

  @Test("A stream that is paused after every piece arrives whole")
  func pausedStream() async throws {
    try await onOwnThread {
      let talk = try Conversation(pauses: true)
      let socket = talk.socket
      let bytes = ConversationTests.pattern(400_000)
      let rig = talk.rig
      let resuming = try SystemThread("resuming") {
        var seen = 0
        while seen < bytes.count {
          let before = seen
          do {
            seen = try rig.journal.wait(for: "more bytes") { _ in
              let count = rig.journal.bytes(from: socket).count
              return count > before ? count : nil
            }
          } catch { return }
          rig.post { $0.resumeReading(socket) }
        }
      }
      talk.peer.send(bytes)
      resuming.join()
      let isSame = rig.journal.bytes(from: socket) == bytes
      #expect(isSame)
    }
  }

  @Test("A peer that sent its last byte can still be answered")
  func halfClose() async throws {
    try await onOwnThread {
      let talk = try Conversation()
      talk.peer.send("question")
      talk.peer.endSending()
      try talk.rig.journal.wait(for: .ended(talk.socket, cleanly: true))
      #expect(talk.rig.journal.bytes(from: talk.socket) == Array("question".utf8))
      talk.rig.send(Array("answer".utf8), to: talk.socket)
      #expect(try talk.peer.text(6) == "answer")
    }
  }

  @Test("An aborted connection looks reset to its peer, not ended")
  func abort() async throws {
    try await onOwnThread {
      let talk = try Conversation()
      let socket = talk.socket
      talk.rig.post { loop in
        loop.abort(socket)
        loop.abort(socket)
        let count = loop.connectionCount
        #expect(count == 0)
      }
      #expect(throws: SystemError(number: ECONNRESET)) { try talk.peer.receive(1) }
    }
  }

  @Test("A closed connection looks ended to its peer")
  func close() async throws {
    try await onOwnThread {
      let talk = try Conversation()
      let socket = talk.socket
      talk.rig.post { $0.close(socket) }
      #expect(try talk.peer.hasEnded())
    }
  }

  @Test("A peer's reset is told even while reading is paused", arguments: [false, true])
  func reset(isPaused: Bool) async throws {
    try await onOwnThread {
      let talk = try Conversation()
      let socket = talk.socket
      if isPaused { try talk.rig.perform { $0.pauseReading(socket) } }
      talk.peer.reset()
      try talk.rig.journal.wait(for: .failed(socket, .broken(SystemError(number: ECONNRESET))))
      try talk.rig.perform { loop in
        let count = loop.connectionCount
        #expect(count == 0)
      }
    }
  }

  @Test(
    "Sending into a broken connection is told as an event, not by a call from within; and so is whether it took nothing of it",
    arguments: [false, true])
  func brokenSend(isLate: Bool) async throws {
    try await onOwnThread {
      let talk = try Conversation()
      let socket = talk.socket
      try talk.rig.perform { loop in
        // The peer's reset arrives before the loop looks.
        let bytes = ConversationTests.pattern(1 << 20)
        if isLate { loop.send(bytes.span.bytesOfElements, to: socket) }
        talk.peer.reset()
        for _ in 0..<32 { loop.send(bytes.span.bytesOfElements, to: socket) }
        let isThere = loop.contains(socket)
        #expect(isThere)
      }
      let failure: SocketFailure = try talk.rig.journal.wait(for: "failure") { events in
        for case .failed(socket, let failure) in events { return failure }
        return nil
      }
      switch failure {
      case .untaken: #expect(!isLate)
      case .broken: #expect(isLate)
      default: Issue.record("\(failure)")
      }
    }
  }
}
