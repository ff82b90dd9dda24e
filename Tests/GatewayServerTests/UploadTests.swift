import Foundation
import Testing

@testable import GatewayServer

/// Uploads that are kept while they are streamed, byte by byte.
@Suite struct UploadTests {
  private static let size = 300_000
  private static let body = String(repeating: "0123456789", count: size / 10)

  private func head(_ fields: String = "", isChunked: Bool = false) -> String {
    "POST /api/v2/courses/importJobs/upload?courseId=c HTTP/1.1\r\nHost: localhost\r\n"
      + (isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(Self.size)")
      + "\r\n\(fields)\r\n"
  }

  private func rig(
    _ place: UploadSettings.Place?, limit: Int = 1 << 30,
    _ change: (inout RelaySettings) -> Void = { _ in }
  ) throws -> RelayRig {
    try RelayRig {
      $0.uploads = UploadSettings(place, limit: limit)
      change(&$0)
    }
  }

  @Test("A disk may take its time: only waits of half a second in all end the keeping of an upload")
  func patience() {
    var patience = DiskPatience()
    let quick = (0..<10_000).map { _ in patience.covers(DiskPatience.quick) }
    let slow = [200_000_000, 200_000_000, 100_000_000].map { patience.covers($0) }
    #expect(!quick.contains(false) && !slow.contains(false))
    let isEnough = patience.covers(DiskPatience.quick + 1)
    #expect(!isEnough)
  }

  private static let places: [UploadSettings.Place] = [
    .memory, .disk(folder: NSTemporaryDirectory()),
  ]

  /// Sends `text` in pieces that fit a socket, and returns what the upstream receives meanwhile.
  private func send(
    _ text: String, from caller: RawPeer, _ rig: RelayRig, to upstream: RawPeer? = nil
  ) throws -> String {
    let bytes = Array(text.utf8)
    var got = ""
    for start in stride(from: 0, to: bytes.count, by: 50_000) {
      try caller.send(Array(bytes[start..<min(start + 50_000, bytes.count)]))
      rig.settle()
      got += upstream?.take() ?? ""
    }
    return got + (try drained(upstream, rig))
  }

  /// Everything that arrives at the upstream until nothing more does.
  private func drained(_ upstream: RawPeer?, _ rig: RelayRig) throws -> String {
    var got = ""
    rig.settle()
    while let piece = upstream?.take(), !piece.isEmpty {
      got += piece
      rig.settle()
    }
    return got
  }

  /// A caller that has sent half of its upload, and the upstream connection in use.
  private func half(
    _ rig: RelayRig, isChunked: Bool = false
  ) throws -> (caller: RawPeer, upstream: RawPeer) {
    let caller = try rig.caller(head(isChunked: isChunked))
    let text = UploadTests.body.prefix(UploadTests.size / 2)
    let piece = isChunked ? "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" : String(text)
    let bytes = Array(piece.utf8)
    try caller.send(Array(bytes.prefix(40_000)))
    rig.settle()
    let upstream = try rig.upstream()
    _ = upstream.take()
    _ = try send(
      String(decoding: bytes.dropFirst(40_000), as: UTF8.self), from: caller, rig, to: upstream)
    return (caller, upstream)
  }

  private func rest(isChunked: Bool) -> String {
    let text = UploadTests.body.suffix(UploadTests.size / 2)
    return isChunked
      ? "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n0\r\n\r\n" : String(text)
  }

  /// The body of a received request, with its chunks joined.
  private func body(of request: String) throws -> String {
    let bytes = Array(request.utf8)
    let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
    var rest = bytes[end.upperBound...]
    guard request.contains("Transfer-Encoding: chunked") else {
      return String(decoding: rest, as: UTF8.self)
    }
    var body: [UInt8] = []
    while let line = rest.firstRange(of: Array("\r\n".utf8)) {
      let size = String(decoding: rest[..<line.lowerBound], as: UTF8.self)
      let count = try #require(Int(size, radix: 16))
      body += rest[line.upperBound...].prefix(count)
      if count == 0 { break }
      rest = rest[line.upperBound...].dropFirst(count + 2)
    }
    return String(decoding: body, as: UTF8.self)
  }

  @Test(
    "A connection that is lost in the middle of an upload: what was sent is sent once more, and the rest follows",
    arguments: [0, 1], [false, true])
  func lost(place: Int, isChunked: Bool) throws {
    let rig = try rig(UploadTests.places[place])
    let (caller, first) = try half(rig, isChunked: isChunked)
    first.leave()
    rig.settle()
    let second = try rig.upstream()
    var got = second.take()
    got += try drained(second, rig)
    #expect(got.hasPrefix("POST /api/v2/courses/importJobs/upload?courseId=c HTTP/1.1\r\n"))
    got += try send(rest(isChunked: isChunked), from: caller, rig, to: second)
    #expect(try body(of: got) == UploadTests.body)
    try rig.say(RelayRig.answer(#"{"result":"1"}"#), from: second)
    #expect(caller.take().hasSuffix(#"{"result":"1"}"#))
    let line = try #require(try rig.lines().first)
    #expect((line["upstream"] as? [Any])?.count == 2 && line.string("termination") == "completed")
    #expect(line.int("http.request.body.size") == UploadTests.size)
  }

  @Test("A 401 at the end of an upload, or in its middle, has it sent once more with a fresh token")
  func refused() throws {
    for isWhole in [true, false] {
      let rig = try rig(.memory)
      let (caller, first) = try half(rig)
      if isWhole { _ = try send(rest(isChunked: false), from: caller, rig, to: first) }
      try rig.say(RelayRig.answer(status: 401), from: first)
      rig.publish("second-token", generation: 2)
      let second = try rig.upstream()
      var got = second.take()
      got += try drained(second, rig)
      if !isWhole { got += try send(rest(isChunked: false), from: caller, rig, to: second) }
      #expect(got.contains("\r\nAuthorization: Bearer second-token\r\n"))
      #expect(try body(of: got) == UploadTests.body)
      try rig.say(RelayRig.answer("{}"), from: second)
      #expect(caller.take().hasSuffix("{}"))
    }
  }

  @Test("A 503 that says for how long has the upload sent once more then, and only once")
  func busy() throws {
    let rig = try rig(.disk(folder: NSTemporaryDirectory()))
    let (caller, first) = try half(rig)
    _ = try send(rest(isChunked: false), from: caller, rig, to: first)
    try rig.say(RelayRig.answer("", status: 503, "Retry-After: 5\r\n"), from: first)
    rig.pass(4 * RelayRig.second)
    #expect(!rig.hasNewUpstream && caller.take().isEmpty)
    rig.pass(2 * RelayRig.second)
    let second = try rig.upstream()
    var got = second.take()
    got += try drained(second, rig)
    #expect(try body(of: got) == UploadTests.body)
    try rig.say(RelayRig.answer("busy", status: 503, "Retry-After: 5\r\n"), from: second)
    #expect(caller.take().hasPrefix("HTTP/1.1 503 "))
    #expect(try rig.lines().first?.int("http.response.status_code") == 503)
  }

  @Test("A 503 for longer than a minute, or without a time, is the caller's")
  func busyForLong() throws {
    for fields in ["Retry-After: 61\r\n", ""] {
      let rig = try rig(.memory)
      let (caller, first) = try half(rig)
      _ = try send(rest(isChunked: false), from: caller, rig, to: first)
      try rig.say(RelayRig.answer("", status: 503, fields), from: first)
      #expect(caller.take().hasPrefix("HTTP/1.1 503 "))
    }
  }

  @Test(
    "An upload of which all was sent is not repeated when its connection is lost: it may have been acted on"
  )
  func lostAtTheEnd() throws {
    let rig = try rig(.memory)
    let (caller, first) = try half(rig)
    _ = try send(rest(isChunked: false), from: caller, rig, to: first)
    first.leave()
    rig.settle()
    #expect(!rig.hasNewUpstream && caller.take().contains("connection-terminated"))
  }

  @Test("Where nothing is kept, or there is no room, a lost connection ends the upload as before")
  func unkept() throws {
    for (place, limit) in [
      (nil, 1 << 30), (UploadSettings.Place.memory, 100_000),
      (.disk(folder: "/nonexistent"), 1 << 30),
    ] as [(UploadSettings.Place?, Int)] {
      let rig = try rig(place, limit: limit)
      let (caller, first) = try half(rig)
      first.leave()
      rig.settle()
      #expect(!rig.hasNewUpstream && caller.take().contains("connection-terminated"))
    }
  }

  @Test(
    "An upload that finds no room goes on without being kept, and the next one has the room again")
  func room() throws {
    let rig = try rig(.memory, limit: 200_000)
    for _ in 0..<2 {
      let (caller, upstream) = try half(rig)
      _ = try send(rest(isChunked: false), from: caller, rig, to: upstream)
      try rig.say(RelayRig.answer("{}", "Connection: close\r\n"), from: upstream)
      #expect(caller.take().hasSuffix("{}"))
      rig.settle()
    }
    let (caller, first) = try half(rig)
    first.leave()
    rig.settle()
    let second = try rig.upstream()
    var got = second.take()
    got += try drained(second, rig)
    got += try send(rest(isChunked: false), from: caller, rig, to: second)
    #expect(try body(of: got) == UploadTests.body)
  }

  @Test("A second connection that is lost ends the upload")
  func lostTwice() throws {
    let rig = try rig(.memory)
    let (caller, first) = try half(rig)
    first.leave()
    rig.settle()
    let second = try rig.upstream()
    _ = try drained(second, rig)
    second.leave()
    rig.settle()
    #expect(!rig.hasNewUpstream && caller.take().contains("connection-terminated"))
  }

  @Test(
    "An answer that comes while the upload is sent once more is the caller's, and nothing more is sent"
  )
  func earlyAnswer() throws {
    let rig = try rig(.memory) { $0.highWater = 8 * 1024 }
    let (caller, first) = try half(rig)
    first.leave()
    rig.settle()
    let second = try rig.upstream()
    try rig.say(RelayRig.answer("large", status: 413), from: second)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 413 ") && answer.hasSuffix("large"))
  }
}
