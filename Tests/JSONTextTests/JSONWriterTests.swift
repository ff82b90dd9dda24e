import Foundation
import JSONText
import Memory
import Testing

@Suite("JSON written")
struct JSONWriterTests {
  @Test("Commas come by themselves, wherever values, members, arrays and objects follow each other")
  func commas() {
    let text = JSONWriter.line { json in
      json.member("a", 1)
      json.object("b") { json in
        json.member("c", "x\"y")
        json.array("d", of: ["e", "f"])
        json.array("g") { _ in }
      }
      json.object("h") { _ in }
      json.name("i\n" as String)
      json.value(true)
      json.member("j", json: "1.250")
      json.array("k") { json in
        json.null()
        json.array { $0.value(2.5) }
        json.object { $0.member("l", false) }
        json.value(Double.infinity)
        json.value(UInt64.max)
      }
    }
    #expect(
      text == #"{"a":1,"b":{"c":"x\"y","d":["e","f"],"g":[]},"h":{},"i\u000a":true,"j":1.250,"#
        + #""k":[null,[2.5],{"l":false},null,18446744073709551615]}"# + "\n")
  }

  @Test("A line break stands where a value, a member or a bracket is asked to begin a line")
  func lineBreaks() {
    let text = JSONWriter.line { json in
      json.array("records") { json in
        for number in 1...2 {
          json.breakLine()
          json.value(number)
        }
        json.breakLine()
      }
      json.breakLine()
      json.member("complete", true)
    }
    #expect(text == "{\"records\":[\n1,\n2\n],\n\"complete\":true}\n")
  }

  @Test("It can append to what is in a buffer already")
  func appends() {
    var out = ByteBuffer()
    out.put("data: ")
    JSONWriter.put(into: &out) { json in json.array { $0.value("é\u{0}") } }
    out.put("\n")
    #expect(out.bytes.text == "data: [\"é\\u0000\"]\n")
  }

  @Test("Any text is read back by Foundation as it was", arguments: 0..<8 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    for _ in 0..<50 {
      var text = ""
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        let value = UInt32.random(in: 0...0x2_FFFF, using: &random)
        if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) }
      }
      var writer = JSONWriter()
      writer.array { $0.value(text) }
      let back = try JSONSerialization.jsonObject(with: Data(writer.bytes.copied())) as? [String]
      #expect(back?.first.map { Array($0.utf8) } == Array(text.utf8))
    }
  }
}
