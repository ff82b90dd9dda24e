import JSONText
import Memory
import Testing

@Suite("JSON at hand as a whole")
struct JSONCursorTests {
  @Test("Members are walked in their order, one of the same name as often as it is there")
  func members() throws {
    let text = Array(#" { "a" : 1 , "b\u0063" : "x\ty" , "a" : [ 2 ] } "#.utf8)
    var cursor = JSONCursor(text.span.bytesOfElements, depthLimit: 4)
    var names: [String] = []
    var values: [String] = []
    try cursor.beginObject()
    while let name = try cursor.nextMember() {
      names.append(String(decoding: JSONString.text(of: cursor.slice(name)), as: UTF8.self))
      values.append(cursor.slice(try cursor.skipValue()).text)
    }
    try cursor.end()
    #expect(names == ["a", "bc", "a"])
    #expect(values == ["1", #""x\ty""#, "[ 2 ]"])
  }

  @Test("An array's elements are walked, and one that is not wanted is passed over")
  func elements() throws {
    let text = Array(#"[1,[2,[3]],{"a":[4]},"5"]"#.utf8)
    var cursor = JSONCursor(text.span.bytesOfElements, depthLimit: 4)
    var kinds: [JSONEvent.Kind] = []
    try cursor.beginArray()
    while let element = try cursor.nextElement() {
      kinds.append(element.kind)
      try cursor.skip(element)
    }
    try cursor.end()
    #expect(kinds == [.number, .arrayStart, .objectStart, .string])
  }

  @Test("The end is where the value ends, not before")
  func end() throws {
    let text = Array("[1,2] ".utf8)
    var cursor = JSONCursor(text.span.bytesOfElements, depthLimit: 1)
    try cursor.beginArray()
    _ = try cursor.nextElement()
    var defect: JSONDefect?
    do throws(JSONDefect) { try cursor.end() } catch { defect = error }
    #expect(defect == JSONDefect(offset: 3, expected: .nothingMore))
  }

  @Test("What is not the bracket that was wanted is refused at its place")
  func wrongStart() {
    func refused(_ text: String, asArray: Bool) -> JSONDefect? {
      let bytes = Array(text.utf8)
      do throws(JSONDefect) {
        var cursor = JSONCursor(bytes.span.bytesOfElements, depthLimit: 4)
        if asArray { try cursor.beginArray() } else { try cursor.beginObject() }
        return nil
      } catch { return error }
    }
    #expect(refused("  [1]", asArray: false) == JSONDefect(offset: 2, expected: .value))
    #expect(refused(" {}", asArray: true) == JSONDefect(offset: 1, expected: .value))
    #expect(refused("\"x\"", asArray: true) == JSONDefect(offset: 0, expected: .value))
  }

  @Test(
    "A string is what its escapes stand for, and never longer than it is in the text",
    arguments: [
      (#""""#, ""), (#""a\/b""#, "a/b"), (#""\"\\\b\f\n\r\t""#, "\"\\\u{8}\u{C}\n\r\t"),
      (#""\u0000\u00e9\uffff""#, "\u{0}é\u{FFFF}"), (#""\uD834\uDD1E!""#, "\u{1D11E}!"),
      ("\"é€😀\"", "é€😀"),
    ])
  func strings(text: String, expected: String) throws {
    let bytes = Array(text.utf8)
    var cursor = JSONCursor(bytes.span.bytesOfElements, depthLimit: 1)
    let value = try cursor.value()
    #expect(value.kind == .string && value.range == 1..<bytes.count - 1)
    let out = JSONString.text(of: cursor.slice(value.range))
    #expect(out == Array(expected.utf8))
    #expect(out.count <= bytes.count - 2)
  }

  @Test(
    "A name is known whatever of it is escaped",
    arguments: [
      ("more", true), (#"mor\u0065"#, true), (#"\u006d\u006F\u0072\u0065"#, true), ("mor", false),
      ("mores", false), (#"mor\u0066"#, false), (#"more\u0000"#, false),
    ])
  func names(inside: String, isMore: Bool) {
    let bytes = Array(inside.utf8)
    let equals = JSONString.text(of: bytes.span.bytesOfElements, equals: "more")
    #expect(equals == isMore)
  }

  @Test(
    "Numbers of the log are read when they are as the log writes them",
    arguments: [
      ("0", 0, 0), ("12", 12, 12_000_000_000), ("0.001500", nil, 1_500_000),
      ("999999999.999999999", nil, 999_999_999_999_999_999), ("1.", nil, nil), ("", nil, nil),
      ("-1", nil, nil), ("1e3", nil, nil), ("0.1234567890", nil, nil),
      ("123456789012345678", 123_456_789_012_345_678, nil), ("1234567890123456789", nil, nil),
    ] as [(String, Int64?, Int64?)])
  func numbers(text: String, whole: Int64?, nanoseconds: Int64?) {
    let bytes = Array(text.utf8)
    let read = bytes.span.bytesOfElements.wholeNumber
    let seconds = bytes.span.bytesOfElements.nanosecondsOfSeconds
    #expect(read == whole && seconds == nanoseconds)
  }
}
