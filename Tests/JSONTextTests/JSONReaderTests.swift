import Foundation
import JSONText
import Memory
import Testing

@Suite("JSON in pieces")
struct JSONReaderTests {
  @Test("A text gives the same events and the same defect wherever it is cut")
  func accepted() {
    for text in JSONGrammarTests.accepted {
      #expect(JSONPromises.broken(Array(text.utf8)) == nil, "\(text)")
    }
    for (text, _, _) in JSONGrammarTests.refused {
      #expect(JSONPromises.broken(Array(text.utf8)) == nil, "\(text)")
    }
  }

  @Test("Tokens are told in order, names and strings as they are written, each at its place")
  func events() {
    let text = #"{ "a\u0041" : [1, "x\ny", {}], "b":true}"#
    let events = RecordedEvents(Array(text.utf8), pieces: [1])
    let told = events.tokens.map { "\($0.kind) \(String(decoding: $0.text, as: UTF8.self))" }
    #expect(
      told == [
        "objectStart {", #"name a\u0041"#, "arrayStart [", "number 1", #"string x\ny"#,
        "objectStart {", "objectEnd }", "arrayEnd ]", "name b", "isTrue true", "objectEnd }",
      ])
    #expect(events.tokens.map(\.offset) == [0, 2, 14, 15, 18, 26, 27, 28, 31, 35, 39])
  }

  @Test("A depth bounds what is told, and what is not told is checked all the same")
  func quiet() {
    let text = Array(#"{"a":{"b":[1]},"c":[[2],3]}"#.utf8)
    func kinds(_ depth: Int) -> [JSONEvent.Kind] {
      RecordedEvents(text, pieces: [2], reportedDepth: depth).tokens.map(\.kind)
    }
    #expect(kinds(0) == [.objectStart, .objectEnd])
    #expect(
      kinds(1) == [
        .objectStart, .name, .objectStart, .objectEnd, .name, .arrayStart, .arrayEnd, .objectEnd,
      ])
    #expect(kinds(2).count == 14)
    let damaged = RecordedEvents(Array(#"{"a":{"b":[01]}}"#.utf8), pieces: [3], reportedDepth: 0)
    #expect(damaged.defect == JSONDefect(offset: 12, expected: .commaOrArrayEnd))
  }

  @Test(
    "What is not told is read the same in one go as byte by byte, sound or damaged",
    arguments: 0..<8 as Range<UInt64>)
  func quietInOneGo(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var source = RandomJSON(random: random)
    for turn in 0..<60 {
      var text = Array("[[".utf8)
      for _ in 0..<6 { text += source.text() + Array(",".utf8) }
      text += Array("[-0.5e+10,1E2,-7,0,{}, [] ,true,false,null,\"plain \\n\"]]]        ".utf8)
      if turn % 3 > 0 {
        let at = Int.random(in: 0..<text.count, using: &random)
        // A byte with a meaning in JSON does more harm than another one.
        let other = turn % 3 == 1 ? text[Int.random(in: 0..<text.count, using: &random)] : nil
        text[at] = other ?? text[at] ^ 1 << UInt8.random(in: 0...7, using: &random)
      }
      let depth = Int.random(in: 0...3, using: &random)
      let limit = Int.random(in: 4...8, using: &random)
      let slowly = RecordedEvents(text, pieces: [1], depthLimit: limit, reportedDepth: depth)
      for size in [text.count, Int.random(in: 17...90, using: &random)] {
        let quickly = RecordedEvents(text, pieces: [size], depthLimit: limit, reportedDepth: depth)
        // If a defect cuts a token, the parts before it may have been reported.
        #expect(
          quickly.defect == slowly.defect
            && quickly.tokens.filter(\.isComplete) == slowly.tokens.filter(\.isComplete),
          "\(String(decoding: text, as: UTF8.self))")
      }
    }
  }

  @Test("128 brackets within each other are read, and the next is refused")
  func deepest() {
    let fits = String(repeating: "[{\"a\":", count: 64) + "0" + String(repeating: "}]", count: 64)
    #expect(RecordedEvents(Array(fits.utf8), pieces: [3], depthLimit: 128).defect == nil)
    let deeper = Array("[\(fits)]".utf8)
    let defect = RecordedEvents(deeper, pieces: [3], depthLimit: 128).defect
    #expect(defect?.expected == .lessNesting)
  }

  @Test("The reader's own memory does not grow with what it reads")
  func constantMemory() {
    #expect(MemoryLayout<JSONReader>.size <= 128)
  }

  @Test(
    "Random documents are read as Foundation reads them, however they are cut",
    arguments: 0..<8 as Range<UInt64>)
  func oracle(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    var source = RandomJSON(random: random)
    for _ in 0..<25 {
      let text = source.text()
      let whole = try JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)
      let pieces = (0..<5).map { _ in Int.random(in: 1...40, using: &random) }
      let events = RecordedEvents(text, pieces: pieces, depthLimit: 64)
      #expect(events.defect == nil && !events.hasStrayParts)
      #expect(events == RecordedEvents(text, pieces: [text.count], depthLimit: 64))
      var tokens = events.tokens[...]
      let value = try #require(Foundation.NSObject.value(&tokens))
      #expect(value.means(whole))
      // After changing one byte, both readers accept it or neither does.
      var damaged = text
      damaged[Int.random(in: 0..<text.count, using: &random)] ^=
        1 << UInt8.random(in: 0..<7, using: &random)
      let plain = PlainJSON.read(damaged, depth: 64)
      let refused = RecordedEvents(damaged, pieces: pieces, depthLimit: 64).defect
      #expect((plain == nil) == (refused != nil), "\(String(decoding: damaged, as: UTF8.self))")
    }
  }
}

extension NSObject {
  /// Whether both are the same JSON. Foundation keeps numbers as decimals, which its own comparison distinguishes.
  fileprivate func means(_ other: Any) -> Bool {
    switch (self, other) {
    case (let a as NSNumber, let b as NSNumber):
      abs(a.doubleValue - b.doubleValue) <= abs(a.doubleValue) * 1e-15
    case (let a as [NSObject], let b as [NSObject]):
      a.count == b.count && zip(a, b).allSatisfy { $0.means($1) }
    case (let a as [String: NSObject], let b as [String: NSObject]):
      a.count == b.count && a.allSatisfy { name, value in b[name].map(value.means) ?? false }
    case (let a, let b as NSObject): a.isEqual(b)
    default: false
    }
  }

  /// The value of the first tokens, in Foundation's form.
  fileprivate static func value(_ tokens: inout ArraySlice<RecordedEvents.Token>) -> NSObject? {
    guard let token = tokens.popFirst() else { return nil }
    let text = String(decoding: JSONString.text(of: token.text.span.bytesOfElements), as: UTF8.self)
    switch token.kind {
    case .objectStart:
      let object = NSMutableDictionary()
      while let name = tokens.popFirst(), name.kind == .name {
        let key = JSONString.text(of: name.text.span.bytesOfElements)
        guard let value = value(&tokens) else { return nil }
        object[String(decoding: key, as: UTF8.self)] = value
      }
      return object
    case .arrayStart:
      let array = NSMutableArray()
      while tokens.first?.kind != .arrayEnd {
        guard let value = value(&tokens) else { return nil }
        array.add(value)
      }
      tokens.removeFirst()
      return array
    case .string: return NSString(string: text)
    case .number:
      return Double(text).map { NSNumber(value: $0) }
    case .isTrue: return NSNumber(value: true)
    case .isFalse: return NSNumber(value: false)
    case .null: return NSNull()
    case .name, .objectEnd, .arrayEnd: return nil
    }
  }
}
