import HTTPMessages
import Memory
import SCORMCloudAPI
import Testing

@testable import Forwarding

@Suite("What `Prefer: wait` asks for")
struct WaitRequestTests {
  private func plan(_ lines: [String], caller: Int = 0) throws -> String {
    let planner = RequestPlanner(rules: .sample)
    let bytes = Array((lines + ["", ""]).joined(separator: "\r\n").utf8)
    let span = bytes.span.bytesOfElements
    var parser = RequestHeadParser()
    let head = try #require(try parser.parse(span))
    do throws(PlanRefusal) {
      switch try planner.plan(
        head, fields: parser.fields, in: span, from: CallerContext(listener: 0, caller: caller))
      {
      case .wait(let plan, let wait):
        let start = wait.start.map { OperationTable.operation(at: $0.poll).name.description }
        if let start = wait.start {
          #expect(planner.pollPlan(plan, start).operation == start.poll)
          #expect(planner.pollPlan(plan, start).credential != plan.credential)
        }
        return "\(wait.seconds) by \(start ?? "itself")"
      case .forward: return "forward"
      case .walk: return "walk"
      case .rehearse: return "rehearse"
      case .confirm: return "confirm"
      case .options: return "options"
      }
    } catch {
      return "\(error.error.status)"
    }
  }

  private func poll(_ fields: String...) throws -> String {
    try plan(["GET /api/v2/courses/importJobs/1 HTTP/1.1", "Host: localhost"] + fields)
  }

  @Test(
    "RFC 7240: names without case, quoted values, parameters, lists; the first `wait` counts",
    arguments: [
      ("wait=10", 10), ("Wait = 10", 10), ("wait=\"10\"", 10), ("respond-async, wait=100", 100),
      ("foo; bar=\"a, wait=3\", wait=7", 7), ("wait=5, wait=9", 5), ("wait=0", 0),
      ("wait=10; x", 10), ("handling=lenient,wait=20,", 20), ("wait=99999999999", 1_000_000),
      ("wait", nil), ("wait=", nil), ("wait=-1", nil), ("wait=1.5", nil), ("waiting=10", nil),
      ("wait=x, wait=9", nil), ("", nil), (",,", nil), ("\"wait=3\"", nil), ("respond-async", nil),
    ] as [(String, Int?)])
  func grammar(value: String, seconds: Int?) throws {
    #expect(
      try poll("Prefer: \(value)") == (seconds.map { "\($0) by itself" } ?? "forward"))
  }

  @Test("several fields are one list")
  func fields() throws {
    #expect(try poll("Prefer: respond-async", "Prefer: wait=4", "Prefer: wait=5") == "4 by itself")
  }

  @Test("it means something for what starts a job and for what polls one, and nothing elsewhere")
  func operations() throws {
    var waits: [String] = []
    for operation in OperationTable.all where !operation.isSensitive {
      let path = operation.template.description.split(separator: "/").map {
        $0.hasPrefix("{") ? "x" : $0
      }.joined(separator: "/")
      let planned = try plan([
        "\(operation.method.name) /api/v2/\(path) HTTP/1.1", "Host: localhost", "Prefer: wait=1",
      ])
      if planned.hasPrefix("1 by") { waits.append("\(operation.name) \(planned.dropFirst(5))") }
    }
    #expect(
      waits.sorted() == [
        "CreateFetchAndImportCourseJob GetImportJobStatus",
        "CreateNoUploadAndImportCourseJob GetImportJobStatus",
        "CreatePrivateInvitation GetPrivateInvitationJobStatus",
        "CreateUploadAndImportCourseJob GetImportJobStatus", "GetImportJobStatus itself",
        "GetPrivateInvitationJobStatus itself",
      ])
    #expect(
      try plan([
        "HEAD /api/v2/courses/importJobs/1 HTTP/1.1", "Host: localhost", "Prefer: wait=1",
      ]) == "forward")
  }

  @Test("a job's id stands in the path as one segment, whatever is in it")
  func paths() throws {
    let poll = try #require(OperationTable.named("GetImportJobStatus")).index
    for id in ["abc-1", "a/b c", "ü?#", "%41"] {
      var path = ByteBuffer()
      path.put("/api/v2")
      JobPath.put(poll, id: Array(id.utf8), into: &path)
      #expect(path.bytes.text.hasPrefix("/api/v2/courses/importJobs/"))
      #expect(path.bytes.text.split(separator: "/").count == 5)
      #expect(JobPath.id(in: path.bytes, poll) == Array(id.utf8))
    }
    let invitation = try #require(OperationTable.named("GetPrivateInvitationJobStatus")).index
    var path = ByteBuffer()
    JobPath.put(invitation, id: Array("i/1".utf8), into: &path)
    #expect(path.bytes.text == "/invitations/private/i%2F1/jobStatus")
    #expect(JobPath.id(in: path.bytes, invitation) == Array("i/1".utf8))
    #expect(!JobAnswer.isSegment(Array("..".utf8)) && !JobAnswer.isSegment([]))
    #expect(JobAnswer.isSegment(Array("a..".utf8)))
  }

  @Test("what an answer says of a job is a text at its top, and nothing else")
  func members() {
    func member(_ text: String, _ name: StaticString = "status") -> String? {
      var buffer = ByteBuffer()
      buffer.put(text: text)
      return JobAnswer.member(name, of: buffer).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(member(#"{"status":"RUNNING"}"#) == "RUNNING")
    #expect(member(#"{"st\u0061tus":"R\u0055N"}"#) == "RUN")
    #expect(member(#"{"a":{"status":"x"},"status":"y","b":[{"status":"z"}]}"#) == "y")
    #expect(member(#"{"result":"1"}"#, "result") == "1")
    for text in [
      #"{"status":1}"#, #"{"status":null}"#, #"{"a":{"status":"x"}}"#, "[]", "", #"{"status":"x""#,
      #"{"status":""}"#, #"{"status":"x"} y"#,
      #"{"status":"\#(String(repeating: "x", count: 300))"}"#,
    ] { #expect(member(text) == nil, "\(text)") }
  }

  @Test(
    "a state is final in any letters; an unknown one is not",
    arguments: [
      ("COMPLETE", .succeeded), ("complete", .succeeded), ("Finished", .succeeded),
      ("ERROR", .failed), ("Cancelled", .failed), ("RUNNING", .underWay), ("STARTED", .underWay),
      ("PAUSED", .underWay), ("", .underWay), ("completely", .underWay),
    ] as [(String, JobState)])
  func states(status: String, state: JobState) { #expect(JobState(status) == state) }
}

@Suite("The board of jobs")
struct JobBoardTests {
  private func key(_ id: String) -> JobBoard.Key {
    JobBoard.Key(app: "main", poll: "GetImportJobStatus", id: id)
  }

  @Test("of all calls that wait for a job one polls, and when it leaves another one does")
  func onePoller() {
    var board = JobBoard()
    let key = key("1")
    let roles = ["crm", "lms", "lms"].map {
      board.join(key, caller: $0, operation: "Create", at: 1)
    }
    #expect(roles == [.polls, .waits, .waits])
    let second = board.claim(key)
    let isWaitedFor = board.report(key, status: "RUNNING", answer: [1], at: 4)
    #expect(!second && isWaitedFor)
    #expect(board[key]?.polls == 1 && board[key]?.waiting == 3 && board[key]?.caller == "crm")
    let afterWaiter = board.leave(key, .callerGone, polled: false)
    let afterPoller = board.leave(key, .answered, polled: true)
    #expect(!afterWaiter && afterPoller, "somebody has to poll instead of the one that did")
    let heir = board.claim(key)
    let isStillWaitedFor = board.report(key, status: "Complete", answer: [2], at: 9)
    #expect(heir && !isStillWaitedFor)
    #expect(board[key]?.state == .succeeded && board[key]?.told == 9)
    let afterLast = board.leave(key, .answered, polled: true)
    #expect(!afterLast && board[key]?.waiting == 0 && board[key]?.left == 1)
    #expect(board[key]?.answer == [])
    let again = board.join(key, caller: "crm", operation: "Get", at: 10)
    #expect(again == .polls)
  }

  @Test("a caller that is gone after the job was over has not left it")
  func goneAfterwards() {
    var board = JobBoard()
    _ = board.join(key("1"), caller: "crm", operation: "Create", at: 1)
    _ = board.report(key("1"), status: "COMPLETE", answer: [], at: 2)
    _ = board.leave(key("1"), .callerGone, polled: true)
    #expect(board[key("1")]?.left == 0)
  }

  @Test("the last 1,000 are kept, the newest first, and never one is forgotten that is waited for")
  func bound() {
    var board = JobBoard()
    _ = board.join(key("waited"), caller: "crm", operation: "Create", at: 0)
    for number in 0..<1_500 {
      _ = board.join(key("\(number)"), caller: "crm", operation: "Create", at: 1)
      _ = board.leave(key("\(number)"), .answered, polled: true)
    }
    #expect(board.all.count == JobBoard.limit)
    #expect(board.all.first?.key.id == "1499" && board.all.last?.key.id == "waited")
  }
}
