import Forwarding
import Foundation
import GatewayServer
import Testing

/// A job as one call, byte by byte.
@Suite struct WaitTests {
  private static let running = #"{"jobId":"j 1","status":"RUNNING"}"#
  private static let complete = #"{"jobId":"j 1","status":"complete","importResult":{"x":1}}"#
  private static let second = RelayRig.second

  /// A rig, a caller that has started an import with a wait, and the upstream connection in use.
  private func begin(
    wait: String = "wait=20", path: String = "/api/v2/courses/importJobs?courseId=c",
    _ change: (inout RelaySettings) -> Void = { _ in }
  ) throws -> (rig: RelayRig, caller: RawPeer, upstream: RawPeer) {
    let rig = try RelayRig(change)
    let caller = try rig.caller(
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nPrefer: \(wait)\r\nX-Own: 1\r\n"
        + "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"url\":\"https\"}")
    return (rig, caller, try rig.upstream())
  }

  @Test("The call that starts a job is answered when that is over, by polls of its own")
  func whole() throws {
    let (rig, caller, upstream) = try begin()
    let started = upstream.take()
    #expect(started.hasPrefix("POST /api/v2/courses/importJobs?courseId=c HTTP/1.1\r\n"))
    #expect(
      started.contains("\r\nX-Own: 1\r\n") && started.hasSuffix("\r\n\r\n{\"url\":\"https\"}"))
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    #expect(caller.take().isEmpty && upstream.take().isEmpty)
    rig.pass(WaitTests.second + RelayRig.tick)
    let asked = upstream.take()
    #expect(
      asked.hasPrefix("GET /api/v2/courses/importJobs/j%201 HTTP/1.1\r\nHost: cloud.example\r\n"))
    #expect(
      asked.contains("\r\nAuthorization: Bearer first-token\r\n") && asked.hasSuffix("\r\n\r\n"))
    #expect(!asked.contains("X-Own") && !asked.contains("Content-Length"))
    try rig.say(RelayRig.answer(WaitTests.running), from: upstream)
    #expect(caller.take().isEmpty)
    rig.pass(WaitTests.second + RelayRig.tick)
    _ = upstream.take()
    try rig.say(RelayRig.answer(WaitTests.complete), from: upstream)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\n\(WaitTests.complete)"))
    #expect(answer.contains("\r\nPreference-Applied: wait=20\r\n") && !answer.contains("Location"))
    #expect(answer.contains("\r\nContent-Type: application/json\r\n"))
    let line = try #require(try rig.lines().first)
    #expect(line.string("job") == "j 1" && line.string("job_state") == "complete")
    #expect(line.int("attempts_total") == 3 && line.string("http.request.method") == "POST")
    #expect(line.string("operation") == "CreateFetchAndImportCourseJob")
    #expect(line.int("http.response.status_code") == 200)
    #expect(line.string("termination") == "completed" && !caller.hasEnded && !rig.hasNewUpstream)
  }

  @Test("When the caller's time is over it learns where to ask again")
  func timeOver() throws {
    let (rig, caller, upstream) = try begin(wait: "wait=3")
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    for _ in 0..<2 {
      rig.pass(WaitTests.second + RelayRig.tick)
      if !upstream.take().isEmpty {
        try rig.say(RelayRig.answer(WaitTests.running), from: upstream)
      }
    }
    #expect(caller.take().isEmpty)
    rig.pass(WaitTests.second)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 202 ") && answer.hasSuffix("\r\n\r\n\(WaitTests.running)"))
    #expect(answer.contains("\r\nLocation: /api/v2/courses/importJobs/j%201\r\n"))
    #expect(answer.contains("\r\nRetry-After: 1\r\n"))
    #expect(answer.contains("\r\nPreference-Applied: wait=3\r\n"))
  }

  @Test("No call waits longer than jobs.maxWait, and the answer says how long was applied")
  func cap() throws {
    let (rig, caller, upstream) = try begin(wait: "wait=600") { $0.jobs.maxWait = 5 * Self.second }
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    rig.pass(5 * WaitTests.second + RelayRig.tick)
    #expect(caller.take().contains("\r\nPreference-Applied: wait=5\r\n"))
  }

  @Test("Without time to wait the answer is there at once")
  func noTime() throws {
    let (rig, caller, upstream) = try begin(wait: "wait=0")
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 202 ") && answer.hasSuffix(#"{"result":"j 1"}"#))
  }

  @Test(
    "An answer that starts no job passes as it is",
    arguments: [
      (400, #"{"message":"no"}"#), (200, "{}"), (200, "not json"), (200, #"{"result":""}"#),
      (200, #"{"result":".."}"#), (503, ""), (201, "[]"),
    ])
  func noJob(status: Int, body: String) throws {
    for isChunked in [false, true] {
      let (rig, caller, upstream) = try begin()
      if isChunked {
        let chunk = body.isEmpty ? "" : "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n"
        try rig.say(
          "HTTP/1.1 \(status) X\r\nX-Up: 1\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)0\r\n\r\n",
          from: upstream)
        #expect(caller.take().hasSuffix("\r\n\r\n\(chunk)0\r\n\r\n"))
      } else {
        try rig.say(RelayRig.answer(body, status: status, "X-Up: 1\r\n"), from: upstream)
        let answer = caller.take()
        #expect(answer.hasPrefix("HTTP/1.1 \(status) ") && answer.hasSuffix("\r\n\r\n\(body)"))
        #expect(answer.contains("\r\nX-Up: 1\r\n") && !answer.contains("Preference-Applied"))
      }
      #expect(try rig.lines().first?["job"] == nil)
      #expect(!caller.hasEnded)
    }
  }

  @Test("An answer that is far too long for a job passes on as it comes")
  func longAnswer() throws {
    let (rig, caller, upstream) = try begin()
    let body = String(repeating: "x", count: 400_000)
    let answer = Array(RelayRig.answer(body).utf8)
    var got = ""
    for start in stride(from: 0, to: answer.count, by: 50_000) {
      try upstream.send(Array(answer[start..<min(start + 50_000, answer.count)]))
      rig.settle()
      got += caller.take()
    }
    rig.settle()
    got += caller.take()
    #expect(got.hasSuffix("\r\n\r\n\(body)"))
  }

  @Test("Ten callers that wait for a job cost one poll, and all get its end")
  func oneForAll() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    _ = upstream.take()
    var callers: [RawPeer] = [caller]
    for _ in 0..<9 {
      callers.append(
        try rig.caller(RelayRig.get("/api/v2/courses/importJobs/j%201", "Prefer: wait=20\r\n")))
      #expect(upstream.take().hasPrefix("GET "), "its own call asks once")
      try rig.say(RelayRig.answer(WaitTests.running), from: upstream)
    }
    #expect(rig.shared.jobs.all.first?.waiting == 10)
    rig.pass(WaitTests.second + RelayRig.tick)
    #expect(upstream.take().components(separatedBy: "GET ").count == 2 && !rig.hasNewUpstream)
    try rig.say(RelayRig.answer(WaitTests.complete), from: upstream)
    for peer in callers {
      #expect(peer.take().hasSuffix("\r\n\r\n\(WaitTests.complete)"))
    }
    #expect(rig.shared.jobs.all.first?.waiting == 0)
  }

  @Test(
    "When the call that polls leaves, another one polls on; the job goes on and the leaving is counted"
  )
  func pollerLeaves() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    let other = try rig.caller(
      RelayRig.get("/api/v2/courses/importJobs/j%201", "Prefer: wait=20\r\n"))
    _ = upstream.take()
    try rig.say(RelayRig.answer(WaitTests.running), from: upstream)
    caller.leave()
    rig.settle()
    rig.pass(WaitTests.second + RelayRig.tick)
    #expect(upstream.take().hasPrefix("GET /api/v2/courses/importJobs/j%201 "))
    try rig.say(RelayRig.answer(WaitTests.complete), from: upstream)
    #expect(other.take().hasSuffix(WaitTests.complete))
    #expect(rig.shared.jobs.all.first?.left == 1)
    let lines = try rig.lines()
    #expect(lines.first?.string("termination").hasPrefix("caller/") == true)
    #expect(
      lines.first?.string("job") == "j 1" && lines.first?.int("http.response.status_code") == 0)
  }

  @Test(
    "A job that is over when it is asked for is told at once; one that is not there is not found")
  func asked() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(
      RelayRig.get("/api/v2/courses/importJobs/j%201", "Prefer: wait=20\r\n"))
    let upstream = try rig.upstream()
    try rig.say(RelayRig.answer(WaitTests.complete), from: upstream)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.contains("Preference-Applied: wait=20"))
    try rig.say(RelayRig.get("/api/v2/courses/importJobs/x", "Prefer: wait=20\r\n"), from: caller)
    _ = upstream.take()
    try rig.say(RelayRig.answer("no", status: 404), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 404 "))
  }

  @Test(
    "A poll that fails is not the job's end: the next one may tell",
    arguments: ["500", "404", "reset", "malformed", "shape"])
  func pollFails(how: String) throws {
    let (rig, caller, first) = try begin()
    var upstream = first
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    rig.pass(WaitTests.second + RelayRig.tick)
    _ = upstream.take()
    switch how {
    case "500", "404": try rig.say(RelayRig.answer("no", status: Int(how) ?? 0), from: upstream)
    case "malformed": try rig.say("nonsense\r\n\r\n", from: upstream)
    case "shape": try rig.say(RelayRig.answer("[]"), from: upstream)
    default:
      try rig.say("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", from: upstream)
      upstream.leave()
      rig.settle()
    }
    #expect(caller.take().isEmpty)
    rig.pass(WaitTests.second + RelayRig.tick)
    if let next = rig.nextUpstream { upstream = next }
    rig.settle()
    #expect(upstream.take().hasPrefix("GET /api/v2/courses/importJobs/j%201 "))
    try rig.say(RelayRig.answer(WaitTests.complete), from: upstream)
    #expect(caller.take().hasSuffix(WaitTests.complete))
  }

  @Test("A job that three polls in a row do not find is not waited for any longer")
  func vanished() throws {
    let (rig, caller, first) = try begin()
    var upstream = first
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    for _ in 0..<3 {
      #expect(caller.take().isEmpty)
      rig.pass(WaitTests.second + RelayRig.tick)
      if let next = rig.nextUpstream { upstream = next }
      rig.settle()
      try rig.say(RelayRig.answer("", status: 404), from: upstream)
    }
    #expect(caller.take().hasPrefix("HTTP/1.1 202 "))
  }

  @Test("A state that nobody knows is waited for like one that is under way")
  func unknownState() throws {
    let (rig, caller, upstream) = try begin(wait: "wait=2")
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    rig.pass(WaitTests.second + RelayRig.tick)
    try rig.say(RelayRig.answer(#"{"status":"PAUSED"}"#), from: upstream)
    rig.pass(WaitTests.second)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 202 ") && answer.hasSuffix("PAUSED\"}"))
  }

  @Test("A gateway that is told to stop answers those that wait with where to ask again")
  func draining() throws {
    let (rig, caller, upstream) = try begin()
    try rig.say(RelayRig.answer(#"{"result":"j 1"}"#), from: upstream)
    rig.drain()
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 202 ") && answer.contains("\r\nConnection: close\r\n"))
  }

  @Test("On any other operation the preference is ignored")
  func ignored() throws {
    let rig = try RelayRig()
    let caller = try rig.caller(RelayRig.get("/api/v2/courses", "Prefer: wait=20\r\n"))
    let upstream = try rig.upstream()
    #expect(upstream.take().contains("\r\nPrefer: wait=20\r\n"))
    try rig.say(RelayRig.answer("{}"), from: upstream)
    let answer = caller.take()
    #expect(answer.hasSuffix("{}") && !answer.contains("Preference-Applied"))
  }

  @Test("The app by path stands in the way to ask again")
  func appPrefix() throws {
    let (rig, caller, upstream) = try begin(
      wait: "wait=0", path: "/apps/main/api/v2/courses/importJobs?courseId=c")
    try rig.say(RelayRig.answer(#"{"result":"j"}"#), from: upstream)
    #expect(
      caller.take().contains("\r\nLocation: /apps/main/api/v2/courses/importJobs/j\r\n"))
  }
}
