import Testing

@testable import HTTPMessages

@Suite("Bounds of heads")
struct HeadLimitsTests {
  private static let limits = HeadLimits(
    headBytes: 200, targetBytes: 20, lineBytes: 40, fieldCount: 4)

  private func request(_ bytes: String) -> Verdict<RequestFault> {
    readRequest(payload(bytes), limits: Self.limits)
  }

  private func response(_ bytes: String) -> Verdict<ResponseFault> {
    readResponse(payload(bytes), limits: Self.limits)
  }

  private func letters(_ count: Int) -> String { String(repeating: "a", count: count) }

  @Test("a target may have exactly its bound, also when it is not complete")
  func target() {
    let end = " HTTP/1.1\r\nHost: a\r\n\r\n"
    #expect(request("GET /\(letters(19))\(end)").isAccepted)
    #expect(request("GET /\(letters(20))\(end)") == .refused(.targetTooLong))
    #expect(request("GET /\(letters(19))") == .incomplete)
    #expect(request("GET /\(letters(20))") == .refused(.targetTooLong))
  }

  @Test("a field line may have exactly its bound without its CRLF, also when it is not complete")
  func line() {
    let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
    #expect(request("\(start)\(letters(37))\r\n\r\n").isAccepted)
    #expect(request("\(start)\(letters(38))\r\n\r\n") == .refused(.fieldLineTooLong))
    #expect(request("\(start)\(letters(37))") == .incomplete)
    #expect(request("\(start)\(letters(38))") == .refused(.fieldLineTooLong))
    let answer = "HTTP/1.1 200 OK\r\nX: "
    #expect(response("\(answer)\(letters(37))\r\n\r\n").isAccepted)
    #expect(response("\(answer)\(letters(38))\r\n\r\n") == .refused(.headTooLarge))
  }

  @Test("there may be exactly as many fields as the bound says")
  func fieldCount() {
    let line = "X: a\r\n"
    let start = "GET / HTTP/1.1\r\nHost: a\r\n"
    #expect(request(start + String(repeating: line, count: 3) + "\r\n").isAccepted)
    #expect(request(start + String(repeating: line, count: 4)) == .refused(.tooManyFields))
    let answer = "HTTP/1.1 200 OK\r\n"
    #expect(response(answer + String(repeating: line, count: 4) + "\r\n").isAccepted)
    #expect(response(answer + String(repeating: line, count: 5)) == .refused(.headTooLarge))
  }

  @Test("a head may have exactly its bound with its empty line, whatever follows", arguments: 0...1)
  func head(excess: Int) {
    let limits = HeadLimits(headBytes: 200, targetBytes: 20, lineBytes: 400, fieldCount: 4)
    for (start, isRequest) in [
      ("GET / HTTP/1.1\r\nHost: a\r\nX: ", true), ("HTTP/1.1 200 OK\r\nX: ", false),
    ] {
      let head = start + letters(200 + excess - start.utf8.count - 4) + "\r\n\r\n"
      for rest in ["", "a body of some length"] {
        let bytes = payload(head + rest)
        if isRequest {
          let verdict = readRequest(bytes, limits: limits)
          #expect(excess == 0 ? verdict.isAccepted : verdict == .refused(.headTooLarge))
        } else {
          let verdict = readResponse(bytes, limits: limits)
          #expect(excess == 0 ? verdict.isAccepted : verdict == .refused(.headTooLarge))
        }
      }
    }
  }

  @Test("a head without an end is refused once it is longer than its bound")
  func endless() {
    let start = "GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
    let limits = HeadLimits(headBytes: 200, targetBytes: 400, lineBytes: 400, fieldCount: 4)
    for (text, tail) in [(start + "X: ", "a"), (start, "a"), ("GET /", "a")] {
      for length in [199, 200] {
        let bytes = payload(text + String(repeating: tail, count: length - text.utf8.count))
        #expect(readRequest(bytes, limits: limits) == .incomplete)
      }
      let bytes = payload(text + String(repeating: tail, count: 201 - text.utf8.count))
      #expect(readRequest(bytes, limits: limits) == .refused(.headTooLarge))
    }
    let answer = "HTTP/1.1 200 OK\r\n"
    #expect(
      readResponse(payload(answer + letters(200 - answer.utf8.count)), limits: limits)
        == .incomplete)
    #expect(
      readResponse(payload(answer + letters(201 - answer.utf8.count)), limits: limits)
        == .refused(.headTooLarge))
  }

  @Test("what is promised to callers fits: targets of 8,000 bytes, as RFC 9112 asks for")
  func promised() {
    let bytes = payload("GET /" + letters(7999) + " HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(readRequest(bytes).isAccepted)
  }
}

extension Verdict {
  var isAccepted: Bool { if case .accepted = self { true } else { false } }
}
