import Forwarding
import Foundation
import GatewayServer
import RateLimiting
import SCORMCloudAPI
import Testing

/// `policy.confirmBulk`, byte by byte.
@Suite("A call that acts on every record of a filter") struct ConfirmationTests {
  private static let filter = "courseId=a%20b&tags=x&tags=y"

  private func rig(limits: [LimitRule] = []) throws -> RelayRig {
    let rig = try RelayRig(limits: limits)
    try rig.change { parts in
      for operation in BulkSelection.operations { parts.rules.confirmed.insert(operation.index) }
    }
    return rig
  }

  private func delete(_ query: String = "?\(filter)", _ confirm: String? = nil) -> String {
    "DELETE /api/v2/dispatch/dispatches\(query) HTTP/1.1\r\nHost: localhost\r\nX-Own: 1\r\n"
      + (confirm.map { "X-Scorm-Confirm: \($0)\r\n" } ?? "") + "\r\n"
  }

  private func delete(confirming number: String?) -> String { delete("?\(Self.filter)", number) }

  private func counted(_ number: Int) -> String {
    RelayRig.answer("{\"dispatches\":[]}", "X-Total-Count: \(number)\r\n")
  }

  @Test("is counted by its list, and sent when its caller has named that number")
  func confirmed() throws {
    let rig = try rig()
    let caller = try rig.caller(delete(confirming: "3"))
    let upstream = try rig.upstream()
    let count = upstream.take()
    #expect(
      count.hasPrefix(
        "GET /api/v2/dispatch/dispatches?\(Self.filter)&includeTotalCount=true HTTP/1.1\r\n"
          + "Host: cloud.example\r\n"))
    #expect(!count.contains("X-Own") && !count.contains("Confirm"))
    #expect(count.contains("Authorization: Bearer first-token\r\n"))
    try rig.say(counted(3), from: upstream)
    let call = upstream.take()
    #expect(call.hasPrefix("DELETE /api/v2/dispatch/dispatches?\(Self.filter) HTTP/1.1\r\n"))
    #expect(
      call.contains("\r\nX-Own: 1\r\n") && !call.contains("Confirm") && call.hasSuffix("\r\n\r\n"))
    try rig.say(RelayRig.answer("", status: 204), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 204 ") && !caller.hasEnded && !rig.hasNewUpstream)
    let line = try #require(try rig.lines().first)
    #expect(line.string("operation") == "DeleteDispatches")
    #expect((line["upstream"] as? [[String: Any]])?.map { $0.int("status") } == [200, 204])
    #expect(line.int("http.response.status_code") == 204)
  }

  @Test("is refused with the number, without one and with a wrong one", arguments: [nil, "2", "0"])
  func refused(confirm: String?) throws {
    let rig = try rig()
    let caller = try rig.caller(delete(confirming: confirm))
    let upstream = try rig.upstream()
    _ = upstream.take()
    try rig.say(counted(41), from: upstream)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("confirmation-needed"))
    #expect(answer.contains("X-Scorm-Confirm: 41.") && !answer.contains("Retry-After"))
    #expect(upstream.take().isEmpty && !caller.hasEnded)
    let line = try #require(try rig.lines().first)
    #expect(line.string("termination") == "gateway/policy")
    #expect(line.string("error.type") == "confirmation-needed")
    // The connection accepts the caller's next request.
    try rig.say(RelayRig.get("/api/v2/ping"), from: caller)
    #expect(upstream.take().hasPrefix("GET /api/v2/ping "))
  }

  @Test("has its body read after that", arguments: [false, true])
  func bodies(isRight: Bool) throws {
    let rig = try rig()
    let head =
      "PUT /api/v2/dispatch/dispatches HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      + "X-Scorm-Confirm: \(isRight ? 2 : 1)\r\nContent-Length: 5\r\n\r\n"
    let caller = try rig.caller(head)
    let upstream = try rig.upstream()
    #expect(
      upstream.take().hasPrefix(
        "GET /api/v2/dispatch/dispatches?includeTotalCount=true HTTP/1.1\r\n"))
    #expect(caller.take().isEmpty)
    try rig.say(counted(2), from: upstream)
    guard isRight else {
      let answer = caller.take()
      #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("Connection: close\r\n"))
      return
    }
    #expect(caller.take() == "HTTP/1.1 100 Continue\r\n\r\n")
    try rig.say("hello", from: caller)
    let call = upstream.take()
    #expect(
      call.hasPrefix("PUT /api/v2/dispatch/dispatches HTTP/1.1\r\n") && call.hasSuffix("hello"))
    try rig.say(RelayRig.answer("{}"), from: upstream)
    #expect(caller.take().hasSuffix("{}"))
  }

  @Test("with a body that came with its head, waits with it")
  func earlyBodies() throws {
    let rig = try rig()
    let caller = try rig.caller(
      "PUT /api/v2/dispatch/dispatches HTTP/1.1\r\nHost: localhost\r\nX-Scorm-Confirm: 0\r\n"
        + "Content-Length: 5\r\n\r\nhello" + RelayRig.get("/api/v2/ping"))
    let upstream = try rig.upstream()
    #expect(upstream.take().hasSuffix("\r\n\r\n"))
    try rig.say(counted(0), from: upstream)
    #expect(upstream.take().hasSuffix("\r\n\r\nhello"))
    try rig.say(RelayRig.answer("{}"), from: upstream)
    #expect(caller.take().hasSuffix("{}") && upstream.take().hasPrefix("GET /api/v2/ping "))
  }

  @Test(
    "of a destination is counted by the destination's list",
    arguments: [
      ("DELETE", ""), ("POST", "/enabled"), ("POST", "/registrationInstancing"),
      ("DELETE", "/registrationCount"), ("PUT", "/hashUserInfo"),
    ])
  func destinations(method: String, end: String) throws {
    let rig = try rig()
    let path = "/api/v2/dispatch/destinations/d%2F1/dispatches"
    _ = try rig.caller(
      "\(method) \(path)\(end) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    #expect(
      try rig.upstream().take().hasPrefix("GET \(path)?includeTotalCount=true HTTP/1.1\r\n"))
  }

  @Test(
    "is not sent where the count would not be that of its records",
    arguments: ["?isEnabled=false", "?courseId=a&orderBy=x", "?more=m", "?course%49d=a", "?a"])
  func otherFilters(query: String) throws {
    let rig = try rig()
    let caller = try rig.caller(delete(query, "1"))
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("confirmation-needed"))
    #expect(answer.contains("not a filter of DeleteDispatches") && !rig.hasNewUpstream)
  }

  @Test(
    "is not sent where its records cannot be counted",
    arguments: ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 302 Found\r\nX-Total-Count: 1\r\n"])
  func uncountable(head: String) throws {
    let rig = try rig()
    let caller = try rig.caller(delete(confirming: "1"))
    let upstream = try rig.upstream()
    _ = upstream.take()
    try rig.say("\(head)Content-Length: 2\r\n\r\n{}", from: upstream)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("cannot be counted"))
    #expect(upstream.take().isEmpty)
  }

  @Test(
    "whose filter SCORM Cloud refuses gets that answer, and is not sent", arguments: [false, true])
  func passedOn(hasBody: Bool) throws {
    let rig = try rig()
    let caller = try rig.caller(
      hasBody
        ? "PUT /api/v2/dispatch/dispatches HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n"
        : delete(confirming: "1"))
    let upstream = try rig.upstream()
    _ = upstream.take()
    try rig.say(RelayRig.answer("{\"message\":\"no\"}", status: 400), from: upstream)
    let answer = caller.take()
    #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.hasSuffix("{\"message\":\"no\"}"))
    #expect(answer.contains("Connection: close") == hasBody && upstream.take().isEmpty)
  }

  @Test(
    "whose number is not one number is malformed",
    arguments: ["all", "-1", "1\r\nX-Scorm-Confirm: 1"])
  func malformed(confirm: String) throws {
    let rig = try rig()
    #expect(try rig.caller(delete("", confirm)).take().hasPrefix("HTTP/1.1 400 "))
    #expect(!rig.hasNewUpstream)
  }

  @Test("is told why when the upstream breaks while it is counted, and nothing is sent")
  func breaks() throws {
    let rig = try rig()
    let caller = try rig.caller(delete(confirming: "1"))
    let upstream = try rig.upstream()
    _ = upstream.take()
    try rig.say("HTTP/1.1 200 OK\r\nX-Total-Count: 1\r\nContent-Length: 9\r\n\r\n{", from: upstream)
    upstream.leave()
    rig.settle()
    #expect(caller.take().hasPrefix("HTTP/1.1 502 ") && !rig.hasNewUpstream)
  }

  @Test("takes two calls of a limit, the first in class batch")
  func limits() throws {
    let rig = try rig(limits: [
      LimitRule(
        name: "two", per: .gateway, rate: .init(count: 2, period: 100 * RelayRig.second), burst: 2)
    ])
    let caller = try rig.caller(delete(confirming: "1"))
    let upstream = try rig.upstream()
    try rig.say(counted(1), from: upstream)
    try rig.say(RelayRig.answer("", status: 204), from: upstream)
    #expect(caller.take().hasPrefix("HTTP/1.1 204 "))
    try rig.say(RelayRig.get(), from: caller)
    #expect(caller.take().hasPrefix("HTTP/1.1 429 "))
  }

  @Test("in mode dry-run is not counted; what names its records needs no number")
  func others() throws {
    let rig = try rig()
    _ = try rig.caller("DELETE /api/v2/dispatch/dispatches/d HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(try rig.upstream().take().hasPrefix("DELETE /api/v2/dispatch/dispatches/d "))
    rig.shared.setMode(.dryRun, for: .all, at: 0, until: nil)
    rig.settle()
    #expect(try rig.caller(delete()).take().hasPrefix("HTTP/1.1 200 "))
    #expect(!rig.hasNewUpstream)
  }
}
