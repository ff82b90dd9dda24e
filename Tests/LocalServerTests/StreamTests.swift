import LocalServer
import System
import Testing

@Suite("Answers without an end", .timeLimit(.minutes(1)))
struct StreamTests {
  @Test("arrive in pieces, and end with the connection")
  func pieces() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/stream/3"))
      let head = try client.head()
      #expect(head.hasPrefix("HTTP/1.1 200"))
      #expect(!head.lowercased().contains("content-length") && head.contains("Connection: close"))
      #expect(try client.rest() == "piece 3\npiece 2\npiece 1\n")
    }
    #expect(try await rig.ask(request("GET", "/ended")).body == "1")
  }

  @Test("do not keep others waiting, and a stop ends them at once")
  func stop() async throws {
    let rig = try ServiceRig()
    try await onOwnThread {
      let client = try RawClient(port: rig.port)
      try client.send(request("GET", "/stream/1000000"))
      _ = try client.head()
      let other = try RawClient(port: rig.port)
      try other.send(request("GET", "/x"))
      #expect(try other.answer().body == "GET /x  [] 0")
      let began = SystemClock.monotonic
      rig.service.stop(within: 30)
      #expect(SystemClock.monotonic - began < 10_000_000_000)
      #expect(try client.rest().hasPrefix("piece 1000000\n"))
    }
  }

  @Test("give their place back when the peer has gone, and when only the head was asked for")
  func places() async throws {
    let rig = try ServiceRig()
    #expect(
      try await rig.ask(request("HEAD", "/stream/9"), isHead: true).status == 200)
    #expect(try await rig.ask(request("GET", "/ended")).body == "1")
    try await onOwnThread {
      do {
        let client = try RawClient(port: rig.port)
        try client.send(request("GET", "/stream/1000000"))
        _ = try client.head()
      }
      let client = try RawClient(port: rig.port)
      var ended = ""
      while ended != "2" {
        try client.send(request("GET", "/ended"))
        ended = try client.answer().body
      }
    }
  }
}
