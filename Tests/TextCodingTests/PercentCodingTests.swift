import Foundation
import Memory
import Testing

@testable import TextCoding

@Suite("Percent-encoding")
struct PercentCodingTests {
  @Test(
    "escapes are decoded once, and a plus is a blank only where that is asked for",
    arguments: [
      ("r%2F1%20%C3%BC", false, "r/1 ü"), ("a+b", false, "a+b"), ("a+b", true, "a b"),
      ("%252F", false, "%2F"), ("%2b+", true, "+ "), ("", false, ""), ("%2", false, nil),
      ("%", true, nil), ("%zz", false, nil), ("%+f", true, nil), ("%-1", false, nil),
      ("%FF", false, nil),
    ])
  func decodes(text: String, plusIsBlank: Bool, value: String?) {
    #expect(PercentCoding.decode(text, plusIsBlank: plusIsBlank) == value)
  }

  @Test("any bytes come back, and only unreserved characters stand as they are")
  func everyByte() {
    let bytes = (0...255).map { UInt8($0) }
    let text = PercentCoding.escaped(bytes) { _ in false }
    var decoded = ByteBuffer()
    let span = Array(text.utf8)
    let isGood = PercentCoding.decode(
      span.span.bytesOfElements, plusIsBlank: true, into: &decoded)
    #expect(isGood)
    #expect(decoded.bytes.copied() == bytes)
    let all = String(decoding: (0...127).map { UInt8($0) }, as: UTF8.self) + "ü"
    let unreserved = CharacterSet(
      charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
    #expect(
      PercentCoding.encode(all) == all.addingPercentEncoding(withAllowedCharacters: unreserved))
    #expect(PercentCoding.decode(PercentCoding.encode(all), plusIsBlank: true) == all)
  }

  @Test("a form keeps letters, digits and four signs, and writes a blank as a plus")
  func forms() {
    #expect(PercentCoding.encodeForm("aZ09-._* ~+&=ü") == "aZ09-._*+%7E%2B%26%3D%C3%BC")
    #expect(
      PercentCoding.decode(PercentCoding.encodeForm("a+b c%"), plusIsBlank: true) == "a+b c%")
  }

  @Test("the room for what is decoded is taken at once, so a secret leaves no copy behind")
  func room() {
    let text = Array(String(repeating: "%41a", count: 1_000).utf8)
    var out = ByteBuffer()
    let isGood = PercentCoding.decode(text.span.bytesOfElements, plusIsBlank: false, into: &out)
    #expect(isGood)
    #expect(out.count == 2_000)
    #expect(out.allocatedBytes == text.count)
  }

  @Test("pairs are decoded in order up to the limit, and a broken one is left out and told")
  func pairs() {
    let read = PercentCoding.pairs(of: "a=1&&b&c=%&d=x=y&=e", limit: 64, plusIsBlank: true)
    #expect(read.isBroken)
    #expect(read.pairs.map(\.name) == ["a", "b", "d", ""])
    #expect(read.pairs.map(\.value) == ["1", "", "x=y", "e"])
    let few = PercentCoding.pairs(of: "a=+&b=2&c=%", limit: 2, plusIsBlank: false)
    #expect(!few.isBroken)
    #expect(few.pairs.map(\.value) == ["+", "2"])
  }
}
