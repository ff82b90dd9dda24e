import Memory
import Testing

@testable import HTTPMessages

@Suite("Response heads")
struct ResponseHeadTests {
  @Test(
    "what is malformed or ambiguous is refused, and called by its name",
    arguments: ResponseTables.refused)
  func refused(_ row: RefusedResponse) {
    #expect(readResponse(row.bytes) == .refused(row.fault))
  }

  @Test("a refused answer is never accepted, however it arrives", arguments: ResponseTables.refused)
  func refusedAtEverySplit(_ row: RefusedResponse) {
    var refused = false
    for end in splits(row.bytes.count) {
      switch readResponse(row.bytes, upTo: end) {
      case .accepted(let reading): Issue.record("first \(end) bytes read as \(reading)")
      case .incomplete: #expect(!refused, "first \(end) bytes")
      case .refused: refused = true
      }
    }
    #expect(refused)
  }

  @Test("what upstreams send is read as they mean it", arguments: ResponseTables.accepted)
  func accepted(_ row: AcceptedResponse) {
    guard case .accepted(let reading) = readResponse(row.bytes, answering: row.method) else {
      Issue.record("\(readResponse(row.bytes, answering: row.method))")
      return
    }
    #expect(reading.summary == row.summary)
    #expect(reading.headLength == row.bytes.count)
  }

  @Test(
    "a head is read the same however it arrives and whatever follows",
    arguments: ResponseTables.accepted)
  func acceptedAtEverySplit(_ row: AcceptedResponse) {
    let whole = readResponse(row.bytes, answering: row.method)
    for end in 0..<row.bytes.count {
      #expect(
        readResponse(row.bytes, upTo: end, answering: row.method) == .incomplete,
        "first \(end) bytes")
    }
    for next in ["\r\n", "\n", "\0", "HTTP/1.1 200 OK\r\n\r\n", " x"] {
      #expect(readResponse(row.bytes + payload(next), answering: row.method) == whole, "\(next)")
    }
  }

  @Test("every fault of a head has a payload in the table; a chunk's is the body reader's")
  func everyFault() {
    let met = Set(ResponseTables.refused.map(\.fault))
    #expect(met.union([.malformedChunk]) == Set(ResponseFault.allCases))
    #expect(!met.contains(.malformedChunk))
  }

  @Test("every status from 100 to 599 is read, and says whether it is interim")
  func statuses() throws {
    var parser = ResponseHeadParser()
    for status in 0...999 {
      let digits = String(1000 + status).dropFirst()
      let bytes = payload("HTTP/1.1 \(digits) a\r\n\r\n")
      let head = try? parser.parse(bytes.span.bytesOfElements, answering: .get)
      #expect(head?.status == ((100...599).contains(status) ? status : nil))
      if let head { #expect(head.isInterim == (status < 200)) }
    }
  }

  @Test("faults are logged by the names of RFC 9209")
  func errorTypes() {
    for fault in ResponseFault.allCases {
      let expected =
        switch fault {
        case .headTooLarge: "http_response_header_section_size"
        case .transferEncoding: "http_response_transfer_coding"
        default: "http_protocol_error"
        }
      #expect("\(fault.errorType)" == expected)
    }
    #expect(
      Set(ResponseFault.allCases.map { "\($0.detail)" }).count == ResponseFault.allCases.count)
  }
}
