import Foundation
import System
import Testing

@testable import TrafficJournal

@Suite("Calls that are to be repeated")
struct RepeatingTests {
  private func record(_ line: String) throws -> CallRecord {
    try #require(CallRecord(line: Array(line.utf8)))
  }

  /// A record of bytes that are not a request: no method, no path.
  private static let malformed = """
    {"timestamp":"2026-11-24T07:01:33.579950Z","request_id":"m1","client.address":"127.0.0.1",\
    "http.response.status_code":400,"http.request.body.size":0,"http.response.body.size":334,"duration":0,\
    "queue_wait":0,"token_wait":0,"termination":"caller/request","error.type":"malformed-request"}
    """

  @Test(
    "What was not a request is no command, no entry of an archive, and is not sent again; each says so"
  )
  func malformed() throws {
    let record = try record(Self.malformed)
    #expect(CurlCommand.text(record, gateway: "http://127.0.0.1:8080") == nil)
    #expect(ReplayRule.objection(record)?.contains("not a request") == true)
    #expect(ReplayRule.refusal(record, allowsWrites: true)?.contains("not a request") == true)
    let good = try self.record(TestLine(id: "good").text)
    let archive = HARDocument.text([record, good], gateway: "http://127.0.0.1:8080", version: "1")
    try HARStructure.check(Data(archive.utf8))
    #expect(archive.contains("good") && !archive.contains("m1") && archive.contains("left out: 1"))
    #expect(
      TrafficTable.details(record, in: .unlimited).contains("none: bytes that could not be read"))
    #expect(
      !HARDocument.text([good], gateway: "http://127.0.0.1:8080", version: "1").contains("comment"))
  }

  /// A call whose bodies were captured, with one masked value.
  private static let captured = """
    {"timestamp":"2026-11-24T07:01:33.579950Z","request_id":"c1","client.address":"127.0.0.1",\
    "http.request.method":"POST","url.path":"/api/v2/registrations","user_agent.original":"crm/4.2",\
    "network.protocol.version":"1.0","http.response.status_code":200,"http.request.body.size":40,\
    "http.response.body.size":2,"duration":0.25,"queue_wait":0,"token_wait":0,"termination":"completed",\
    "http.request.body.content":"{\\"courseId\\":\\"it's\\\\n\\",\\"learner\\":\\"***\\"}",\
    "http.response.body.omitted":"too-long"}
    """

  @Test("An archive has the header fields that are known, and bodies where they were captured")
  func archive() throws {
    let record = try record(Self.captured)
    let archive = HARDocument.text([record], gateway: "http://127.0.0.1:8080", version: "1")
    try HARStructure.check(Data(archive.utf8))
    let document = try #require(
      try JSONSerialization.jsonObject(with: Data(archive.utf8)) as? [String: Any])
    let log = try #require(document["log"] as? [String: Any])
    let entry = try #require((log["entries"] as? [[String: Any]])?.first)
    let request = try #require(entry["request"] as? [String: Any])
    #expect(
      request["headers"] as? [[String: String]] == [["name": "User-Agent", "value": "crm/4.2"]])
    #expect(request["httpVersion"] as? String == "HTTP/1.0")
    let sent = try #require(request["postData"] as? [String: String])
    #expect(sent["mimeType"] == "application/json")
    #expect(sent["text"] == #"{"courseId":"it's\n","learner":"***"}"#)
    let response = try #require(entry["response"] as? [String: Any])
    #expect(
      response["headers"] as? [[String: String]] == [["name": "X-Request-Id", "value": "c1"]])
    let content = try #require(response["content"] as? [String: Any])
    #expect(content["comment"] as? String == "not recorded: too-long")
    // Without captured bodies there is nothing about a body.
    let plain = HARDocument.text(
      [try self.record(TestLine(status: 0).text)], gateway: "http://127.0.0.1:8080", version: "1")
    try HARStructure.check(Data(plain.utf8))
    #expect(!plain.contains("postData") && !plain.contains("X-Request-Id"))
  }

  @Test("A command sends a body that was captured, and says what of it is hidden; a call shows it")
  func body() throws {
    let record = try record(Self.captured)
    let command = try #require(CurlCommand.text(record, gateway: "http://127.0.0.1:8080"))
    #expect(command.contains(#"--data-raw '{"courseId":"it'\''s\n","learner":"***"}'"#))
    #expect(command.contains("-H 'Content-Type: application/json'"))
    #expect(CurlCommand.caveats(record).contains { $0.contains("***") })
    #expect(!CurlCommand.caveats(record).contains { $0.contains("not recorded") })
    let details = TrafficTable.details(record, in: .unlimited)
    #expect(details.contains(#"body sent      {"courseId":"it's\n","learner":"***"}"#))
    #expect(details.contains("body received  not recorded: too-long"))
    #expect(ReplayRule.refusal(record, allowsWrites: true)?.contains("40 bytes") == true)
    let without = try self.record(TestLine(method: "PUT", sent: 7).text)
    #expect(
      CurlCommand.caveats(without).contains { $0.contains("7 bytes, which was not recorded") })
  }

  @Test("A call shows which gateway it went through, if its line tells")
  func gateway() throws {
    let line = TestLine().text
    #expect(!TrafficTable.details(try record(line), in: .unlimited).contains("gateway"))
    let named = line.replacing(#""client.address""#, with: #""gateway":"gate-1","client.address""#)
    let details = TrafficTable.details(try record(named), in: .unlimited)
    #expect(try /\ngateway +gate-1\n/.firstMatch(in: details) != nil)
  }

  @Test("A command for a gateway at a Unix socket names the socket, and an archive a host")
  func unixSocket() throws {
    let record = try record(TestLine().text)
    let command = try #require(CurlCommand.text(record, gateway: "unix:/run/it's/gateway.sock"))
    #expect(command.contains("--unix-socket '/run/it'\\''s/gateway.sock'"))
    #expect(command.hasSuffix("'http://localhost/api/v2/courses'"))
    let archive = HARDocument.text([record], gateway: "unix:/run/gateway.sock", version: "1")
    #expect(archive.contains("\"url\":\"http://localhost/api/v2/courses\""))
  }

  @Test("OPTIONS of the server as a whole is a command for it, and is not sent again")
  func server() throws {
    let record = try record(TestLine(method: "OPTIONS", path: "").text)
    let command = try #require(CurlCommand.text(record, gateway: "http://127.0.0.1:8080"))
    #expect(command.contains("--request-target '*'"))
    #expect(ReplayRule.refusal(record, allowsWrites: true) != nil)
  }

  @Test("An answer tells where the gateway serves callers")
  func place() throws {
    let answer = TrafficAnswer(
      "{\"records\":[\n\n],\n\"before\":\"17\",\"gateway\":\"http://127.0.0.1:18080\",\"complete\":true}\n"
    )
    #expect(answer.gateway == "http://127.0.0.1:18080")
    #expect(answer.next == "17" && answer.isComplete)
  }
}
