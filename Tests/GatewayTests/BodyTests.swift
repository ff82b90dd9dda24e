import Foundation
import Testing

/// Bodies in both directions.
@Suite(.ownThread, .timeLimit(.minutes(5)))
struct BodyTests {
  @Test("An upload arrives whole, with a length or in chunks", arguments: [false, true])
  func upload(isChunked: Bool) throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    let size = 8 << 20
    let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"
    try caller.send(
      Wire.request(
        "POST", "/api/v2/courses/importJobs/upload?courseId=golf",
        ["Content-Type: multipart/form-data; boundary=b", framing]))
    let block = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
    for _ in 0..<(size / block.count) {
      if isChunked { try caller.send("10000;note=1\r\n") }
      try caller.send(block)
      if isChunked { try caller.send("\r\n") }
    }
    if isChunked { try caller.send("0\r\nX-Trailer: dropped\r\n\r\n") }
    #expect(try caller.answer().status == 200)
    #expect(try rig.sandboxCalls().first?.int("bodySize") == size)
    // The connection stays usable.
    #expect(try caller.call("GET", "/api/v2/ping").status == 200)
    #expect(try rig.lines().first?.int("http.request.body.size") == size)
  }

  @Test("Expect: 100-continue is answered when the way upstream is clear, and not sent on")
  func expectContinue() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    try caller.send(
      Wire.request(
        "PUT", "/api/v2/courses/none/tags", ["Expect: 100-continue", "Content-Length: 11"]))
    #expect(try caller.answer(interim: true).status == 100)
    try caller.send("{\"tags\":[]}")
    #expect(try caller.answer(interim: true).status == 404)
    let fields = try rig.sandboxCalls().first?["fields"] as? [String]
    #expect(fields?.contains("expect") == false)
  }

  @Test("Expect: 100-continue for a call that is refused gets the refusal, not a 100")
  func refusedExpectation() throws {
    let rig = try GatewayRig()
    let caller = try rig.caller()
    try caller.send(
      Wire.request("POST", "/api/v2/nothing", ["Expect: 100-continue", "Content-Length: 11"]))
    #expect(try caller.answer(interim: true).status == 404)
    #expect(caller.takeAll().end == .closed)
  }

  @Test("A reader who does not read pauses the upstream; nothing piles up, and nothing is lost")
  func slowReader() throws {
    let size = 48 << 20
    let upstream = try HostileUpstream([
      .request, .send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"),
      .bytes(size), .untilEnd,
    ])
    let rig = try GatewayRig(upstream: upstream.port)
    let callers = try (0..<4).map { _ in try rig.caller(receiveBuffer: 64 << 10) }
    for caller in callers { try caller.send(Wire.request("GET", "/api/v2/courses/c/zip")) }
    for caller in callers { #expect(caller.hasInput(within: 10_000)) }
    // Other callers are served meanwhile.
    #expect(try rig.call("GET", "/api/v2/nothing").status == 404)
    // The kernels and the gateway hold only a small part of it.
    #expect(eventually { upstream.isStuck })
    #expect(upstream.connections.allSatisfy { $0.sent < size / 2 })
    let answer = try callers[0].answer()
    #expect(answer.body.count == size && answer.end == .complete)
    callers[1].reset()
    for caller in callers[2...] { #expect(try caller.answer().body.count == size) }
    let sizes = try rig.lines().filter { $0.int("http.response.status_code") == 200 }
      .map { $0.string("termination") }
    #expect(sizes.sorted() == ["caller/response-body", "completed", "completed", "completed"])
  }

  @Test("An upstream that does not read pauses the caller's upload; nothing piles up")
  func slowUpstream() throws {
    let gate = Gate()
    let size = 32 << 20
    let upstream = try HostileUpstream([.head, .wait(gate), .read(size), .answer(), .untilEnd])
    let rig = try GatewayRig(upstream: upstream.port)
    let caller = try rig.caller()
    try caller.send(
      Wire.request("POST", "/api/v2/courses/importJobs/upload", ["Content-Length: \(size)"]))
    let sender = Sending(caller, [UInt8](repeating: 0x78, count: size))
    #expect(eventually { upstream.connections.first.map { !$0.received.isEmpty } ?? false })
    // The kernel and the gateway hold only a small part of it.
    #expect(eventually { sender.isStuck })
    #expect(sender.sent < size / 2)
    gate.open()
    sender.wait()
    #expect(try caller.answer().status == 200)
  }
}

/// Sends an upload on a separate thread, like a client that does not read answers meanwhile.
final class Sending: @unchecked Sendable {
  // @unchecked: only this thread sends through `wire`. The counters are read under the lock.
  private let wire: Wire
  private let lock = NSLock()
  private var count = 0
  private var changedAt = ContinuousClock.now
  private let done = DispatchSemaphore(value: 0)

  init(_ wire: Wire, _ bytes: [UInt8]) {
    self.wire = wire
    Thread.detachNewThread { [self] in
      // An error ends the loop: the peer does not accept the rest.
      while sent < bytes.count {
        let part = Array(bytes[sent..<min(sent + 65_536, bytes.count)])
        guard (try? self.wire.send(part)) != nil else { break }
        lock.withLock {
          count += part.count
          changedAt = .now
        }
      }
      done.signal()
    }
  }

  var sent: Int { lock.withLock { count } }
  /// Whether nothing has been sent for a while.
  var isStuck: Bool { lock.withLock { ContinuousClock.now - changedAt > .milliseconds(200) } }
  func wait() { _ = done.wait(timeout: .now() + 15) }
}
