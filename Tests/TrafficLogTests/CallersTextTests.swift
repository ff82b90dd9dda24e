import Foundation
import JSONText
import Memory
import Testing

@testable import TrafficLog

/// The result of a strict reader for `bytes`. It throws if they are not JSON.
func object(_ bytes: RawSpan) throws -> [String: Any] {
  let text = try #require(String(validating: bytes.copied(), as: UTF8.self), "not UTF-8")
  #expect(!text.unicodeScalars.dropLast().contains { $0.properties.generalCategory == .control })
  #expect(!text.unicodeScalars.contains { $0.value == 0x2028 || $0.value == 0x2029 })
  let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
  return try #require(value as? [String: Any])
}

/// Writes `bytes` as the content of a JSON string, and reads it back.
private func roundTrip(_ bytes: [UInt8], limit: Int = 65_536) throws -> String {
  var out = ByteBuffer()
  out.put("{\"a\":\"")
  out.put(escapingForJSON: bytes.span.bytesOfElements, limit: limit)
  out.put("\"}\n")
  return try #require(object(out.bytes)["a"] as? String)
}

/// Compares bytes: two texts that look alike are not equal.
private func same(_ a: String, _ b: String) -> Bool { Array(a.utf8) == Array(b.utf8) }

@Suite("Callers' bytes inside a JSON string")
struct CallersTextTests {
  @Test("each of the 256 bytes, alone and between others, keeps the line whole")
  func everyByte() throws {
    for byte in UInt8.min...UInt8.max {
      let shown = byte < 0x80 ? String(UnicodeScalar(byte)) : "\u{FFFD}"
      #expect(same(try roundTrip([byte]), shown))
      #expect(same(try roundTrip([0x61, byte, 0x62]), "a" + shown + "b"))
    }
    let all = (0...255).map(UInt8.init)
    let shown = String(decoding: 0..<0x80 as Range<UInt8>, as: UTF8.self)
    #expect(try roundTrip(all).hasPrefix(shown))
  }

  @Test(
    "text comes back as it was",
    arguments: [
      "", "plain", "\"\\/", "\\u0041", "é", "\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}",
      "\u{80}\u{9F}\u{A0}", "a\u{2028}b\u{2029}c", "\r\n\u{0}\u{1B}[31m\u{7F}", "\"},{\"x\":\"",
      "😀e\u{301}", "x\u{FEFF}y", "\u{D7FF}\u{E000}",
    ])
  func text(text: String) throws {
    #expect(same(try roundTrip(Array(text.utf8)), text))
  }

  @Test(
    "what is not UTF-8 becomes U+FFFD, and the rest is read on",
    arguments: [
      ([0xC0, 0xAF], 2), ([0xE0, 0x80, 0xAF], 3), ([0xED, 0xA0, 0x80], 3),
      ([0xF4, 0x90, 0x80, 0x80], 4), ([0xF8], 1), ([0xFF, 0xFE], 2), ([0xC3], 1),
      ([0xE2, 0x82], 2), ([0xF0, 0x9F, 0x98], 3), ([0x80], 1), ([0xC3, 0x28], 1),
    ] as [([UInt8], Int)])
  func invalid(bytes: [UInt8], marks: Int) throws {
    let text = try roundTrip([0x61] + bytes + [0x7A])
    #expect(text.hasPrefix("a") && text.hasSuffix("z"))
    #expect(text.unicodeScalars.count { $0.value == 0xFFFD } == marks)
  }

  @Test("random bytes never break out of the string", arguments: 0..<16 as Range<UInt64>)
  func random(seed: UInt64) throws {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    for _ in 0..<50 {
      var bytes: [UInt8] = []
      for _ in 0..<64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(UInt8(truncatingIfNeeded: state >> 56))
      }
      _ = try roundTrip(bytes)
      _ = try roundTrip(bytes, limit: Int(state >> 59))
    }
  }

  @Test("a long text is cut at its limit, between characters, and says so", arguments: 0...12)
  func limits(limit: Int) throws {
    for text in ["aaaaaaaaaaaaa", "éééééééé", "€€€€€€", "😀😀😀😀"] {
      let width = text.utf8.count / text.unicodeScalars.count
      var expected = ""
      for scalar in text.unicodeScalars.prefix(limit / width) {
        expected.unicodeScalars.append(scalar)
      }
      #expect(same(try roundTrip(Array(text.utf8), limit: limit), expected + "…"))
    }
    let short = String(repeating: "a", count: limit)
    #expect(same(try roundTrip(Array(short.utf8), limit: limit), short))
  }
}
