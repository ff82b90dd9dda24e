import JSONText
import Memory
import Testing

/// The offset at which a reader of any one value stops, and why; nil when `bytes` are one JSON text.
private func defect(_ bytes: [UInt8], depthLimit: Int = 32) -> JSONDefect? {
  RecordedEvents(bytes, pieces: [bytes.count], depthLimit: depthLimit).defect
}

@Suite("JSON by its grammar")
struct JSONGrammarTests {
  static let accepted = [
    "null", "true", "false", " \t\r\n1 \t\r\n", "0", "-0", "-0.0", "123", "1.5", "-1.25e-3", "1E+2",
    "0e1",
    "1e400", "123456789012345678901234567890", "[]", "{}", "[ ]", "{ }", "[1,2 , 3]", "[[],[{}]]",
    #"{"a":1}"#, #"{ "a" : { "b" : [ ] } , "c" : "d" }"#, #"{"a":1,"a":2}"#, #"{"":0}"#, #""""#,
    #""\"\\\/\b\f\n\r\t""#, #""\u0000""#, #""\u00E9\u00e9""#, #""\uD834\uDD1E""#, "\"é€😀\"",
    "\"\u{7F}\u{80}\u{2028}\u{FFFF}\"", #"[null,true,false,"x",0]"#,
  ]

  @Test("What RFC 8259 calls JSON is read to its end", arguments: accepted)
  func accepts(text: String) {
    #expect(defect(Array(text.utf8)) == nil)
  }

  static let refused: [(String, Int, JSONDefect.Expected)] = [
    ("", 0, .value), ("  ", 2, .value), ("nul", 0, .value), ("True", 0, .value), ("nan", 0, .value),
    ("truex", 4, .nothingMore), ("1 2", 2, .nothingMore), ("[] []", 3, .nothingMore),
    ("[1]\u{0}", 3, .nothingMore), ("\u{FEFF}1", 0, .value), ("// c\n1", 0, .value),
    ("'a'", 0, .value),
    ("-", 1, .value), ("+1", 0, .value), (".5", 0, .value), ("01", 1, .nothingMore),
    ("-01", 2, .nothingMore), ("1.", 2, .digit), ("1.e1", 2, .digit), ("1e", 2, .digit),
    ("1e+", 3, .digit), ("0x1", 1, .nothingMore), ("1_0", 1, .nothingMore),
    ("-Infinity", 1, .value),
    ("[", 1, .value), ("[1", 2, .commaOrArrayEnd), ("[1,", 3, .value), ("[1,]", 3, .value),
    ("[,1]", 1, .value), ("[1,,2]", 3, .value), ("[1 2]", 3, .commaOrArrayEnd),
    ("[1}", 2, .commaOrArrayEnd),
    ("{", 1, .memberName), ("{1:2}", 1, .memberName), ("{a:1}", 1, .memberName),
    ("{\"a\"", 4, .colon),
    ("{\"a\" 1}", 5, .colon), ("{\"a\":}", 5, .value), ("{\"a\":1", 6, .commaOrObjectEnd),
    ("{\"a\":1,}", 7, .memberName), ("{,}", 1, .memberName), ("{\"a\":1]", 6, .commaOrObjectEnd),
    ("{\"a\":1 \"b\":2}", 7, .commaOrObjectEnd), ("]", 0, .value), ("}", 0, .value),
    ("\"", 1, .stringEnd), ("\"abc", 4, .stringEnd), ("\"\\\"", 3, .stringEnd),
    ("\"\\", 2, .stringEnd),
    ("\"\\x\"", 2, .escape), ("\"\\U0041\"", 2, .escape), ("\"\\u12\"", 5, .hexadecimalDigit),
    ("\"\\u12g4\"", 5, .hexadecimalDigit), ("\"a\nb\"", 2, .noControlCharacter),
    ("\"\u{0}\"", 1, .noControlCharacter), ("\"\u{1F}\"", 1, .noControlCharacter),
    (#""\ud800""#, 7, .surrogatePair), (#""\ud800x""#, 7, .surrogatePair),
    (#""\ud800\n""#, 7, .surrogatePair), (#""\ud800\u0041""#, 7, .surrogatePair),
    (#""\ud800\ud800\udc00""#, 7, .surrogatePair), (#""\udc00""#, 7, .surrogatePair),
    (#""\udc00\ud800""#, 7, .surrogatePair), (#""\ud800\u""#, 9, .hexadecimalDigit),
  ]

  @Test(
    "Anything else is refused, at its place and with what had to stand there",
    arguments: refused.indices)
  func refuses(index: Int) {
    let (text, offset, expected) = JSONGrammarTests.refused[index]
    #expect(defect(Array(text.utf8)) == JSONDefect(offset: offset, expected: expected), "\(text)")
  }

  @Test(
    "Bytes that are no UTF-8 are refused, in names as in values",
    arguments: [
      [0x80], [0xC0, 0xAF], [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
      [0xF5], [0xFF],
    ] as [[UInt8]])
  func invalidUTF8(bytes: [UInt8]) {
    #expect(defect([0x22] + bytes + [0x22])?.expected == .utf8)
    #expect(defect(Array("{\"a".utf8) + bytes + Array("\":1}".utf8))?.expected == .utf8)
    #expect(defect([0x5B] + bytes + [0x5D])?.expected == .value)
  }

  @Test("A text cut off anywhere is no JSON")
  func cut() {
    let whole = Array(#"{"a":[-1.5e3,true,{"b":"x\u0041\ud834\udd1eé"}],"c":null}"#.utf8)
    #expect(defect(whole) == nil)
    for end in 0..<whole.count { #expect(defect(Array(whole[..<end])) != nil) }
  }

  @Test("Arrays and objects nest as deep as the limit, and a million brackets end at it")
  func depth() {
    func nested(_ count: Int, _ open: String, _ close: String) -> [UInt8] {
      Array(
        (String(repeating: open, count: count) + "1" + String(repeating: close, count: count)).utf8)
    }
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      #expect(defect(nested(3, open, close), depthLimit: 3) == nil)
      let expected = JSONDefect(offset: 3 * open.utf8.count, expected: .lessNesting)
      #expect(defect(nested(4, open, close), depthLimit: 3) == expected)
      #expect(defect(nested(1_000_000, open, close), depthLimit: 3) == expected)
    }
    // Beside each other they are not within each other.
    #expect(defect(Array("[[],[],[{}],{}]".utf8), depthLimit: 3) == nil)
  }

  @Test("Half a surrogate pair passes where the grammar alone counts, and nothing else does")
  func loneSurrogates() {
    func lenient(_ text: String) -> JSONDefect? {
      RecordedEvents(Array(text.utf8), pieces: [1], allowsLoneSurrogates: true).defect
    }
    for text in [#""\ud800""#, #""\udc00\ud800""#, #""\ud800\u0041""#, #""\ud800\ud834\udd1e""#] {
      #expect(lenient(text) == nil)
    }
    for text in [#""\ud80""#, #""\x""#, "\"\u{1}\"", #""\ud800\uzzzz""#] {
      #expect(lenient(text) != nil)
    }
  }

  @Test(
    "A number tells where it stands and whether it is whole",
    arguments: [("0", true), ("-12", true), ("1.0", false), ("1e2", false), ("-0.5E-7", false)],
    [[100], [1], [2]])
  func numbers(number: (text: String, isWhole: Bool), pieces: [Int]) throws {
    let events = RecordedEvents(Array(" [ \(number.text)]".utf8), pieces: pieces)
    let token = try #require(events.tokens.dropFirst().first)
    #expect(token.kind == .number && token.isWhole == number.isWhole && token.offset == 3)
    #expect(token.text == Array(number.text.utf8))
    let alone = RecordedEvents(Array(number.text.utf8), pieces: pieces)
    #expect(alone.defect == nil && alone.tokens.first?.isWhole == number.isWhole)
  }

  @Test(
    "No bytes make it trap, and cutting them anywhere changes nothing",
    arguments: 0..<8 as Range<UInt64>)
  func noise(seed: UInt64) {
    var random = SplitMix64(state: seed)
    let alphabet = Array(#"{}[]",:\u0019dDeE+-.truefalsn "#.utf8) + [0xC3, 0xBC, 0xFF, 0, 0x0A]
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 0...14, using: &random)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
      }
      #expect(JSONPromises.broken(bytes) == nil, "\(bytes)")
    }
  }
}
