import Memory
import Testing

@testable import HTTPMessages

@Suite("Looking for a head's end")
struct HeadScannerTests {
  /// The length of the shortest prefix in which a scanner that sees each byte once finds the end; nil if it finds none.
  private func end(_ bytes: [UInt8], step: Int = 1) throws(RequestFault) -> Int? {
    var scanner = HeadScanner()
    var seen = 0
    while seen < bytes.count {
      seen = min(bytes.count, seen + step)
      if try scanner.findsEnd(in: bytes.span.bytesOfElements.slice(0, seen)) { return seen }
    }
    return nil
  }

  @Test("the end is found where the parser finds it", arguments: RequestTables.accepted)
  func agreesOnAccepted(_ row: AcceptedRequest) throws {
    #expect(try end(row.bytes) == row.bytes.count)
    for step in [2, 3, 7, 64, 100_000] { #expect(try end(row.bytes, step: step) != nil) }
  }

  @Test(
    "a head the parser refuses early is refused, or its end is found, or it is too long",
    arguments: RequestTables.refused)
  func agreesOnRefused(_ row: RefusedRequest) {
    do throws(RequestFault) {
      guard let end = try end(row.bytes) else { return }
      #expect(readRequest(row.bytes, upTo: end) == .refused(row.fault))
    } catch {
      #expect(readRequest(row.bytes) != .incomplete)
    }
  }

  @Test(
    "lines that end in LF, and more empty lines than the parser takes, are refused at once",
    arguments: [
      ("\n", .bareLineFeed), ("a\n", .bareLineFeed), ("a\r\n\n", .bareLineFeed),
      ("\r\n\n", .bareLineFeed), ("a\r\nb\n", .bareLineFeed),
      ("\r\n\r\n\r\n", .leadingWhitespace),
    ] as [(String, RequestFault)])
  func refused(text: String, fault: RequestFault) {
    let bytes = payload(text)
    #expect(throws: fault) { try end(bytes) }
    #expect(throws: fault) { try end(bytes, step: 100) }
  }

  @Test(
    "an end is an empty line with something above it",
    arguments: [
      ("a\r\n\r\n", 5), ("\r\na\r\n\r\n", 7), ("\r\n\r\na\r\n\r\nb\r\n\r\n", 9), ("a\r\n", nil),
      ("a\r\n\r", nil), ("\r\n\r\n", nil), ("a\r\r\n\r\n", 6), ("a\r\n\r\r\n", nil), ("", nil),
    ] as [(String, Int?)])
  func found(text: String, expected: Int?) throws {
    #expect(try end(payload(text)) == expected)
  }

  @Test("an answer's head ends with its first empty line, whatever stands above it")
  func answers() throws {
    var scanner = HeadScanner(behindLeadingLines: true)
    #expect(try scanner.findsEnd(in: payload("\r\n").span.bytesOfElements))
    for row in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"] {
      let bytes = payload(row)
      var scanner = HeadScanner(behindLeadingLines: true)
      for end in 1..<bytes.count {
        #expect(try !scanner.findsEnd(in: bytes.span.bytesOfElements.slice(0, end)))
      }
      #expect(try scanner.findsEnd(in: bytes.span.bytesOfElements))
    }
  }

  @Test("every fault has a name of its own, in small letters")
  func names() {
    let names = RequestFault.allCases.map { "\($0.name)" }
    #expect(Set(names).count == names.count)
    #expect(
      names.allSatisfy { $0.allSatisfy { "abcdefghijklmnopqrstuvwxyz0123456789-".contains($0) } })
  }

  /// With quadratic work, this would take hours.
  @Test("half a megabyte that arrives byte by byte is looked at once", .timeLimit(.minutes(5)))
  func linear() throws {
    #expect(try end([UInt8](repeating: UInt8(ascii: "a"), count: 1 << 19)) == nil)
    #expect(try end(Array("X: a\r\n".utf8.cycled(to: 1 << 19))) == nil)
  }
}

extension Sequence where Element == UInt8 {
  /// These bytes repeated, up to about `count` bytes and always whole.
  func cycled(to count: Int) -> [UInt8] {
    let bytes = Array(self)
    return (0..<(count / bytes.count)).flatMap { _ in bytes }
  }
}
