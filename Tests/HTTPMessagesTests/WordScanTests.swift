import Memory
import Testing

@testable import HTTPMessages

@Suite("Scans of eight bytes agree with scans of one")
struct WordScanTests {
  /// Texts of letters with one different byte, at each place of three words and the bytes after them.
  static func texts(with byte: UInt8) -> [[UInt8]] {
    (0..<27).flatMap { length in
      (0...length).map { place in
        var text = [UInt8](repeating: UInt8(ascii: "m"), count: length)
        if place < length { text[place] = byte }
        return text
      }
    }
  }

  @Test(
    "each of the 256 bytes ends a name, or does not, at every place",
    arguments: 0...255 as ClosedRange<UInt8>)
  func names(byte: UInt8) {
    for text in WordScanTests.texts(with: byte) {
      let bytes = text.span.bytesOfElements
      var hasUnderscore = false
      let end = bytes.nameEnd(from: 0, &hasUnderscore)
      #expect(end == text.firstIndex { !ByteSet.token.contains($0) } ?? text.count)
      #expect(hasUnderscore == text.contains(UInt8(ascii: "_")))
    }
  }

  @Test(
    "each of the 256 bytes ends a target, or does not, at every place",
    arguments: 0...255 as ClosedRange<UInt8>)
  func targets(byte: UInt8) {
    for text in WordScanTests.texts(with: byte) {
      let end = text.span.bytesOfElements.targetEnd(from: 0)
      #expect(end == text.firstIndex { !ByteSet.target.contains($0) } ?? text.count)
    }
  }
}
