import Memory
import Testing

@testable import JSONText

@Suite("Text as the inside of a JSON string")
struct JSONEscapeTests {
  private func escaped(_ bytes: [UInt8]) -> String {
    var out = ByteBuffer()
    out.put(escapingForJSON: bytes.span.bytesOfElements)
    return out.bytes.text
  }

  @Test(
    "What JSON does not allow in a string is escaped, and the rest stays as it is",
    arguments: [
      ("", ""), ("plain text /?~", "plain text /?~"), ("a\"b", #"a\"b"#), (#"a\b"#, #"a\\b"#),
      (#"\""#, #"\\\""#), ("\n\r\t", #"\u000a\u000d\u0009"#), ("\u{0}\u{1F}", #"\u0000\u001f"#),
      ("\u{7F}", #"\u007f"#), ("\u{80}\u{9F}\u{A0}", "\\u0080\\u009f\u{A0}"), ("é€😀", "é€😀"),
      ("a\u{2028}\u{2029}\u{202A}", "a\\u2028\\u2029\u{202A}"),
      ("\u{7FF}\u{800}\u{D7FF}\u{E000}\u{10FFFF}", "\u{7FF}\u{800}\u{D7FF}\u{E000}\u{10FFFF}"),
      (
        "\"long enough for several words of eight bytes\"",
        #"\"long enough for several words of eight bytes\""#
      ),
    ])
  func escapes(text: String, expected: String) {
    let inside = escaped(Array(text.utf8))
    #expect(Array(inside.utf8) == Array(expected.utf8))
    #expect(text.quotedAsJSON == "\"\(expected)\"")
  }

  @Test("Every ASCII byte but the plain ones is escaped by its number, quotes and backslash by one")
  func everyByte() {
    for byte in UInt8(0)..<0x80 {
      let text = escaped([byte])
      switch byte {
      case 0x22, 0x5C: #expect(Array(text.utf8) == [0x5C, byte])
      case 0x20..<0x7F: #expect(Array(text.utf8) == [byte])
      default:
        let digits = String(byte, radix: 16)
        #expect(text == "\\u00" + (digits.count == 1 ? "0" : "") + digits)
      }
    }
  }

  @Test(
    "Bytes that are no UTF-8 become U+FFFD, one each, and the rest is read on",
    arguments: [
      ([0x80], 1), ([0xC0, 0xAF], 2), ([0xC1, 0xBF], 2), ([0xE0, 0x9F, 0xBF], 3),
      ([0xED, 0xA0, 0x80], 3), ([0xF0, 0x8F, 0xBF, 0xBF], 4), ([0xF4, 0x90, 0x80, 0x80], 4),
      ([0xF5, 0x80, 0x80, 0x80], 4), ([0xFF], 1), ([0xC3], 1), ([0xE2, 0x82], 2),
      ([0xF0, 0x9F, 0x98], 3), ([0xC3, 0xC3], 2),
    ] as [([UInt8], Int)])
  func invalid(bytes: [UInt8], marks: Int) {
    let expected = String(repeating: "\\ufffd", count: marks)
    #expect(escaped(bytes) == expected)
    #expect(escaped([0x61] + bytes + [0x7A]) == "a" + expected + "z")
  }

  @Test("A character cut off by the end that is named is damage, whatever lies behind it")
  func cut() {
    let euro = Array("€".utf8)
    #expect(euro.span.bytesOfElements.scalar(at: 0, before: 2) == nil)
    #expect(euro.span.bytesOfElements.scalar(at: 0, before: 3)?.scalar == 0x20AC)
  }
}
