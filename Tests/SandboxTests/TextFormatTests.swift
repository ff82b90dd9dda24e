import Foundation
import JSONText
import Memory
import Testing

@testable import Sandbox

@Suite("Texts that the sandbox reads and writes")
struct TextFormatTests {
  @Test(
    "JSON is read and written back the same",
    arguments: [
      "null", "true", "false", "0", "-12", "1.5", "[]", "{}", #""""#, #"[1,[2,{"a":null}]]"#,
      #"{"a":"\"/\\","b":[true,"ü😀"]}"#, #""\u0001\u000a\u0009\u000d""#,
    ])
  func roundTrip(text: String) throws {
    #expect(try JSONValue(json: Array(text.utf8)).text == text)
  }

  @Test(
    "Escapes are decoded",
    arguments: [
      (#""\u00fc""#, "ü"), (#""\ud83d\ude00""#, "😀"), (#""\/\b\f""#, "/\u{8}\u{C}"),
      (#" "a" "#, "a"),
    ])
  func escapes(text: String, value: String) throws {
    #expect(try JSONValue(json: Array(text.utf8)) == .string(value))
  }

  @Test(
    "What is not JSON is refused",
    arguments: [
      "", " ", "{", "[", "[1,]", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "01", "1.", ".5", "+1", "-",
      "1e", "nul", "tru", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"",
      "\"\\ud800\\u0041\"",
      "\"\\udc00\"", "\"\n\"", "[1] 2", "// c\n1", "'a'", "NaN", "\u{FEFF}1", "1\0",
    ])
  func refusals(text: String) {
    #expect(throws: JSONDefect.self) { try JSONValue(json: Array(text.utf8)) }
  }

  @Test("Bytes that are no UTF-8 are refused in JSON")
  func badUTF8() {
    #expect(throws: JSONDefect.self) { try JSONValue(json: [0x22, 0xC3, 0x22]) }
    #expect(throws: JSONDefect.self) { try JSONValue(json: [0x22, 0xED, 0xA0, 0x80, 0x22]) }
  }

  @Test("JSON may nest 32 deep, and not deeper")
  func depth() {
    func nested(_ depth: Int) -> [UInt8] {
      Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
    }
    #expect(throws: Never.self) { try JSONValue(json: nested(32)) }
    #expect(throws: JSONDefect.self) { try JSONValue(json: nested(33)) }
    #expect(throws: JSONDefect.self) { try JSONValue(json: nested(1_000_000)) }
  }

  @Test("No bytes make the JSON reader trap")
  func noise() {
    var generator = SystemRandomNumberGenerator()
    let alphabet = Array(#"{}[]",:\u0019dDeE+-.truefalsn "#.utf8) + [0xC3, 0xBC, 0xFF, 0]
    var accepted = 0
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...12)).map { _ in
        alphabet.randomElement(using: &generator) ?? 0
      }
      guard let value = try? JSONValue(json: bytes) else { continue }
      accepted += 1
      #expect((try? JSONValue(json: Array(value.text.utf8)))?.text == value.text)
    }
    #expect(accepted > 0)
  }

  @Test(
    "Moments agree with Foundation's calendar",
    arguments: [0, 951_782_400, 1_772_366_400, 1_709_208_000, 4_102_444_800, -1, -2_208_988_800])
  func timestamps(seconds: Int) throws {
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let text = Timestamp(seconds: seconds).text
    #expect(text == Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(style))
    #expect(Timestamp(text)?.seconds == seconds)
  }

  @Test(
    "ISO 8601 is read with and without time, fraction and zone",
    arguments: [
      ("1970-01-02", 86_400), ("1970-01-01T00:00:01", 1), ("1970-01-01T00:00:01.123456Z", 1),
      ("1970-01-01T01:00:00+01:00", 0), ("1969-12-31T23:00:00-01:00", 0),
      ("1970-13-01", nil), ("1970-01-01T24:00:00", nil), ("1970-01-01T00:00:00.Z", nil),
      ("1970-01-01T00:00:00ZZ", nil), ("1970-01-01 00:00:00", nil), ("", nil), ("x", nil),
    ])
  func iso8601(text: String, seconds: Int?) {
    #expect(Timestamp(text)?.seconds == seconds)
  }

  @Test("Identifiers have the form of a version 4 UUID, differ, and are the same for the same seed")
  func madeIdentifiers() {
    func identifiers(seed: Int) -> [String] {
      var source = IdentifierSource(seed: seed, name: "test")
      return (0..<100).map { _ in source.identifier().text }
        + (0..<100).map { source.identifier(serial: $0).text }
    }
    let made = identifiers(seed: 1)
    #expect(Set(made).count == 200)
    for text in made {
      #expect(UUID(uuidString: text) != nil)
      #expect(
        text.wholeMatch(of: /[0-9a-f-]{14}4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil)
    }
    var (one, other) = (IdentifierSource(seed: 1, name: "a"), IdentifierSource(seed: 1, name: "a"))
    #expect(one.identifier() == other.identifier() && one.secret() == other.secret())
    var third = IdentifierSource(seed: 2, name: "a")
    #expect(third.identifier() != IdentifierSource(seed: 1, name: "a").identifier(serial: 0))
  }
}
