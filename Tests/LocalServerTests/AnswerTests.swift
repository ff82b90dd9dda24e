import Testing

@testable import LocalServer

@Suite("Answers arrive whole", .timeLimit(.minutes(5)))
struct AnswerTests {
  @Test("100 MiB of zero bytes arrive exactly")
  func zeros() async throws {
    let rig = try ServiceRig()
    let size = 100 << 20
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/zeros/\(size)", "Connection: close\r\n"))
      let head = Head(text: try client.head())
      #expect(head.field("content-length") == "\(size)")
      let body = try client.zerosUntilEnd()
      #expect(body.count == size && body.allZero)
    }
  }

  @Test("Others are served while a large download goes on")
  func fairness() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/zeros/1000000000000", "Connection: close\r\n"))
      _ = try client.head()
      let other = try RawClient(port: rig.port)
      for i in 0..<100 {
        try other.send(request("GET", "/\(i)"))
        #expect(try other.answer().body == "GET /\(i)  [] 0")
      }
    }
  }

  @Test(
    "HEAD gets the head that GET would get, and the connection goes on",
    arguments: ["/bytes/5", "/zeros/123456789"])
  func head(_ path: String) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("HEAD", path) + request("GET", "/next"))
      let answer = try client.answer(isHead: true)
      #expect(answer.field("content-length") == String(path.split(separator: "/")[1]))
      #expect(try client.answer().body == "GET /next  [] 0")
    }
  }

  @Test("204 and 304 have neither body nor Content-Length", arguments: [204, 304])
  func bodiless(_ status: Int) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/status/\(status)") + request("GET", "/next"))
      let answer = try client.answer()
      #expect(answer.status == status && answer.field("content-length") == nil)
      #expect(try client.answer().body == "GET /next  [] 0")
    }
  }

  @Test("Every answer is dated")
  func date() async throws {
    let date = try #require(try await ServiceRig().ask(request("GET", "/")).field("date"))
    #expect(date.hasSuffix(" GMT") && date.utf8.count == 29)
  }

  static let closing = [
    "GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    request("GET", "/a", "Connection: close\r\n"),
  ]

  @Test("HTTP/1.0 and Connection: close end the connection after the answer", arguments: closing)
  func closes(_ text: String) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(text + request("GET", "/ignored"))
      let answer = try client.answer()
      #expect(answer.body == "GET /a  [] 0" && answer.field("connection") == "close")
      #expect(try client.hasEnded())
    }
  }

  @Test("A peer that sent its last request still gets every answer")
  func halfClosed() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/bytes/8000000") + request("GET", "/last"))
      client.endSending()
      #expect(try client.answer().body.utf8.count == 8_000_000)
      #expect(try client.answer().body == "GET /last  [] 0")
      #expect(try client.hasEnded())
    }
  }

  @Test(
    "An upload that is refused gets its answer although it is sent to the end first",
    arguments: [
      ("Host: evil.example\r\nContent-Length: 20971520\r\n\r\n", 403),
      ("Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n", 400),
      ("Host: localhost\r\nContent-Length: x\r\n\r\n", 400),
    ])
  func earlyAnswer(_ head: String, _ status: Int) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send("POST /a HTTP/1.1\r\n" + head)
      try client.send([UInt8](repeating: 120, count: 20 << 20)[...])
      let answer = try client.answer()
      #expect(answer.status == status && answer.field("connection") == "close")
      #expect(try client.hasEnded())
    }
  }

  @Test(
    "A responder's value cannot write fields or answers of its own",
    arguments: ["a%0D%0AX-Injected:%201", "a%0Ab", "a%00b", "a%7Fb"])
  func injection(_ value: String) async throws {
    let answer = try await ServiceRig().ask(request("GET", "/field?\(value)"))
    #expect(answer.status == 500 && answer.field("x-injected") == nil)
  }

  @Test("Field values may hold text beyond ASCII")
  func unicodeValue() async throws {
    let answer = try await ServiceRig().ask(request("GET", "/field?caf%C3%A9"))
    #expect(answer.field("x-value") == "café")
  }

  static let brokenAnswers: [LocalResponse] = [
    LocalResponse(status: 99), LocalResponse(status: 600),
    LocalResponse(status: 200, fields: [(name: "", value: "x")]),
    LocalResponse(status: 200, fields: [(name: "A B", value: "x")]),
    LocalResponse(status: 200, fields: [(name: "Content-length", value: "1")]),
    LocalResponse(status: 200, fields: [(name: "Transfer-Encoding", value: "chunked")]),
  ]

  @Test("An answer that would break the framing is not sent", arguments: brokenAnswers.indices)
  func unsendable(_ index: Int) {
    #expect(!AnswerTests.brokenAnswers[index].isSendable)
  }
}
