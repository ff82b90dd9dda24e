import Foundation
import Memory
import Testing

@testable import TextCoding

@Suite("Base 64")
struct Base64Tests {
  @Test("it agrees with Foundation's", arguments: 0..<40)
  func agrees(length: Int) {
    let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 * 37 + 251) }
    let text = Base64.standard.encode(bytes)
    #expect(text == Data(bytes).base64EncodedString())
    #expect(Base64.standard.decode(text) == bytes)
    #expect(Base64.urlSafe.decode(Base64.urlSafe.encode(bytes)) == bytes)
    #expect(text.utf8.count == Base64.standard.length(of: length))
    #expect(Base64.urlSafe.encode(bytes).utf8.count == Base64.urlSafe.length(of: length))
  }

  @Test("every digit of both alphabets is written and read")
  func everyDigit() {
    let bytes = (0..<48).flatMap { i -> [UInt8] in i % 3 == 0 ? sextets(i / 3 * 4) : [] }
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    #expect(Base64.standard.encode(bytes) == letters + "+/")
    #expect(Base64.urlSafe.encode(bytes) == letters + "-_")
    #expect(Base64.standard.decode(letters + "+/") == bytes)
    #expect(Base64.urlSafe.decode(letters + "-_") == bytes)
    #expect(Base64.standard.decode(letters + "-_") == nil)
    #expect(Base64.urlSafe.decode(letters + "+/") == nil)
  }

  /// The three bytes of the four sextets that begin with `first`.
  private func sextets(_ first: Int) -> [UInt8] {
    let group = (0..<4).reduce(0) { $0 << 6 | (first + $1) }
    return [UInt8(group >> 16), UInt8(group >> 8 & 255), UInt8(group & 255)]
  }

  @Test(
    "odd ends are refused", arguments: ["A", "AB", "AB=", "QQ=", "QR==", "Q Q=", "=", "QQ==="])
  func odd(text: String) {
    #expect(Base64.standard.decode(text) == nil)
  }

  @Test("only what encoding makes is decoded")
  func exact() {
    var random = SplitMix64(state: 9)
    let alphabet = Array("ABQRgw+/-_==".utf8)
    for coding in [Base64.standard, .urlSafe] {
      var accepted = 0
      for _ in 0..<20_000 {
        let text = String(
          decoding: (0..<Int.random(in: 0...8, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? 0
          }, as: UTF8.self)
        guard let bytes = coding.decode(text) else { continue }
        accepted += 1
        #expect(coding.encode(bytes) == text)
      }
      #expect(accepted > 100)
    }
  }

  @Test("the room for what is encoded is taken at once, so a secret leaves no copy behind")
  func room() {
    var out = ByteBuffer()
    Base64.standard.put([UInt8](repeating: 7, count: 3_000).span.bytesOfElements, into: &out)
    #expect(out.count == 4_000)
    #expect(out.allocatedBytes == 4_000)
  }
}
