import Memory
import Testing

@testable import HTTPMessages

@Suite("Bodies")
struct BodyTests {
  /// Chunked bodies and their data; `rest` is what follows a body.
  static let chunked: [(bytes: String, data: String)] = [
    ("0\r\n\r\n", ""),
    ("5\r\nhello\r\n0\r\n\r\n", "hello"),
    ("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
    ("000000000000005\r\nhello\r\n000\r\n\r\n", "hello"),
    ("5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello"),
    ("5;a=b;c=\"d;e\\\"\\\\\\\t \u{E9}=\";f\r\nhello\r\n0\r\n\r\n", "hello"),
    ("5;a=\"\";b=\"\"\r\nhello\r\n0\r\n\r\n", "hello"),
    ("5 \t;a\r\nhello\r\n0\r\n\r\n", "hello"),
    ("2\r\n\r\n\r\n3\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"),
    ("1\r\n\0\r\n1\r\n\u{FF}\r\n0\r\n\r\n", "\0\u{FF}"),
    ("1\r\na\r\n0\r\nX-A: b\r\nX-B:\r\nHost: \u{E9}\tc\r\n\r\n", "a"),
  ]

  @Test(
    "a chunked body gives its data and its end, at every split in two and byte by byte",
    arguments: chunked)
  func chunks(text: String, data: String) {
    let bytes = payload(text)
    let whole = readBody(.chunked, [bytes])
    #expect(whole == BodyReading(data: payload(data), isFinished: true))
    for at in 0...bytes.count {
      #expect(readBody(.chunked, [Array(bytes[..<at]), Array(bytes[at...])]) == whole, "at \(at)")
      guard at < bytes.count else { continue }
      let cut = readBody(.chunked, [Array(bytes[..<at])])
      #expect(!cut.isFinished && cut.fault == nil, "cut at \(at)")
      #expect(whole.data.starts(with: cut.data))
    }
    #expect(readBody(.chunked, bytes.map { [$0] }) == whole)
  }

  @Test("what follows a body is left alone", arguments: chunked)
  func rest(text: String, data: String) {
    for next in ["\r\n", "GET / HTTP/1.1\r\n\r\n", "0", "\0"] {
      let reading = readBody(.chunked, [payload(text + next)])
      #expect(reading.isFinished)
      #expect(reading.data == payload(data))
      #expect(reading.rest == next.utf8.count)
    }
  }

  @Test(
    "a malformed chunk is refused, and called by its name, at every split",
    arguments: RequestTables.refusedChunks)
  func refused(_ row: RefusedRequest) {
    #expect(readBody(.chunked, [row.bytes]).fault == row.fault)
    for at in splits(row.bytes.count) {
      let pieces = [Array(row.bytes[..<at]), Array(row.bytes[at...])]
      #expect(readBody(.chunked, pieces).fault == row.fault, "at \(at)")
    }
    #expect(readBody(.chunked, row.bytes.map { [$0] }).fault == row.fault)
  }

  @Test(
    "what surrounds an answer's data is forgiven as long as it leaves no doubt where the data lies",
    arguments: [
      "5   \r\nhello\r\n0 \r\n\r\n", "5\t;a \r\nhello\r\n0\r\n\r\n",
      "5 ; a = b ;c\r\nhello\r\n0;\r\n\r\n", "5;;=\"\r\nhello\r\n0\r\n\r\n",
      "5;\u{E9}\r\nhello\r\n0\r\n\r\n", "0000000000000000000000005\r\nhello\r\n000\r\n\r\n",
      "5\r\nhello\r\n0\r\nX-A : b\r\n folded\r\nno colon\r\n\r\n",
    ])
  func forgiven(text: String) {
    let bytes = payload(text)
    let expected = BodyReading(data: Array("hello".utf8), isFinished: true)
    #expect(readBody(.chunked, [bytes]) != expected, "a request is refused for it")
    #expect(readBody(.chunked, [bytes], .answers) == expected)
    for at in bytes.indices {
      #expect(
        readBody(.chunked, [Array(bytes[..<at]), Array(bytes[at...])], .answers) == expected)
    }
  }

  @Test(
    "a long answer may have an extension or padding on each of its chunks, and not much more than that"
  )
  func manyExtensions() {
    let data = String(repeating: "x", count: 64)
    let extensions = payload(
      String(repeating: "40;\(String(repeating: "s", count: 80))\r\n\(data)\r\n", count: 1000)
        + "0\r\n\r\n")
    #expect(readBody(.chunked, [extensions], .answers).data.count == 64_000)
    let padding = payload(
      String(repeating: "40      \r\n\(data)\r\n", count: 1000) + "0\r\n\r\n")
    #expect(readBody(.chunked, [padding], .answers).data.count == 64_000)
    let greedy = payload(
      String(repeating: "1;\(String(repeating: "s", count: 80))\r\nx\r\n", count: 1000)
        + "0\r\n\r\n")
    #expect(readBody(.chunked, [greedy], .answers).fault == .chunkExtensionsTooLong)
  }

  @Test("another byte in the place of one that frames never goes unnoticed")
  func corrupted() {
    let bytes = payload("5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n")
    let whole = readBody(.chunked, [bytes])
    let data: Set<Int> = [3, 4, 5, 6, 7, 13, 14, 15]
    for place in bytes.indices where !data.contains(place) {
      for byte in UInt8.min...UInt8.max where byte != bytes[place] {
        var changed = bytes
        changed[place] = byte
        #expect(readBody(.chunked, [changed]) != whole, "\(byte) at \(place)")
      }
    }
  }

  @Test("a body of a known length takes exactly that", arguments: [1, 2, 5, 40])
  func length(_ count: Int) {
    let bytes = (0..<50).map { UInt8($0) }
    for at in 0...50 {
      let reading = readBody(.length(count), [Array(bytes[..<at]), Array(bytes[at...])])
      #expect(
        reading
          == BodyReading(data: Array(bytes[..<count]), isFinished: true, rest: 50 - count))
    }
    #expect(!readBody(.length(count), [Array(bytes[..<(count - 1)])]).isFinished)
  }

  @Test("no body is finished before anything is read")
  func none() {
    #expect(readBody(.none, [[1, 2]]) == BodyReading(isFinished: true, rest: 2))
    #expect(BodyReader(.length(0)).isFinished)
  }

  @Test("a body that ends with its connection takes everything and is never finished by itself")
  func untilClose() throws {
    #expect(readBody(.untilClose, [[1], [], [2, 3]]) == BodyReading(data: [1, 2, 3]))
    #expect(BodyReader(.untilClose).endsWithConnection)
    for framing in [BodyFraming.none, .length(1), .chunked] {
      #expect(!BodyReader(framing).endsWithConnection)
    }
  }

  @Test("a reader counts the data, not its framing")
  func bytesRead() throws {
    let bytes = payload("5;a=b\r\nhello\r\n0\r\nX-A: b\r\n\r\n")
    var reader = BodyReader(.chunked)
    var at = 0
    while !reader.isFinished { at = try reader.next(bytes.span.bytesOfElements, from: at).next }
    #expect(reader.bytesRead == 5)
    #expect(at == bytes.count)
  }

  @Test("the bounds on extensions and trailers are exact")
  func bounds() {
    func fault(_ text: String) -> RequestFault? {
      var limits = ChunkLimits()
      limits.extensionBytes = 10
      limits.trailerBytes = 12
      var decoder = ChunkedDecoder(limits: limits)
      let bytes = payload(text)
      var at = 0
      do throws(RequestFault) {
        while at < bytes.count { at = try decoder.next(bytes.span.bytesOfElements, from: at).next }
      } catch {
        return error
      }
      return decoder.isFinished ? nil : .chunkEnd
    }
    // Bytes between the semicolon and the LF count, over all chunks.
    #expect(fault("1;aaaaaaaaa\r\nx\r\n0\r\n\r\n") == nil)
    #expect(fault("1;aaaaaaaaaa\r\nx\r\n0\r\n\r\n") == .chunkExtensionsTooLong)
    #expect(fault("1;aaaa\r\nx\r\n1;aaaa\r\nx\r\n0\r\n\r\n") == nil)
    #expect(fault("1;aaaa\r\nx\r\n1;aaaaa\r\nx\r\n0\r\n\r\n") == .chunkExtensionsTooLong)
    // The trailer section counts including the empty line that ends it.
    #expect(fault("0\r\nX-A: bcd\r\n\r\n") == nil)
    #expect(fault("0\r\nX-A: bcde\r\n\r\n") == .trailersTooLong)
  }

  @Test(
    "any data in any chunks at any splits comes out as it went in",
    arguments: 0..<60 as Range<UInt64>)
  func roundTrip(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var data: [UInt8] = []
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      let chunk = (0..<Int.random(in: 1...300, using: &random)).map { _ in
        UInt8.random(in: .min ... .max, using: &random)
      }
      let size = String(chunk.count, radix: 16, uppercase: Bool.random(using: &random))
      let extra = ["", ";a", ";a=b", " ;c=\"d\\\"\""].randomElement(using: &random) ?? ""
      bytes += Array("\(size)\(extra)\r\n".utf8) + chunk + Array("\r\n".utf8)
      data += chunk
    }
    bytes += Array("0\r\n\r\n".utf8)
    var pieces: [[UInt8]] = []
    var at = 0
    while at < bytes.count {
      let end = min(bytes.count, at + Int.random(in: 0...50, using: &random))
      pieces.append(Array(bytes[at..<end]))
      at = end
    }
    #expect(readBody(.chunked, pieces) == BodyReading(data: data, isFinished: true))
  }
}
