import System
import Testing

@testable import LocalServer

@Suite("Time runs out", .timeLimit(.minutes(5)))
struct TimeTests {
  private static let soon: Int64 = 50_000_000

  @Test(
    "A head that does not arrive in time is answered with 408",
    arguments: ["G", "GET / HTTP/1.1\r\n"])
  func slowHead(_ part: String) async throws {
    let rig = try ServiceRig { $0.headTimeout = TimeTests.soon }
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(part)
      #expect(try client.answer().status == 408)
      #expect(try client.hasEnded())
    }
  }

  @Test("A body that stops arriving is answered with 408")
  func slowBody() async throws {
    let rig = try ServiceRig { $0.idleTimeout = TimeTests.soon }
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("PUT", "/", "Content-Length: 5\r\n") + "abc")
      #expect(try client.answer().status == 408)
      #expect(try client.hasEnded())
    }
  }

  @Test("A connection that asks for nothing is closed without a word", arguments: [false, true])
  func idle(hasAsked: Bool) async throws {
    let rig = try ServiceRig { $0.keepAliveTimeout = TimeTests.soon }
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      if hasAsked {
        try client.send(request("GET", "/"))
        _ = try client.answer()
      }
      #expect(try client.hasEnded())
    }
  }

  @Test(
    "A peer that does not read its answer is cut off, so that it cannot take a part for the whole")
  func unreadAnswer() async throws {
    let rig = try ServiceRig { $0.idleTimeout = TimeTests.soon }
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/zeros/100000000"))
      #expect(client.isReset())
    }
  }

  @Test("Stopping closes idle connections and refuses new ones")
  func stopIdle() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/"))
      _ = try client.answer()
      let stopping = try SystemThread("stopping") { rig.service.stop(within: 10) }
      #expect(try client.hasEnded())
      client.endSending()
      stopping.join()
      #expect(throws: ClientError.self) { try RawClient(port: rig.port) }
      // A second stop is harmless.
      rig.service.stop(within: 10)
    }
  }

  @Test("Stopping lets an answer under way be finished")
  func stopDuringAnswer() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/zeros/50000000"))
      _ = try client.head()
      let stopping = try SystemThread("stopping") { rig.service.stop(within: 10) }
      let body = try client.zerosUntilEnd()
      #expect(body.count == 50_000_000 && body.allZero)
      client.endSending()
      stopping.join()
    }
  }

  @Test("Stopping does not wait longer than it was told")
  func stopCuts() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/zeros/50000000"))
      _ = try client.head()
      rig.service.stop(within: 0.05)
      #expect(throws: ClientError.self) { try RawClient(port: rig.port) }
    }
  }
}
