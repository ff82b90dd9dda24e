import Testing

@testable import LocalServer

@Suite("Requests reach the responder whole", .timeLimit(.minutes(5)))
struct RequestTests {
  static let wholeRequests = [
    (
      "POST /a/b?c=d HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
      "POST /a/b c=d [hello] 5"
    ),
    (
      "PUT /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "3;e=1\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n",
      "PUT /x  [abcde] 5"
    ),
    ("\r\nDELETE /gone HTTP/1.1\r\nHost: localhost\r\n\r\n", "DELETE /gone  [] 0"),
  ]

  @Test("A request split in two at any offset is served like a whole one", arguments: wholeRequests)
  func splitAnywhere(_ text: String, _ expected: String) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let bytes = Array(text.utf8)
      // The loop reads the first part before it answers a later request on another connection.
      let barrier = try RawClient(port: rig.port)
      let client = try RawClient(port: rig.port)
      for offset in 1..<bytes.count {
        try client.send(bytes[..<offset])
        try barrier.send(request("GET", "/barrier"))
        _ = try barrier.answer()
        try client.send(bytes[offset...])
        let answer = try client.answer()
        #expect(answer.status == 200 && answer.body == expected, "split at \(offset)")
      }
    }
  }

  @Test("A request that comes byte by byte is served")
  func byteByByte() async throws {
    let rig = try ServiceRig()
    let text = RequestTests.wholeRequests[1]
    let answer = try await onOwnThread {
      let client = try RawClient(port: rig.port)
      for byte in text.0.utf8 { try client.send([byte]) }
      return try client.answer()
    }
    #expect(answer.body == text.1)
  }

  @Test("A thousand pipelined requests are answered in order")
  func pipelined() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      var all = ""
      for i in 0..<1000 {
        all +=
          i % 3 == 0
          ? "POST /n\(i) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi"
          : request("GET", "/n\(i)")
      }
      try client.send(all)
      for i in 0..<1000 {
        let answer = try client.answer()
        #expect(answer.body == (i % 3 == 0 ? "POST /n\(i)  [hi] 2" : "GET /n\(i)  [] 0"))
      }
    }
  }

  @Test("A peer that does not read its answers gets no further ones made")
  func backPressure() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      let all = String(repeating: request("GET", "/bytes/40000"), count: 400)
      try client.send(all)
      let other = try RawClient(port: rig.port)
      try other.send(request("GET", "/count"))
      let served = try #require(Int(try other.answer().body))
      // 16 MB are requested, but a loopback connection holds only a few.
      #expect(served < 300)
      for _ in 0..<400 { #expect(try client.answer().body.utf8.count == 40_000) }
    }
  }

  @Test("A body beyond the limit is counted and not kept", arguments: [true, false])
  func longBody(isChunked: Bool) async throws {
    let rig = try ServiceRig { $0.bodyBytesKept = 4 }
    let answer = try await onOwnThread {
      let client = try RawClient(port: rig.port)
      let piece = String(repeating: "a", count: 0x10000)
      let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(160 * 0x10000)"
      try client.send(request("POST", "/upload", framing + "\r\n"))
      for _ in 0..<160 { try client.send(isChunked ? "10000\r\n\(piece)\r\n" : piece) }
      if isChunked { try client.send("0\r\n\r\n") }
      return try client.answer()
    }
    #expect(answer.body == "POST /upload  [aaaa] \(160 * 0x10000)")
  }

  @Test("100 Continue is sent when the body is awaited")
  func expectation() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("PUT", "/e", "Content-Length: 2\r\nExpect: 100-continue\r\n"))
      #expect(try client.head() == "HTTP/1.1 100 Continue\r\n\r\n")
      try client.send("ok")
      #expect(try client.answer().body == "PUT /e  [ok] 2")
    }
  }

  @Test("100 Continue is left out when the body is there already")
  func needlessExpectation() async throws {
    let rig = try ServiceRig()
    let answer = try await rig.ask(
      request("PUT", "/e", "Content-Length: 2\r\nExpect: 100-continue\r\n") + "ok")
    #expect(answer.body == "PUT /e  [ok] 2")
  }

  static let badRequests = [
    ("GET /\r\n\r\n", 400),
    ("GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ("GET / HTTP/1.1\nHost: localhost\n\n", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
    (request("GET", "/\(String(repeating: "a", count: 9000))"), 414),
    (request("GET", "/", "A: \(String(repeating: "a", count: 9000))\r\n"), 431),
    (request("POST", "/", "Content-Length: 1\r\nContent-Length: 1\r\n"), 400),
    (request("POST", "/", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400),
    (request("POST", "/", "Transfer-Encoding: gzip, chunked\r\n"), 501),
    (request("POST", "/", "Transfer-Encoding: chunked\r\n") + "zz\r\n", 400),
    (request("POST", "/", "Content-Length: 1\r\nExpect: miracles\r\n"), 417),
    ("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
  ]

  @Test(
    "Bytes that are no request are refused, and nothing behind them is served",
    arguments: badRequests)
  func badRequest(_ text: String, _ status: Int) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(text + request("GET", "/hidden"))
      let answer = try client.answer()
      #expect(answer.status == status)
      #expect(answer.field("connection") == "close")
      #expect(answer.field("content-type") == "application/json")
      #expect(answer.body.hasPrefix("{\"message\":\""))
      #expect(try client.hasEnded())
    }
  }

  @Test("A request cut short by its sender is no request", arguments: wholeRequests)
  func cutShort(_ text: String, _: String) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(Array(text.utf8).dropLast())
      client.endSending()
      #expect(try client.hasEnded())
      let other = try RawClient(port: rig.port)
      try other.send(request("GET", "/count"))
      #expect(try other.answer().body == "0")
    }
  }
}
