import EventLoop
import Glibc
import Memory
import Testing

@Suite("TLS to a server", .timeLimit(.minutes(5)))
struct TLSTests {
  private static let tag = SocketTag(kind: 2, record: .none)

  private static func connect(_ rig: LoopRig, _ client: TLSClient, port: UInt16) throws {
    let target = try loopback(port: port)
    rig.post { loop in
      do {
        _ = try loop.connect(to: target, tls: client, tag: TLSTests.tag)
      } catch { Issue.record("\(error)") }
    }
  }

  private static func failure(_ rig: LoopRig) throws -> SocketFailure {
    try rig.journal.wait(for: "failure") { events in
      for case .failed(_, let failure) in events { return failure }
      return nil
    }
  }

  private static func connected(_ rig: LoopRig) throws -> SocketID {
    try rig.journal.wait(for: "connection") { events in
      for case .connected(let socket) in events { return socket }
      return nil
    }
  }

  @Test(
    "A server whose certificate is trusted and has the right name is talked to",
    arguments: [("localhost", "DNS:localhost"), ("127.0.0.1", "IP:127.0.0.1")])
  func good(_ host: String, _ name: String) async throws {
    try await onOwnThread {
      let server = try TLSServer(name: name, days: 2)
      let rig = try LoopRig(listens: false)
      try TLSTests.connect(
        rig, TLSClient(host: host, caFile: server.certificate), port: server.port)
      let socket = try TLSTests.connected(rig)
      rig.send(Array("abc\n".utf8), to: socket)
      try rig.journal.wait(for: "answer") { _ in
        rig.journal.bytes(from: socket) == Array("cba\n".utf8) ? () : nil
      }
    }
  }

  @Test("A long line comes back whole, over many records in both directions")
  func long() async throws {
    try await onOwnThread {
      let server = try TLSServer(name: "DNS:localhost", days: 2)
      let rig = try LoopRig(listens: false)
      try TLSTests.connect(
        rig, TLSClient(host: "localhost", caFile: server.certificate), port: server.port)
      let socket = try TLSTests.connected(rig)
      // s_server reverses the bytes of each read, so their order is arbitrary, but none may be lost.
      let bytes = (0..<100_000).map { $0 % 1000 == 999 ? UInt8(ascii: "\n") : UInt8($0 % 26 + 97) }
      rig.send(bytes, to: socket)
      try rig.journal.wait(for: "answer") { _ in
        rig.journal.bytes(from: socket).count >= bytes.count ? () : nil
      }
      let isSame = rig.journal.bytes(from: socket).sorted() == bytes.sorted()
      #expect(isSame)
    }
  }

  @Test(
    "A certificate for another name is refused before a byte is sent",
    arguments: [
      ("localhost", "DNS:other.example"), ("localhost", "IP:127.0.0.1"),
      ("127.0.0.1", "DNS:localhost"),
    ])
  func wrongName(_ host: String, _ name: String) async throws {
    try await onOwnThread {
      let server = try TLSServer(name: name, days: 2)
      let rig = try LoopRig(listens: false)
      try TLSTests.connect(
        rig, TLSClient(host: host, caFile: server.certificate), port: server.port)
      let failure = try TLSTests.failure(rig)
      guard case .certificate(let reason) = failure else {
        Issue.record("\(failure)")
        return
      }
      #expect(reason.contains("mismatch"))
    }
  }

  @Test(
    "A certificate that has its name as the common name only is refused",
    arguments: ["localhost", "127.0.0.1"])
  func commonName(host: String) async throws {
    try await onOwnThread {
      let server = try TLSServer(name: nil, days: 2)
      let rig = try LoopRig(listens: false)
      try TLSTests.connect(
        rig, TLSClient(host: host, caFile: server.certificate), port: server.port)
      guard case .certificate(let reason) = try TLSTests.failure(rig) else {
        Issue.record("it was accepted")
        return
      }
      #expect(reason.contains("mismatch"))
    }
  }

  @Test("A certificate that no authority vouches for is refused")
  func selfSigned() async throws {
    try await onOwnThread {
      let server = try TLSServer(name: "DNS:localhost", days: 2)
      let rig = try LoopRig(listens: false)
      try TLSTests.connect(rig, TLSClient(host: "localhost", caFile: nil), port: server.port)
      #expect(try TLSTests.failure(rig) == .certificate("self-signed certificate"))
    }
  }

  @Test("An expired certificate is refused")
  func expired() async throws {
    try await onOwnThread {
      let server = try TLSServer(name: "DNS:localhost", days: -1)
      let rig = try LoopRig(listens: false)
      try TLSTests.connect(
        rig, TLSClient(host: "localhost", caFile: server.certificate), port: server.port)
      #expect(try TLSTests.failure(rig) == .certificate("certificate has expired"))
    }
  }

  @Test("A server that does not speak TLS is told as such, and gets no request")
  func plainServer() async throws {
    try await onOwnThread {
      let plain = try LoopRig()
      let rig = try LoopRig(listens: false)
      try TLSTests.connect(rig, TLSClient(host: "localhost", caFile: nil), port: plain.port)
      let accepted = try plain.journal.waitForAccepted()
      plain.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8), to: accepted)
      let failure = try TLSTests.failure(rig)
      guard case .tls = failure else {
        Issue.record("\(failure)")
        return
      }
    }
  }

  @Test("A trust file that cannot be read stops the set-up and is named")
  func missingTrustFile() {
    #expect {
      _ = try TLSClient(host: "localhost", caFile: "/nonexistent/ca.pem")
    } throws: { error in
      "\(error)".hasPrefix("cannot read certificates from /nonexistent/ca.pem: ")
    }
  }
}
