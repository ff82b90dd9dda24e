import Testing

@testable import LocalServer

@Suite("Answers go out late, in pieces or not to their end", .timeLimit(.minutes(5)))
struct DeliveryTests {
  @Test(
    "A late answer and one in pieces are whole, and the connection goes on",
    arguments: ["late", "pieces"])
  func whole(_ way: String) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/paced/999/\(way)") + request("GET", "/next"))
      #expect(try client.answer().body == String(repeating: "x", count: 999))
      #expect(try client.answer().body == "GET /next  [] 0")
    }
  }

  @Test(
    "A peer that sends its next request meanwhile gets it answered", arguments: ["late", "pieces"])
  func next(_ way: String) async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      for _ in 0..<3 {
        try client.send(request("GET", "/paced/10/\(way)"))
        #expect(try client.answer().body == "xxxxxxxxxx")
      }
    }
  }

  @Test("Others are served while an answer waits")
  func others() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/paced/5000000/pieces"))
      let other = try RawClient(port: rig.port)
      try other.send(request("GET", "/other"))
      #expect(try other.answer().body == "GET /other  [] 0")
      #expect(try client.answer().body.utf8.count == 5_000_000)
    }
  }

  @Test("A connection can be reset instead of an answer")
  func reset() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/paced/100/reset"))
      #expect(client.isReset())
    }
  }

  @Test("An answer can be cut with a reset after a part of its body")
  func halfReset() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/paced/100/half-reset"))
      #expect(client.isReset())
    }
  }

  @Test("An answer can end cleanly before its length is reached")
  func half() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/paced/100/half"))
      let head = Head(text: try client.head())
      #expect(head.field("content-length") == "100")
      #expect(try client.zerosUntilEnd().count == 50)
    }
  }
}

@Suite("Long bodies are kept on disk", .timeLimit(.minutes(5)))
struct KeptBodyTests {
  private func rig() throws -> ServiceRig {
    try ServiceRig { settings in
      settings.bodyBytesKept = 100
      settings.bodyFolder = "/tmp"
    }
  }

  @Test(
    "A body longer than what is kept in memory is in its file, whole", arguments: [101, 5_000_000])
  func long(_ size: Int) async throws {
    let rig = try rig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      let body = String(repeating: "x", count: size - 3) + "end"
      try client.send(request("POST", "/tail/5", "Content-Length: \(size)\r\n") + body)
      #expect(try client.answer().body == "xxend")
      try client.send(request("POST", "/echo", "Content-Length: \(size)\r\n") + body)
      #expect(try client.answer().body == body)
    }
  }

  @Test("A chunked body is put together")
  func chunked() async throws {
    let rig = try rig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      var text = request("POST", "/echo", "Transfer-Encoding: chunked\r\n")
      for letter in ["a", "b", "c"] { text += "64\r\n\(String(repeating: letter, count: 100))\r\n" }
      try client.send(text + "0\r\n\r\n")
      let expected = ["a", "b", "c"].map { String(repeating: $0, count: 100) }.joined()
      #expect(try client.answer().body == expected)
    }
  }

  @Test("A body that fits in memory has no file")
  func short() async throws {
    let rig = try rig()
    let body = String(repeating: "x", count: 100)
    let answer = try await rig.ask(request("POST", "/tail/5", "Content-Length: 100\r\n") + body)
    #expect(answer.body == "no file")
  }

  @Test("A folder that cannot be written to is a refusal, not half a body")
  func fullDisk() async throws {
    let rig = try ServiceRig { settings in
      settings.bodyBytesKept = 10
      settings.bodyFolder = "/nowhere"
    }
    let body = String(repeating: "x", count: 100)
    let answer = try await rig.ask(request("POST", "/tail/5", "Content-Length: 100\r\n") + body)
    #expect(answer.status == 507)
  }
}
