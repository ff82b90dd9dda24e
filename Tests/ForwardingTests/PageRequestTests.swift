import HTTPMessages
import Memory
import SCORMCloudAPI
import Testing

@testable import Forwarding

@Suite("What X-Scorm-Pages asks for")
struct PageRequestTests {
  /// The planner's result for a request: the requested pages and the form, or the error.
  private func plan(_ lines: String...) throws -> String {
    let planner = RequestPlanner(rules: .sample)
    let bytes = Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
    let span = bytes.span.bytesOfElements
    var parser = RequestHeadParser()
    let head = try #require(try parser.parse(span))
    do throws(PlanRefusal) {
      switch try planner.plan(
        head, fields: parser.fields, in: span, from: CallerContext(listener: 0, caller: 0))
      {
      case .walk(_, let pages):
        return "\(pages.pages.map(String.init) ?? "all") \(pages.list) \(pages.form)"
      case .forward, .wait: return "forward"
      case .rehearse: return "rehearse"
      case .confirm: return "confirm"
      case .options: return "options"
      }
    } catch {
      return "\(error.error.status) \(error.error.kind.name) at \(error.step.name)"
    }
  }

  private func courses(_ fields: String...) throws -> String {
    try plan(
      (["GET /api/v2/courses HTTP/1.1", "Host: localhost"] + fields).joined(separator: "\r\n"))
  }

  @Test("all of a list, or a number of pages from 1 to 10000; anything else is refused")
  func values() throws {
    #expect(try courses() == "forward")
    #expect(try courses("X-Scorm-Pages: all") == "all courses json")
    #expect(try courses("x-scorm-pages:ALL") == "all courses json")
    for number in ["1", "7", "10000", "00002"] {
      #expect(try courses("X-Scorm-Pages: \(number)") == "\(Int(number) ?? 0) courses json")
    }
    for value in ["0", "10001", "-1", "1.5", "2 ", "two", "", "1,2", "99999999999", "all, 2"] {
      let trimmed = value.hasSuffix(" ") ? "2 courses json" : "400 malformed-request at operation"
      #expect(try courses("X-Scorm-Pages: \(value)") == trimmed, "\(value)")
    }
    #expect(
      try courses("X-Scorm-Pages: all", "X-Scorm-Pages: all")
        == "400 malformed-request at operation")
  }

  @Test("only the 17 lists over pages take it, and each of them does")
  func operations() throws {
    var lists = 0
    for operation in OperationTable.all {
      let path = operation.template.description.split(separator: "/").map {
        $0.hasPrefix("{") ? "x" : $0
      }.joined(separator: "/")
      let planned = try plan(
        "\(operation.method.name) /api/v2/\(path) HTTP/1.1", "Host: localhost",
        "X-Scorm-Pages: all")
      if operation.isPaged, !operation.isSensitive {
        #expect(planned == "all \(operation.list) json")
      } else if operation.isPaged {
        #expect(planned == "403 sensitive-operation-refused at policy")
      } else {
        #expect(planned == "400 pages-not-a-list at operation", "\(operation.name)")
      }
      lists += operation.isPaged ? 1 : 0
    }
    #expect(lists == 17)
  }

  @Test("what could not be obeyed is refused: HTTP/1.0, HEAD, a body")
  func impossible() throws {
    #expect(
      try plan("GET /api/v2/courses HTTP/1.0", "X-Scorm-Pages: all")
        == "400 malformed-request at operation")
    #expect(
      try plan("HEAD /api/v2/courses HTTP/1.1", "Host: localhost", "X-Scorm-Pages: all")
        == "400 pages-not-a-list at operation")
    #expect(
      try courses("X-Scorm-Pages: all", "Content-Length: 2") == "400 malformed-request at operation"
    )
  }

  @Test(
    "lines are for those who prefer them to JSON, by RFC 9110 section 12.5.1",
    arguments: [
      (nil, "json"), ("*/*", "json"), ("application/json", "json"),
      ("application/x-ndjson", "lines"), ("Application/X-NDJSON ; q=0.1", "lines"),
      ("application/x-ndjson, application/json", "json"),
      ("application/json;q=0.5, application/x-ndjson", "lines"),
      ("application/x-ndjson;q=0.5,application/json;q=0.6", "json"),
      ("application/x-ndjson, */*", "lines"), ("application/x-ndjson;q=0.9, */*", "json"),
      ("application/x-ndjson;q=0.9, */*;q=0.8, application/*;q=0.95", "json"),
      ("application/x-ndjson;q=0", "json"), ("application/x-ndjson;q=1.000", "lines"),
      ("application/x-ndjson;q=x", "json"), (",, ;q=1,", "json"), ("text/html", "json"),
    ] as [(String?, String)])
  func preference(accept: String?, form: String) throws {
    let field = accept.map { "Accept: \($0)" } ?? "X-Other: 1"
    #expect(try courses("X-Scorm-Pages: all", field) == "all courses \(form)")
  }

  @Test("several Accept fields are one list")
  func acceptFields() throws {
    #expect(
      try courses(
        "X-Scorm-Pages: 3", "Accept: application/json;q=0.2", "Accept: application/x-ndjson;q=0.3")
        == "3 courses lines")
  }
}
