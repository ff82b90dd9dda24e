import Foundation
import GatewayServer
import Testing

/// Answers that arrive before the request has ended, to callers that send the whole request before they read, as
/// Python's `http.client` and others do.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct EarlyAnswerTests {
  private static let size = 20 << 20

  /// The framing of an upload.
  enum Upload: String, CaseIterable, Sendable {
    case length, chunked

    func bytes(_ target: String, _ fields: [String] = []) -> [UInt8] {
      let block = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
      let count = EarlyAnswerTests.size / block.count
      switch self {
      case .length:
        let head = Wire.request(
          "POST", target, fields + ["Content-Length: \(EarlyAnswerTests.size)"])
        return Array(head.utf8) + (0..<count).flatMap { _ in block }
      case .chunked:
        let head = Wire.request("POST", target, fields + ["Transfer-Encoding: chunked"])
        let chunk = Array("100000\r\n".utf8) + block + Array("\r\n".utf8)
        return Array(head.utf8) + (0..<count).flatMap { _ in chunk } + Array("0\r\n\r\n".utf8)
      }
    }
  }

  /// Sends the whole request before it reads.
  private func upload(_ bytes: [UInt8], to rig: GatewayRig) throws -> Answer {
    let caller = try rig.caller()
    try caller.send(bytes)
    let answer = try caller.answer()
    #expect(answer["Connection"] == "close")
    #expect(caller.takeAll().end == .closed)
    return answer
  }

  @Test(
    "An upload that the gateway refuses gets its answer although it is sent to the end first",
    arguments: Upload.allCases)
  func ours(upload: Upload) throws {
    let upstream = try LimitsUpstream()
    defer { upstream.stop() }
    let rig = try GatewayRig(
      limits:
        "{name: none, match: {operation: CreateFetchAndImportCourseJob}, rate: 1/1h, burst: 1, "
        + "onExceed: refuse}", upstream: upstream)
    func status(_ target: String, _ fields: [String] = []) throws -> Int {
      try self.upload(upload.bytes(target, fields), to: rig).status
    }
    #expect(try status("/api/v2/nothing/here") == 404)
    #expect(try status("/api/v2/ping") == 405)
    #expect(try status("/api/v2/courses/importJobs", ["Origin: https://example.com"]) == 403)
    #expect(try status("/api/v2/courses/importJobs", ["Connection: Host"]) == 400)
    #expect(
      try rig.call("POST", "/api/v2/courses/importJobs?courseId=a", body: "{}").status == 200)
    #expect(try status("/api/v2/courses/importJobs?courseId=a") == 429)
    #expect(upstream.records.count == 1)
  }

  @Test(
    "An upload that the upstream refuses before its end gets that answer, whatever the upstream does then",
    arguments: Upload.allCases, [409, 413])
  func upstreams(upload: Upload, status: Int) throws {
    let body = "{\"message\": \"no\"}"
    let refusal = HostileUpstream.Step.send(
      "HTTP/1.1 \(status) No\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
    let gate = Gate()
    // One upstream leaves the rest unread, one reads it, and one announces that it will close and does.
    let upstream = try HostileUpstream(
      [.head, refusal, .wait(gate)], [.head, refusal, .untilEnd], [.head, refusal, .endSending])
    defer {
      gate.open()
      upstream.stop()
    }
    let rig = try GatewayRig(upstream: upstream.port)
    let bytes = upload.bytes("/api/v2/courses/importJobs?courseId=a")
    for _ in 0..<3 {
      let answer = try self.upload(bytes, to: rig)
      #expect(answer.status == status && answer.text == body)
    }
    #expect(
      try rig.lines().map { $0.string("termination") } == Array(repeating: "completed", count: 3))
  }

  @Test("A long refusal reaches a caller that reads nothing before all of its upload is sent")
  func longRefusal() throws {
    let size = 16 << 20
    let upstream = try HostileUpstream([
      .head, .send("HTTP/1.1 409 No\r\nContent-Length: \(size)\r\n\r\n"), .bytes(size), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try upload(Upload.length.bytes("/api/v2/courses/importJobs?courseId=a"), to: rig)
    #expect(answer.status == 409 && answer.body.count == size)
  }

  @Test("An upstream that answers 2xx while it reads gets the rest of the request")
  func answersWhileReading() throws {
    let size = 1 << 20
    let upstream = try HostileUpstream([
      .head, .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"), .read(size), .send("{}"),
      .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let answer = try rig.call(
      "POST", "/api/v2/courses/importJobs?courseId=a", body: String(repeating: "x", count: size))
    #expect(answer.status == 200 && answer.text == "{}")
  }

  @Test("A caller that ends its direction when it sees a refusal gets all of that")
  func endsAfterRefusal() throws {
    let gate = Gate()
    let upstream = try HostileUpstream([
      .head, .send("HTTP/1.1 409 No\r\nContent-Length: 4\r\n\r\nno"), .wait(gate), .send("pe"),
      .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(
      Wire.request(
        "POST", "/api/v2/courses/importJobs?courseId=a", ["Content-Length: 1000000"])
        + String(repeating: "x", count: 100_000))
    let head = try caller.take(through: "\r\n\r\nno")
    #expect(head.hasPrefix("HTTP/1.1 409 "))
    caller.endSending()
    gate.open()
    #expect(try caller.take(2) == Array("pe".utf8))
    #expect(caller.takeAll().end == .closed)
  }

  @Test("An upload that waits for 100 Continue is refused before any of it is sent")
  func expectation() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    try caller.send(
      Wire.request("POST", "/api/v2/nothing", ["Expect: 100-continue", "Content-Length: 1000000"]))
    #expect(try caller.answer().status == 404)
    caller.endSending()
    #expect(caller.takeAll().end == .closed)
  }
}
