import Testing

@testable import LocalServer

@Suite("Who may ask", .timeLimit(.minutes(5)))
struct AdmissionTests {
  static let hosts = [
    ("localhost", 200), ("127.0.0.1", 200), ("[::1]", 200), ("LOCALHOST.", 200),
    ("evil.example", 403), ("localhost.evil.example", 403), ("169.254.169.254", 403),
    ("localhost:1", 200), ("192.168.1.5", 403), ("0.0.0.0", 403), ("", 400),
  ]

  @Test("Only the server's own names are served", arguments: hosts)
  func host(_ host: String, _ status: Int) async throws {
    let answer = try await ServiceRig().ask("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    #expect(answer.status == status)
  }

  @Test(
    "What is always answered is answered whatever the Host, without the query that asks for more",
    arguments: [
      ("evil.example", "GET /always  [] 0"), ("10.244.0.5:9901", "GET /always  [] 0"),
      ("", "GET /always  [] 0"), ("localhost:18080", "GET /always verbose [] 0"),
    ])
  func probe(_ host: String, _ body: String) async throws {
    let rig = try ServiceRig()
    let answer = try await rig.ask("GET /always?verbose HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    #expect(answer.status == 200 && answer.body == body)
    let page = try await rig.ask(
      "GET /always HTTP/1.1\r\nHost: \(host)\r\nOrigin: http://evil.example\r\n\r\n")
    #expect(page.status == 403)
  }

  @Test("An absolute target's authority counts, not Host")
  func absoluteTarget() async throws {
    let rig = try ServiceRig()
    #expect(try await rig.ask(request("GET", "http://evil.example/x")).status == 403)
    #expect(try await rig.ask(request("GET", "http://localhost/x")).body == "GET /x  [] 0")
  }

  static let pages = [
    ("GET", "Origin: http://localhost\r\n", 403),
    ("POST", "Origin: null\r\n", 403),
    ("GET", "Sec-Fetch-Site: none\r\n", 200),
    ("GET", "Sec-Fetch-Site: same-origin\r\n", 200),
    ("HEAD", "Sec-Fetch-Site: same-origin\r\n", 200),
    ("POST", "Sec-Fetch-Site: same-origin\r\n", 403),
    ("GET", "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n", 403),
    ("GET", "Sec-Fetch-Site: same-site\r\n", 403),
    (
      "GET", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
      403
    ),
    (
      "GET",
      "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
      200
    ),
    (
      "GET", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
      403
    ),
    (
      "POST",
      "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
      403
    ),
  ]

  @Test("Pages of other origins are refused, a person's visit is not", arguments: pages)
  func page(_ method: String, _ fields: String, _ status: Int) async throws {
    let answer = try await ServiceRig().ask(request(method, "/", fields), isHead: method == "HEAD")
    #expect(answer.status == status)
  }

  static let ownPages = [
    // A module that the server's own page loads.
    ("GET", "/", "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n", 200),
    ("GET", "/", "Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n", 403),
    ("POST", "/acts", own + "Content-Type: application/json\r\n", 200),
    ("POST", "/", own + "Content-Type: application/json\r\n", 403),
    ("POST", "/acts", own + "Content-Type: text/plain\r\n", 403),
    ("POST", "/acts", own, 403),
    ("PUT", "/acts", own + "Content-Type: application/json\r\n", 403),
    (
      "POST", "/acts",
      "Origin: http://localhost\r\nSec-Fetch-Site: cross-site\r\nContent-Type: application/json\r\n",
      403
    ),
    (
      "POST", "/acts",
      "Origin: http://127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n",
      403
    ),
    ("POST", "/acts", own + "Origin: null\r\nContent-Type: application/json\r\n", 403),
    ("POST", "/acts", "Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n", 403),
  ]
  private static let own = "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n"

  @Test("The server's own page may post JSON to what is meant for it", arguments: ownPages)
  func ownPage(_ method: String, _ path: String, _ fields: String, _ status: Int) async throws {
    #expect(try await ServiceRig().ask(request(method, path, fields)).status == status)
  }

  @Test("A server without secrets may serve any page")
  func openToPages() async throws {
    let rig = try ServiceRig { $0.refusesBrowserPages = false }
    #expect(try await rig.ask(request("GET", "/", "Origin: http://a.example\r\n")).status == 200)
  }

  @Test("A refused request's body is neither awaited nor taken for the next request")
  func refusedBody() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(
        "PUT / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
      let answer = try client.answer()
      #expect(answer.status == 403 && answer.field("connection") == "close")
      #expect(try client.hasEnded())
    }
  }

  @Test("A refused request without a body leaves the connection in use")
  func refusedGoesOn() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n" + request("GET", "/ok"))
      #expect(try client.answer().status == 403)
      #expect(try client.answer().body == "GET /ok  [] 0")
    }
  }

  @Test("Who has asked nothing gives way to who comes after, the oldest first")
  func silentGivesWay() async throws {
    let rig = try ServiceRig { $0.maximumConnections = 2 }
    try await onOwnThread {
      let asked = try RawClient(port: rig.port)
      try asked.send(request("GET", "/1"))
      _ = try asked.answer()
      let silent = try RawClient(port: rig.port)
      let third = try RawClient(port: rig.port)
      #expect(try silent.hasEnded())
      // An incomplete head is not a request either.
      try third.send("GET / HTTP/1.1\r\n")
      let fourth = try RawClient(port: rig.port)
      try fourth.send(request("GET", "/4"))
      #expect(try fourth.answer().body == "GET /4  [] 0")
      // With a reset, if its incomplete head was not read yet.
      #expect((try? third.hasEnded()) ?? true)
      try asked.send(request("GET", "/5"))
      #expect(try asked.answer().body == "GET /5  [] 0")
    }
  }

  @Test("When all have asked, the one that has waited longest for its next request gives way")
  func idleGivesWay() async throws {
    let rig = try ServiceRig { $0.maximumConnections = 2 }
    try await onOwnThread {
      let first = try RawClient(port: rig.port)
      let second = try RawClient(port: rig.port)
      for client in [first, second, first] {
        try client.send(request("GET", "/"))
        _ = try client.answer()
      }
      let third = try RawClient(port: rig.port)
      try third.send(request("GET", "/3"))
      #expect(try third.answer().body == "GET /3  [] 0")
      #expect(try second.hasEnded())
      try first.send(request("GET", "/1"))
      #expect(try first.answer().body == "GET /1  [] 0")
    }
  }

  @Test(
    "With a request under way on every connection one too many is told so, and health is answered")
  func connectionLimit() async throws {
    let rig = try ServiceRig { $0.maximumConnections = 2 }
    try await onOwnThread {
      let busy = [try RawClient(port: rig.port), try RawClient(port: rig.port)]
      for client in busy {
        try client.send(
          request("PUT", "/1", "Content-Length: 1\r\nExpect: 100-continue\r\n"))
        #expect(try client.answer().status == 100)
      }
      let third = try RawClient(port: rig.port)
      try third.send(request("GET", "/3"))
      let answer = try third.answer()
      #expect(answer.status == 503 && answer.field("connection") == "close")
      #expect(answer.field("retry-after") == "1")
      #expect(try third.hasEnded())
      let silent = try (0..<2 * LocalServerSettings.reservedConnections).map { _ in
        try RawClient(port: rig.port)
      }
      let probe = try RawClient(port: rig.port)
      try probe.send(request("GET", "/always"))
      #expect(try probe.answer().status == 200)
      #expect(try probe.hasEnded() && silent[0].hasEnded())
      // A place that becomes free is used again.
      try busy[0].send("x")
      #expect(try busy[0].answer().body == "PUT /1  [x] 1")
      busy[0].endSending()
      #expect(try busy[0].hasEnded())
      let last = try RawClient(port: rig.port)
      try last.send(request("GET", "/4"))
      #expect(try last.answer().body == "GET /4  [] 0")
    }
  }
}
