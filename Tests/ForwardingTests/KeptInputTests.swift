import HTTPMessages
import Memory
import Testing

@testable import Forwarding

@Suite("Inputs kept from fuzzing")
struct KeptInputTests {
  @Test("No accepted path leaves its base under any reading, and an id of any text is accepted")
  func paths() throws {
    let inputs = try KeptInput.all(of: "path")
    #expect(inputs.count >= 5)
    for input in inputs {
      #expect(PathPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }

  @Test("What goes upstream is exactly one request with our credential, Host and framing")
  func plannedRequests() throws {
    let inputs = try KeptInput.all(of: "planned-request")
    #expect(inputs.count >= 12)
    for input in inputs {
      #expect(PlannedRequestPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }

  @Test("A walk over pages is what a plain reader makes of the same pages, wherever they are cut")
  func pageWalks() throws {
    let inputs = try KeptInput.all(of: "page-walk")
    #expect(inputs.count >= 12)
    for input in inputs {
      #expect(PageWalkPromises.broken(input.bytes) == nil, "\(input.path)")
    }
  }

  /// A rewriter that is wrong in one way, as text to write after the beginning of the correct head.
  @Test(
    "The judge of what goes upstream finds a rewriter out that is wrong",
    arguments: [
      ("", true), ("Authorization: Bearer theirs\r\n", false), ("authorization : x\r\n", false),
      ("Host: theirs\r\n", false), ("Content-Length: 7\r\n", false),
      ("Transfer-Encoding: chunked\r\n", false), ("X_Forwarded_For: a\r\n", false),
      ("Connection: close\r\n", false), ("X: a\nb\r\n", false), ("X: a\rb\r\n", false),
      ("\r\nGET /api/v2/x HTTP/1.1\r\n", false), ("X\r\n", false), (": x\r\n", false),
      ("X: \u{0}\r\n", false), ("X-Request-Id: theirs\r\n", false), (" folded\r\n", false),
    ])
  func judge(extra: String, isRight: Bool) {
    let request = "1POST /api/v2/registrations HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"
    let broken = PlannedRequestPromises.broken(Array(request.utf8)) {
      head, fields, bytes, plan, rules, out in
      RequestHeadRewriter(rules: rules).write(
        head, fields: fields, in: bytes, plan: plan, into: &out)
      out.put(text: "X-Request-Id: own-request-id\r\n")
      out.put(text: extra)
      out.put(text: "Authorization: \(PlannedRequestPromises.credential)\r\n\r\n")
    }
    #expect((broken == nil) == isRight, "\(broken ?? "nothing found")")
  }
}
