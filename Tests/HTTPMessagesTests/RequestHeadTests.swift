import Memory
import Testing

@testable import HTTPMessages

@Suite("Request heads")
struct RequestHeadTests {
  @Test(
    "what is malformed or ambiguous is refused, and called by its name",
    arguments: RequestTables.refused)
  func refused(_ row: RefusedRequest) {
    #expect(readRequest(row.bytes) == .refused(row.fault))
  }

  @Test(
    "a refused request is refused for the same reason however it arrives",
    arguments: RequestTables.refused)
  func refusedAtEverySplit(_ row: RefusedRequest) {
    // Once the reason for refusal is visible, more bytes change nothing.
    for end in splits(row.bytes.count) {
      let verdict = readRequest(row.bytes, upTo: end)
      #expect(verdict == .incomplete || verdict == .refused(row.fault), "first \(end) bytes")
    }
  }

  @Test("what callers send is read as they mean it", arguments: RequestTables.accepted)
  func accepted(_ row: AcceptedRequest) {
    guard case .accepted(let reading) = readRequest(row.bytes) else {
      Issue.record("\(readRequest(row.bytes))")
      return
    }
    #expect(reading.summary == row.summary)
    #expect(reading.headLength == row.bytes.count)
    if let fields = row.fields { #expect(reading.fields == fields) }
  }

  @Test(
    "a head is read the same however it arrives and whatever follows",
    arguments: RequestTables.accepted)
  func acceptedAtEverySplit(_ row: AcceptedRequest) {
    let whole = readRequest(row.bytes)
    for end in 0..<row.bytes.count {
      #expect(readRequest(row.bytes, upTo: end) == .incomplete, "first \(end) bytes")
    }
    for next in ["\r\n", "\n", "\0", "GET / HTTP/1.1\r\n\r\n", " x", "\u{FF}"] {
      #expect(readRequest(row.bytes + payload(next)) == whole, "\(next)")
    }
  }

  @Test("every fault has a payload in the tables")
  func everyFault() {
    let met = Set((RequestTables.refused + RequestTables.refusedChunks).map(\.fault))
    #expect(met == Set(RequestFault.allCases))
  }

  @Test("faults are answered with the status their RFCs name")
  func statuses() {
    let others: [RequestFault: Int] = [
      .targetTooLong: 414, .fieldLineTooLong: 431, .tooManyFields: 431, .headTooLarge: 431,
      .versionUnsupported: 505, .transferEncodingUnknown: 501, .expectation: 417,
      .trailersTooLong: 431,
    ]
    for fault in RequestFault.allCases { #expect(fault.status == others[fault] ?? 400) }
    #expect(Set(RequestFault.allCases.map { "\($0.detail)" }).count == RequestFault.allCases.count)
  }

  @Test("a parser that refused one head reads the next as a new one would")
  func parserIsReused() throws {
    var parser = RequestHeadParser()
    for row in RequestTables.refused {
      _ = try? parser.parse(row.bytes.span.bytesOfElements)
      let next = payload("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
      let head = try #require(try parser.parse(next.span.bytesOfElements))
      let count = parser.fields.count
      #expect(count == 1)
      #expect(head.framing == .none)
      #expect(head.connection.close == false)
    }
  }

  @Test("the fields a Connection names belong to it, in any case")
  func connectionNames() throws {
    let bytes = payload(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-One\r\nConnection: close, x-TWO\r\n\r\n")
    var parser = RequestHeadParser()
    let head = try #require(try parser.parse(bytes.span.bytesOfElements))
    #expect(head.connection.namedCount == 2)
    let named = ConnectionNames(parser.fields, in: bytes.span.bytesOfElements)
    for (name, expected) in [
      ("x-one", true), ("X-ONE", true), ("X-Two", true), ("x-three", false), ("close", false),
      ("x-on", false), ("x-onee", false), ("", false),
    ] {
      let name = Array(name.utf8)
      let isNamed = named.contain(name.span.bytesOfElements, in: bytes.span.bytesOfElements)
      #expect(isNamed == expected)
    }
  }

  @Test(
    "a semicolon in the path is noted, one in the query is not",
    arguments: [
      ("/a;b", "/a;b", true), ("/a;b?c;d", "/a;b", true), ("/a?b;c", "/a", false),
      ("/a", "/a", false),
      ("/courses/a;b/c;d?e=f", "/courses/a;b/c;d", true), ("http://h/a;b?c", "/a;b", true),
      ("/a/%3B?b", "/a/%3B", false), ("/;", "/;", true), ("/a?;?", "/a", false),
    ])
  func pathParameters(target: String, path: String, isNoted: Bool) throws {
    let bytes = Array("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
    var parser = RequestHeadParser()
    let head = try #require(try parser.parse(bytes.span.bytesOfElements))
    #expect(head.hasPathParameter == isNoted)
    #expect(head.path(in: bytes.span.bytesOfElements).text == path)
    #expect(MemoryLayout<RequestHead>.size < 128)
  }

  @Test("methods that may be repeated are those RFC 9110 names")
  func idempotent() {
    for (method, expected) in [
      (HTTPMethod.get, true), (.head, true), (.put, true), (.delete, true), (.options, true),
      (.trace, true), (.post, false), (.patch, false), (.connect, false), (.other, false),
    ] {
      #expect(method.isIdempotent == expected)
    }
  }
}

/// Every length of a prefix. For long payloads the first and last 600, and every 61st between them.
func splits(_ count: Int) -> [Int] {
  (0...count).filter { $0 < 600 || count - $0 < 600 || $0 % 61 == 0 }
}
