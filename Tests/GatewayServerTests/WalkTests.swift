import Forwarding
import Foundation
import GatewayServer
import RateLimiting
import Testing

/// A list of many pages as one answer, byte by byte.
@Suite struct WalkTests {
  private static let first = #"{"courses":[{"id":"a"},{"id":"b"}],"more":"T+1/="}"#
  private static let second = #"{"courses":[{"id":"c"}],"more":"T2"}"#
  private static let last = #"{"courses":[{"id":"d"}]}"#
  private static let lines = "Accept: application/x-ndjson\r\n"

  /// A rig, a caller that has requested a list, and the connection on which its first page is requested.
  private func begin(
    _ fields: String = "", pages: String = "all", query: String = "",
    limits: [LimitRule] = [], _ change: (inout RelaySettings) -> Void = { _ in }
  ) throws -> (rig: RelayRig, caller: RawPeer, upstream: RawPeer) {
    let rig = try RelayRig(limits: limits, change)
    let caller = try rig.caller(
      RelayRig.get("/api/v2/courses\(query)", "X-Scorm-Pages: \(pages)\r\n\(fields)"))
    return (rig, caller, try rig.upstream())
  }

  @Test("Page after page is asked for over one connection, and the caller gets one list")
  func whole() throws {
    let (rig, caller, upstream) = try begin(
      "Accept: text/x\r\nAccept-Encoding: gzip\r\nRange: bytes=0-1\r\nX-Own: 1\r\n",
      query: "?since=x&includeTotalCount=true")
    let asked = upstream.take()
    #expect(asked.hasPrefix("GET /api/v2/courses?since=x&includeTotalCount=true HTTP/1.1\r\n"))
    #expect(
      asked.contains("\r\nX-Own: 1\r\nAccept: application/json\r\nAccept-Encoding: identity\r\n"))
    #expect(!asked.contains("text/x") && !asked.contains("gzip") && !asked.contains("Range"))
    try rig.say(
      RelayRig.answer(
        WalkTests.first, "X-Total-Count: 4\r\nETag: \"1\"\r\nContent-Type: application/json\r\n"),
      from: upstream)
    let next = upstream.take()
    #expect(next.hasPrefix("GET /api/v2/courses?more=T%2B1%2F%3D HTTP/1.1\r\n"))
    #expect(next.contains("\r\nAuthorization: Bearer first-token\r\n"))
    #expect(next.split(separator: "\r\n").dropFirst() == asked.split(separator: "\r\n").dropFirst())
    try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    #expect(upstream.take().hasPrefix("GET /api/v2/courses?more=T2 HTTP/1.1\r\n"))
    try rig.say(RelayRig.answer(WalkTests.last), from: upstream)
    let answer = try Answer(caller.take())
    #expect(answer.status == 200 && answer.isWhole)
    #expect(answer.body == #"{"courses":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}]}"#)
    #expect(answer.field("X-Total-Count") == "4" && answer.field("ETag") == nil)
    #expect(answer.field("X-Scorm-Pages") == "all")
    #expect(answer.field("X-Scorm-Pages-Expected") == "2")
    #expect(answer.field("Content-Type") == "application/json")
    #expect(!rig.hasNewUpstream && !caller.hasEnded)
    let line = try #require(try rig.lines().first)
    #expect(line.int("pages") == 3 && line.int("items") == 4 && line.int("attempts_total") == 3)
    #expect((line["upstream"] as? [Any])?.count == 3)
    #expect(line.int("http.response.body.size") == answer.body.utf8.count)
    #expect(line.string("termination") == "completed")
    // The connection accepts the caller's next request.
    try rig.say(RelayRig.get("/api/v2/ping"), from: caller)
    #expect(upstream.take().hasPrefix("GET /api/v2/ping "))
    try rig.say(RelayRig.answer("{}"), from: upstream)
    #expect(caller.take().hasSuffix("{}"))
  }

  @Test(
    "However the pages are cut into pieces and framed, the list is the same", arguments: [1, 7])
  func pieces(length: Int) throws {
    let (rig, caller, upstream) = try begin()
    for page in [WalkTests.first, WalkTests.second, WalkTests.last] {
      let half = page.utf8.count / 2
      let body = Array(page.utf8)
      let chunks = [body[..<half], body[half...]].map {
        "\(String($0.count, radix: 16))\r\n\(String(decoding: $0, as: UTF8.self))\r\n"
      }.joined()
      let answer = Array(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n".utf8)
      var at = 0
      while at < answer.count {
        let end = min(at + length, answer.count)
        try rig.say(String(decoding: answer[at..<end], as: UTF8.self), from: upstream)
        at = end
      }
    }
    let answer = try Answer(caller.take())
    #expect(answer.body == #"{"courses":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}]}"#)
    #expect(answer.isWhole)
  }

  @Test("A page may end with its connection; the next one takes another")
  func untilClose() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say("HTTP/1.1 200 OK\r\n\r\n\(WalkTests.second)", from: upstream)
    upstream.leave()
    let other = try rig.upstream()
    try rig.say(RelayRig.answer(WalkTests.last), from: other)
    #expect(try Answer(caller.take()).body == #"{"courses":[{"id":"c"},{"id":"d"}]}"#)
  }

  @Test("Lines: an item each, and a last one that tells the end")
  func asLines() throws {
    let (rig, caller, upstream) = try begin(WalkTests.lines, pages: "2")
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    let answer = try Answer(caller.take())
    #expect(answer.field("Content-Type") == "application/x-ndjson")
    #expect(answer.field("X-Scorm-Pages") == "2")
    #expect(
      answer.body == "{\"id\":\"a\"}\n{\"id\":\"b\"}\n{\"id\":\"c\"}\n"
        + #"{"_end":{"pages":2,"items":3,"complete":false,"more":"T2","error":null}}"# + "\n")
    #expect(answer.isWhole)
  }

  @Test("A number of pages ends JSON with `more`, and `more` in the query goes on from there")
  func resumed() throws {
    let (rig, caller, upstream) = try begin(pages: "1", query: "?more=T%2B1%2F%3D")
    #expect(upstream.take().hasPrefix("GET /api/v2/courses?more=T%2B1%2F%3D HTTP/1.1\r\n"))
    try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    #expect(try Answer(caller.take()).body == #"{"courses":[{"id":"c"}],"more":"T2"}"#)
    #expect(upstream.take().isEmpty)
  }

  @Test(
    "A first page that is none passes byte for byte", arguments: [404, 429, 500, 503, 204, 302])
  func firstRefused(status: Int) throws {
    let (rig, caller, upstream) = try begin()
    let body = status == 204 ? "" : #"{"message":"no"}"#
    let fields = "X-Upstream: 1\r\nRetry-After: 7\r\n"
    if status == 204 {
      try rig.say("HTTP/1.1 204 No\r\n\(fields)\r\n", from: upstream)
    } else {
      try rig.say(RelayRig.answer(body, status: status, fields), from: upstream)
    }
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && answer.hasSuffix("\r\n\r\n\(body)"))
    #expect(answer.contains("\r\nX-Upstream: 1\r\n") && !answer.contains("X-Scorm-Pages"))
    #expect(try rig.lines().first?["pages"] == nil)
  }

  @Test(
    "A first page that cannot be read is a problem, and nothing of it reaches the caller",
    arguments: [
      "<html>", "", #"{"courses":[1"#, #"{"courses":[1]}x"#, "[]", #"{"items":[]}"#,
      #"{"courses":[],"more":null}"#,
    ])
  func firstMalformed(page: String) throws {
    let (rig, caller, upstream) = try begin()
    try rig.say(RelayRig.answer(page), from: upstream)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 502 ") && answer.contains("problem:pages-malformed"))
    #expect(answer.contains("Page 1 of the list"))
    #expect(!answer.contains(#"{"courses"#) && !caller.hasEnded)
    let line = try #require(try rig.lines().first)
    #expect(line.string("error.type") == "pages-malformed" && line.int("pages") == 0)
  }

  enum Damage: String, CaseIterable {
    case status500, malformed, cutJSON, otherShape, gzip, repeated, cycle, unauthorized, reset
    case chunks
  }

  /// Makes the third page fail as `damage` says.
  private func damage(_ damage: Damage, _ rig: RelayRig, _ upstream: RawPeer) throws {
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    _ = upstream.take()
    switch damage {
    case .status500: try rig.say(RelayRig.answer("no", status: 500), from: upstream)
    case .malformed: try rig.say(RelayRig.answer(#"{"courses":[{"id":"x"},]}"#), from: upstream)
    case .cutJSON: try rig.say(RelayRig.answer(#"{"courses":[{"id":"x"}"#), from: upstream)
    case .otherShape: try rig.say(RelayRig.answer(#"{"items":[{"id":"x"}]}"#), from: upstream)
    case .gzip:
      try rig.say(
        RelayRig.answer(WalkTests.last, "Content-Encoding: gzip\r\n"), from: upstream)
    case .repeated:
      try rig.say(RelayRig.answer(#"{"courses":[{"id":"x"}],"more":"T2"}"#), from: upstream)
    case .cycle:
      try rig.say(RelayRig.answer(#"{"courses":[{"id":"x"}],"more":"T+1/="}"#), from: upstream)
    case .unauthorized:
      try rig.say(RelayRig.answer(status: 401), from: upstream)
      rig.publish("second-token", generation: 2)
      try rig.say(RelayRig.answer(status: 401), from: rig.nextUpstream ?? upstream)
    case .reset:
      try breakOff(upstream, rig)
      for delay in [200 * RelayRig.millisecond, 1100 * RelayRig.millisecond] {
        rig.pass(delay)
        try breakOff(try rig.upstream(), rig)
      }
      rig.pass(5 * RelayRig.second)
    case .chunks:
      try rig.say(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"coXX", from: upstream)
    }
  }

  /// Ends a connection in the middle of a page.
  private func breakOff(_ upstream: RawPeer, _ rig: RelayRig) throws {
    try rig.say(
      "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"courses\":[{\"id\":\"x\"}", from: upstream)
    upstream.leave()
    rig.settle()
  }

  private static let kinds: [Damage: String] = [
    .status500: "pages-failed", .malformed: "pages-malformed", .cutJSON: "pages-malformed",
    .otherShape: "pages-malformed", .gzip: "pages-malformed", .repeated: "pages-repeat",
    .cycle: "pages-repeat", .unauthorized: "upstream-refused-credential",
    .reset: "response-incomplete", .chunks: "response-malformed",
  ]

  @Test("A later page that fails leaves JSON open: it never parses", arguments: Damage.allCases)
  func brokenJSON(damage: Damage) throws {
    let (rig, caller, upstream) = try begin()
    try self.damage(damage, rig, upstream)
    let answer = try Answer(caller.take())
    #expect(answer.status == 200 && !answer.isWhole && caller.hasEnded)
    #expect(answer.body == #"{"courses":[{"id":"a"},{"id":"b"},{"id":"c"}"#)
    let line = try #require(try rig.lines().first)
    #expect(line.string("error.type") == WalkTests.kinds[damage])
    #expect(line.int("pages") == 2 && line.int("items") == 3)
    #expect(line.string("termination").contains("/response"))
  }

  @Test("A later page that fails ends lines properly, and they say so", arguments: Damage.allCases)
  func brokenLines(damage: Damage) throws {
    let (rig, caller, upstream) = try begin(WalkTests.lines)
    try self.damage(damage, rig, upstream)
    let answer = try Answer(caller.take())
    #expect(answer.isWhole && !caller.hasEnded)
    let lines = answer.body.split(separator: "\n")
    #expect(lines.dropLast().joined() == #"{"id":"a"}{"id":"b"}{"id":"c"}"#)
    let last = try #require(lines.last)
    let end = try #require(
      JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    let told = try #require(end["_end"] as? [String: Any])
    #expect(told["complete"] as? Bool == false && told.int("pages") == 2 && told.int("items") == 3)
    #expect(told.string("more") == "T2")
    let error = try #require(told["error"] as? [String: Any])
    #expect(error.string("type") == "urn:scorm-gateway:problem:\(WalkTests.kinds[damage] ?? "")")
    #expect(error.string("detail").isEmpty == false)
  }

  @Test("A page whose connection breaks is asked for twice more, and the caller does not notice")
  func repeats() throws {
    for breaks in [1, 2] {
      let (rig, caller, upstream) = try begin()
      try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
      var current = upstream
      for number in 0..<breaks {
        try breakOff(current, rig)
        #expect(!rig.hasNewUpstream)
        rig.pass((number == 0 ? 200 : 1100) * RelayRig.millisecond)
        current = try rig.upstream()
        #expect(current.take().hasPrefix("GET /api/v2/courses?more=T2 HTTP/1.1\r\n"))
      }
      try rig.say(RelayRig.answer(WalkTests.last), from: current)
      let answer = try Answer(caller.take())
      #expect(answer.body == #"{"courses":[{"id":"c"},{"id":"d"}]}"# && answer.isWhole)
      let line = try #require(try rig.lines().first)
      #expect(line.int("attempts_total") == 2 + breaks && line.int("pages") == 2)
    }
  }

  @Test("The first page is asked for once more as well when its connection breaks in its middle")
  func firstRepeats() throws {
    let (rig, caller, upstream) = try begin()
    try breakOff(upstream, rig)
    #expect(caller.take().isEmpty)
    rig.pass(200 * RelayRig.millisecond)
    let other = try rig.upstream()
    #expect(other.take().hasPrefix("GET /api/v2/courses HTTP/1.1\r\n"))
    try rig.say(RelayRig.answer(WalkTests.last), from: other)
    #expect(try Answer(caller.take()).body == WalkTests.last)
  }

  @Test("A 401 in the middle renews the token, and the page comes with the fresh one")
  func renewed() throws {
    let (rig, caller, first) = try begin()
    var upstream = first
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    for (number, page) in [WalkTests.second, WalkTests.last].enumerated() {
      _ = upstream.take()
      try rig.say(RelayRig.answer(status: 401), from: upstream)
      rig.publish("token-\(number)", generation: UInt32(number + 2))
      upstream = try rig.upstream()
      #expect(upstream.take().contains("\r\nAuthorization: Bearer token-\(number)\r\n"))
      try rig.say(RelayRig.answer(page), from: upstream)
    }
    #expect(
      try Answer(caller.take()).body
        == #"{"courses":[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"}]}"#)
  }

  @Test("A page that is refused for a while is waited for, as long as the walk may take")
  func waits() throws {
    for (status, fields, wait) in [(429, "Retry-After: 5\r\n", 5), (503, "", 1)] {
      let (rig, caller, upstream) = try begin { $0.walks.maxTime = 10 * RelayRig.second }
      try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
      try rig.say(RelayRig.answer("", status: status, fields), from: upstream)
      rig.pass(Int64(wait) * RelayRig.second - 50 * RelayRig.millisecond)
      #expect(!rig.hasNewUpstream)
      rig.pass(100 * RelayRig.millisecond)
      let other = try rig.upstream()
      #expect(other.take().hasPrefix("GET /api/v2/courses?more=T2 "))
      try rig.say(RelayRig.answer(WalkTests.last), from: other)
      #expect(try Answer(caller.take()).isWhole)
    }
  }

  @Test("A page that is refused for longer than the walk may take ends it at once")
  func waitsTooLong() throws {
    let (rig, caller, upstream) = try begin(WalkTests.lines) {
      $0.walks.maxTime = 10 * RelayRig.second
    }
    try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    try rig.say(RelayRig.answer("", status: 429, "Retry-After: 11\r\n"), from: upstream)
    #expect(caller.take().contains("problem:pages-failed"))
  }

  @Test("When the time for the whole list is over, the walk ends before its next page")
  func outOfTime() throws {
    let (rig, caller, upstream) = try begin(WalkTests.lines) {
      $0.walks.maxTime = 10 * RelayRig.second
    }
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    rig.pass(11 * RelayRig.second)
    try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    let answer = try Answer(caller.take())
    #expect(answer.body.contains("problem:pages-bound") && answer.body.contains(#""more":"T2""#))
    #expect(answer.body.contains(#""id":"c""#))
  }

  @Test("Bounds of pages and items end the walk as broken")
  func bounds() throws {
    let (rig, caller, upstream) = try begin(WalkTests.lines) { $0.walks.maxPages = 1 }
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    let answer = try Answer(caller.take())
    #expect(answer.body.contains("problem:pages-bound") && answer.body.contains(#""pages":1"#))
    #expect(answer.body.contains(#"{"id":"b"}"#) && answer.isWhole)
    let (other, reader, source) = try begin { $0.walks.maxItems = 2 }
    try other.say(RelayRig.answer(WalkTests.first), from: source)
    try other.say(RelayRig.answer(WalkTests.second), from: source)
    #expect(try Answer(reader.take()).body == #"{"courses":[{"id":"a"},{"id":"b"}"#)
    #expect(reader.hasEnded)
  }

  @Test("A caller that does not read gets no further page, and goes on when it reads")
  func backPressure() throws {
    let (rig, caller, upstream) = try begin { $0.highWater = 64 * 1024 }
    let item = "\"" + String(repeating: "x", count: 100_000) + "\""
    var pages = 0
    // How much of it the kernel buffers is up to the kernel.
    while pages < 60 {
      try rig.say(RelayRig.answer("{\"courses\":[\(item)],\"more\":\"\(pages)\"}"), from: upstream)
      pages += 1
      if upstream.take().isEmpty { break }
    }
    #expect(pages > 1 && pages < 60, "no page is asked for while the caller is behind")
    let got = caller.take()
    rig.settle()
    #expect(upstream.take().hasPrefix("GET /api/v2/courses?more=\(pages - 1) "))
    try rig.say(RelayRig.answer(WalkTests.last), from: upstream)
    let answer = try Answer(got + caller.take())
    #expect(answer.isWhole)
    #expect(
      answer.body == "{\"courses\":[" + (0..<pages).map { _ in item }.joined(separator: ",")
        + #",{"id":"d"}]}"#)
  }

  @Test("A caller that stops reading for too long is cut off")
  func slowCaller() throws {
    let (rig, caller, upstream) = try begin { $0.highWater = 64 * 1024 }
    let item = "\"" + String(repeating: "x", count: 100_000) + "\""
    for number in 0..<60 {
      try rig.say(RelayRig.answer("{\"courses\":[\(item)],\"more\":\"\(number)\"}"), from: upstream)
      if upstream.take().isEmpty { break }
    }
    for _ in 0..<3 { rig.pass(61 * RelayRig.second) }
    #expect(try rig.lines().first?.string("error.type") == "caller-too-slow")
    _ = caller.take()
    #expect(caller.hasEnded)
  }

  @Test("A caller that is frozen meanwhile gets no further page, and lines say why")
  func frozen() throws {
    let (rig, caller, upstream) = try begin(WalkTests.lines)
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    _ = upstream.take()
    rig.shared.setMode(.frozen, for: .all, at: 0, until: nil)
    rig.settle()
    try rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    let answer = try Answer(caller.take())
    #expect(answer.body.contains("problem:caller-frozen") && answer.body.contains(#""more":"T2""#))
    #expect(answer.isWhole && upstream.take().isEmpty)
  }

  @Test("A gateway that stops before the list is whole says so in lines, and leaves JSON open")
  func stopped() throws {
    for isLines in [true, false] {
      let (rig, caller, upstream) = try begin(isLines ? WalkTests.lines : "") {
        $0.drainTimeout = RelayRig.second
      }
      try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
      rig.drain()
      rig.pass(2 * RelayRig.second)
      rig.settle()
      let answer = try Answer(caller.take())
      #expect(answer.isWhole == isLines && answer.body.contains("problem:draining") == isLines)
    }
  }

  @Test("A caller that leaves ends the walk, and no further page is asked for")
  func callerLeaves() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    _ = upstream.take()
    caller.leave()
    rig.settle()
    try? rig.say(RelayRig.answer(WalkTests.second), from: upstream)
    #expect(upstream.take().isEmpty && !rig.hasNewUpstream)
    #expect(try rig.lines().first?.string("termination").hasPrefix("caller/") == true)
  }

  @Test("Each page is a call of its own to the limits, and a refused one is waited for")
  func limits() throws {
    let (rig, caller, upstream) = try begin(
      limits: [
        LimitRule(
          name: "one", per: .gateway, rate: .init(count: 1, period: 3 * RelayRig.second),
          maxWait: 100 * RelayRig.millisecond)
      ])
    try rig.say(RelayRig.answer(WalkTests.first), from: upstream)
    #expect(!upstream.take().contains("more="), "the limit has no place for the second page yet")
    rig.pass(4 * RelayRig.second)
    #expect(upstream.take().hasPrefix("GET /api/v2/courses?more="))
    try rig.say(RelayRig.answer(WalkTests.last), from: upstream)
    #expect(try Answer(caller.take()).isWhole)
  }

  @Test("Large pages pass through a file, and memory holds a part of each only")
  func large() throws {
    let (rig, caller, upstream) = try begin()
    let items = (0..<64).map { "{\"n\":\($0),\"x\":\"\(String(repeating: "y", count: 20_000))\"}" }
    var got = ""
    for more in [#","more":"1""#, #","more":"2""#, ""] {
      let page = Array(
        RelayRig.answer("{\"courses\":[\(items.joined(separator: ","))]\(more)}").utf8)
      var at = 0
      while at < page.count {
        let end = min(at + 100_000, page.count)
        try upstream.send(Array(page[at..<end]))
        rig.settle()
        got += caller.take()
        at = end
      }
      for _ in 0..<40 {
        rig.settle()
        got += caller.take()
      }
    }
    let answer = try Answer(got)
    let all = Array(repeating: items, count: 3).flatMap { $0 }.joined(separator: ",")
    #expect(answer.isWhole && answer.body == "{\"courses\":[\(all)]}")
  }

  /// An answer as a caller reads it.
  struct Answer {
    var status = 0
    var head = ""
    var body = ""
    /// Whether the last chunk has arrived.
    var isWhole = false

    init(_ text: String) throws {
      guard let end = text.range(of: "\r\n\r\n") else { throw RigError("no head: \(text)") }
      head = String(text[..<end.lowerBound])
      status = Int(head.split(separator: " ")[1]) ?? 0
      var rest = Array(text[end.upperBound...].utf8)[...]
      while let line = rest.firstRange(of: Array("\r\n".utf8)) {
        let size = String(decoding: rest[..<line.lowerBound], as: UTF8.self)
        guard let count = Int(size, radix: 16) else { throw RigError("no chunk: \(size)") }
        rest = rest[line.upperBound...]
        if count == 0 {
          isWhole = rest.elementsEqual("\r\n".utf8)
          return
        }
        guard rest.count >= count + 2 else { throw RigError("a chunk was cut") }
        body += String(decoding: rest.prefix(count), as: UTF8.self)
        rest = rest.dropFirst(count + 2)
      }
    }

    func field(_ name: String) -> String? {
      head.components(separatedBy: "\r\n").first { $0.hasPrefix("\(name): ") }.map {
        String($0.dropFirst(name.count + 2))
      }
    }
  }
}
