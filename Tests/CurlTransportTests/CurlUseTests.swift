import Foundation
import Memory
import Testing

@testable import CurlTransport

/// A scripted server, and requests that it must see or must never see.
@Suite("Requests over libcurl", .timeLimit(.minutes(1)))
struct CurlUseTests {
  private static let fine = respond(200, "fine")

  private func post(
    _ url: String, fields: [(name: String, value: String)] = [], timeout: Int = 5_000
  ) throws -> JSONPost {
    let secrets = fields.map {
      ($0.name, SecretBytes(copying: Array($0.value.utf8).span.bytesOfElements))
    }
    return try #require(JSONPost(url: url, headers: secrets, timeout: timeout, caFile: nil))
  }

  private func send(_ text: String, _ post: JSONPost) -> JSONPost.Outcome {
    post.post(text.utf8.span.bytesOfElements)
  }

  @Test(
    "a probe sends its method and the path as it is written, without a body",
    arguments: ["GET", "HEAD", "POST", "DELETE"])
  func methods(method: String) throws {
    let server = try ScriptedServer(Self.fine)
    defer { server.stop() }
    let answer = try HTTPProbe.ask(server.url("/a/../b?c=%2F"), method: method)
    #expect(answer.status == 200)
    #expect(answer.body == (method == "HEAD" ? "" : "fine"))
    let request = try #require(server.requests.first)
    #expect(request.hasPrefix("\(method) /a/../b?c=%2F HTTP/1.1\r\n"))
    #expect(request.hasSuffix("\r\n\r\n"))
  }

  @Test("a probe follows no redirect")
  func redirect() throws {
    let trap = try ScriptedServer(Self.fine)
    defer { trap.stop() }
    let server = try ScriptedServer(respond(302, "", fields: "Location: \(trap.url())\r\n"))
    defer { server.stop() }
    #expect(try HTTPProbe.ask(server.url()).status == 302)
    #expect(trap.connections == 0)
  }

  @Test(
    "a probe reads a mebibyte and no more, whether the length is declared or not",
    arguments: [true, false])
  func limit(declared: Bool) throws {
    let head =
      declared ? "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n"
    let server = try ScriptedServer(head + String(repeating: "a", count: 1_048_577))
    defer { server.stop() }
    let url = server.url()
    #expect {
      _ = try HTTPProbe.ask(url)
    } throws: {
      "\($0)" == "\(url): the answer is too long"
    }
  }

  @Test("what a probe cannot reach is named with the address")
  func unreachable() {
    #expect {
      _ = try HTTPProbe.ask("http://127.0.0.1:1/x")
    } throws: {
      "\($0)".hasPrefix("http://127.0.0.1:1/x: ")
    }
    #expect(throws: HTTPProbe.Unreachable.self) { _ = try HTTPProbe.ask("file:///etc/passwd") }
  }

  @Test("posts carry type and fields once each, over one connection")
  func posts() throws {
    let server = try ScriptedServer { _, _ in .bytes(Array(Self.fine.utf8), keepOpen: true) }
    defer { server.stop() }
    let post = try post(server.url("/v1"), fields: [("X-Key", "s3cret"), ("X-Other", "two")])
    #expect(send(#"{"a":1}"#, post) == .taken)
    #expect(send("[]", post) == .taken)
    #expect(server.connections == 1)
    #expect(server.requests.count == 2)
    for (request, body) in zip(server.requests, [#"{"a":1}"#, "[]"]) {
      #expect(request.hasPrefix("POST /v1 HTTP/1.1\r\n"))
      for line in ["Content-Type: application/json", "X-Key: s3cret", "X-Other: two"] {
        #expect(request.components(separatedBy: "\r\n\(line)\r\n").count == 2)
      }
      #expect(!request.contains("Expect:"))
      #expect(request.hasSuffix("\r\n\r\n" + body))
    }
  }

  @Test("what became of a post is told: refused with a status, or nothing came back")
  func outcomes() throws {
    let server = try ScriptedServer(respond(503, "busy"))
    defer { server.stop() }
    #expect(send("{}", try post(server.url())) == .refused(status: 503))
    let silent = try ScriptedServer { _, _ in .hang }
    defer { silent.stop() }
    #expect(
      send("{}", try post(silent.url(), timeout: 50)) == .failed(reason: "Timeout was reached"))
    #expect(
      send("{}", try post("http://127.0.0.1:1/"))
        == .failed(reason: "Couldn't connect to server"))
  }

  @Test("how long a server asks to wait is told, and what it answers, as long as it is short")
  func answers() throws {
    let server = try ScriptedServer(respond(503, "busy", fields: "Retry-After: 7\r\n"))
    defer { server.stop() }
    let post = try post(server.url())
    #expect(send("{}", post) == .refused(status: 503))
    #expect(post.retryAfter == 7 && post.takeAnswer().bytes.text == "busy")
    let long = String(repeating: "a", count: 70_000)
    let talkative = try ScriptedServer { _, number in
      .bytes(Array(respond(200, number == 0 ? long : "short").utf8), keepOpen: number > 0)
    }
    defer { talkative.stop() }
    let other = try self.post(talkative.url())
    #expect(send("{}", other) == .taken)
    #expect(other.takeAnswer().isEmpty && other.retryAfter == 0)
    #expect(send("{}", other) == .taken)
    #expect(other.takeAnswer().bytes.text == "short")
  }

  @Test("a compressed body says that it is, and is what it was when it is unpacked")
  func compression() throws {
    let text = String(repeating: "{\"a\":\"é\"}", count: 500)
    var packed = ByteBuffer()
    #expect(Gzip.put(text.utf8.span.bytesOfElements, into: &packed))
    #expect(packed.count < text.utf8.count / 20)
    #expect(packed.bytes.copied().prefix(3) == [0x1F, 0x8B, 8])
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-d", "-c"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(packed.bytes.copied()))
    try input.fileHandleForWriting.close()
    #expect(try output.fileHandleForReading.readToEnd() == Data(text.utf8))
    process.waitUntilExit()
    var empty = ByteBuffer()
    #expect(Gzip.put(RawSpan(), into: &empty))
    let server = try ScriptedServer(Self.fine)
    defer { server.stop() }
    let post = try #require(
      JSONPost(url: server.url(), headers: [], timeout: 5_000, caFile: nil, compresses: true))
    #expect(post.post(text.utf8.span.bytesOfElements) == .taken)
    let request = try #require(server.requests.first)
    #expect(request.contains("\r\nContent-Encoding: gzip\r\n"))
    #expect(request.contains("\r\nContent-Length: \(packed.count)\r\n"))
  }

  @Test("no post goes to a server that is not trusted, nor is made with a broken trust file")
  func trust() throws {
    let server = try TLSServer(name: "DNS:localhost", days: 2)
    let url = "https://localhost:\(server.port)/"
    guard case .failed = send("{}", try post(url)) else {
      Issue.record("sent to a stranger")
      return
    }
    #expect(JSONPost(url: url, headers: [], timeout: 1_000, caFile: "/etc/hosts") == nil)
  }

  @Test("faults tell what an operator can act on, and two handles are told apart")
  func faults() throws {
    #expect(CurlFault.notStarted.kind == .client)
    #expect(CurlFault.tooLarge.kind == .tooLarge)
    let request = CurlRequest(url: "http://127.0.0.1:1/", schemes: "http", timeout: 1_000)
    var one = try CurlEasyHandle.make(for: request, proof: nil)
    let other = try CurlEasyHandle.make(for: request, proof: nil)
    let (first, second) = (one.id, other.id)
    #expect(first != second)
    do throws(CurlFault) {
      try one.perform()
      Issue.record("answered by nobody")
    } catch {
      #expect(error.kind == .unreachable)
      // With the details, which the plain text does not have.
      #expect(one.explanation(of: error).contains("127.0.0.1"))
      #expect(!error.text.contains("127.0.0.1"))
    }
    #expect(one.status == 0)
  }
}
