import Memory
import Testing

@testable import HTTPMessages

@Suite("What follows from what a peer has sent")
struct HTTPConnectionTests {
  private static let whole = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

  private func part(_ length: Int) -> String {
    String(decoding: HTTPConnectionTests.whole.utf8.prefix(length), as: UTF8.self)
  }

  /// Treats `text` as the available input, and keeps it if it is not a whole head.
  ///
  /// - Returns: the length of the head; nil if it is incomplete.
  private func meet(
    _ text: String, _ connection: inout HTTPConnection, _ parser: inout RequestHeadParser
  ) throws -> Int? {
    connection.input.removeAll()
    connection.input.put(text: text)
    var input = ByteBuffer()
    swap(&input, &connection.input)
    let length = try connection.nextHead(in: input.bytes, with: &parser)?.length
    if length == nil { swap(&input, &connection.input) }
    return length
  }

  @Test("a head in pieces has one deadline, from its first byte on")
  func pieces() throws {
    var connection = HTTPConnection()
    var parser = RequestHeadParser()
    #expect(connection.settle(isDraining: false) == .awaitRequest)
    for length in 1..<HTTPConnectionTests.whole.utf8.count {
      #expect(
        try meet(part(length), &connection, &parser) == nil)
      #expect(connection.settle(isDraining: false) == (length == 1 ? .beginHead : .awaitHead))
      #expect(connection.awaitsHead && !connection.hasAsked)
    }
    #expect(
      try meet(HTTPConnectionTests.whole, &connection, &parser)
        == HTTPConnectionTests.whole.utf8.count)
    #expect(!connection.awaitsHead && connection.hasAsked)
    #expect(connection.settle(isDraining: false) == .awaitRequest)
    // The next head has a new deadline.
    #expect(try meet("G", &connection, &parser) == nil)
    #expect(connection.settle(isDraining: false) == .beginHead)
  }

  @Test("a head that breaks a rule is refused however it comes")
  func refused() throws {
    var connection = HTTPConnection()
    var parser = RequestHeadParser()
    #expect(throws: RequestFault.self) { try meet("GET / HTTP/9.9\r\n\r\n", &connection, &parser) }
    #expect(try meet("GET / ", &connection, &parser) == nil)
    #expect(connection.settle(isDraining: false) == .beginHead)
    #expect(throws: RequestFault.self) { try meet("GET / HTTP/9.9\r\n\r\n", &connection, &parser) }
    let long = "GET / HTTP/1.1\r\nA: " + String(repeating: "a", count: parser.limits.headBytes)
    #expect(throws: RequestFault.self) { try meet(long, &connection, &parser) }
  }

  @Test("a peer that has ended, or has nothing under way while draining, is let go")
  func ends() throws {
    var drained = HTTPConnection()
    var parser = RequestHeadParser()
    #expect(drained.settle(isDraining: true) == .end)
    // A head that has begun to arrive may still be served.
    #expect(try meet("GET", &drained, &parser) == nil)
    #expect(drained.settle(isDraining: true) == .beginHead)
    #expect(drained.isCutOff == false)
    drained.ended()
    #expect(drained.settle(isDraining: false) == .end)
    #expect(drained.isCutOff == false)
    drained.input.release()
    #expect(drained.isCutOff == true)
  }

  @Test("a peer that takes some of its answer between two deadlines gets more time")
  func readers() {
    var connection = HTTPConnection()
    let verdicts = [5000, 4000, 4000, 3000, 0].map { connection.readsOn(untaken: $0) }
    // The first deadline finds unread bytes. The third finds as many as the second.
    #expect(verdicts == [true, true, false, true, false])
  }
}
