import Memory
import Testing

@Suite("Checked reads over borrowed bytes")
struct RawSpanReadingTests {
  /// Runs `body` with every length of 0...40 at every alignment. The bytes have only a few values, so that matches and
  /// near misses are common.
  private func forEachSpan(
    of values: [UInt8], _ body: (_ bytes: RawSpan, _ model: [UInt8]) -> Void
  ) {
    var random = SplitMix64(state: 1)
    for alignment in 0..<8 {
      for length in 0...40 {
        let memory = (0..<(alignment + length + 9)).map { _ in
          values.randomElement(using: &random) ?? 0
        }
        let model = Array(memory[alignment..<(alignment + length)])
        body(memory.span.bytesOfElements.slice(alignment, alignment + length), model)
      }
    }
  }

  /// Values on both sides of every boundary in the word tests.
  static let edges: [UInt8] =
    [0x00, 0x01, 0x1F, 0x7F, 0x0A, 0x0D] + [UInt8](0x20...0x2F) + [0x7E, 0x80, 0x81, 0x9F, 0xA0]
    + [0xFE, 0xFF] + [UInt8](0x40...0x5F)

  @Test("The end of plain ASCII in a JSON string is found for every byte, at every place")
  func markInASCIIString() {
    for byte in UInt8.min...UInt8.max {
      let isMark = byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80
      for place in 0..<40 {
        var memory = [UInt8](repeating: 0x61, count: 40)
        memory[place] = byte
        // Later bytes must not be mistaken for the first match.
        for behind in place + 1..<40 { memory[behind] = 0x22 }
        let expected = isMark ? place : min(place + 1, 40)
        let found = memory.span.bytesOfElements.firstMarkInASCIIString(from: 0)
        #expect(found == expected, "\(byte) at \(place)")
        guard place < 16 else { continue }
        let marks = memory.span.bytesOfElements.vector(at: 0).marksInASCIIString
        #expect(marks.firstMarked == min(16, expected), "\(byte) at \(place)")
        #expect(marks.firstMarked == min(16, expected), "\(byte) at \(place)")
      }
    }
  }

  @Test("firstControl finds what looking at each byte finds")
  func firstControl() {
    forEachSpan(of: Self.edges) { bytes, model in
      for start in 0...model.count {
        let expected =
          model[start...].firstIndex { $0 < 0x20 || $0 == 0x7F } ?? model.count
        #expect(bytes.firstControl(from: start) == expected, "\(model) from \(start)")
      }
    }
  }

  @Test("firstControl stops at exactly the 33 control bytes, at every place in a word")
  func controlBytes() {
    for byte in UInt8.min...UInt8.max {
      for place in 0..<20 {
        var memory = [UInt8](repeating: 0xFF, count: 20)
        memory[place] = byte
        let isControl = byte < 0x20 || byte == 0x7F
        #expect(
          memory.span.bytesOfElements.firstControl(from: 0) == (isControl ? place : 20),
          "byte \(byte) at \(place)")
      }
    }
  }

  @Test(
    "firstIndex finds what looking at each byte finds",
    arguments: [0x00, 0x01, 0x0A, 0x2C, 0x7F, 0x80, 0xFF] as [UInt8])
  func firstIndex(of wanted: UInt8) {
    forEachSpan(of: [wanted, wanted ^ 0x80, wanted ^ 1, wanted &+ 1, wanted &- 1, 0x55]) {
      bytes, model in
      for start in 0...model.count {
        let expected = model[start...].firstIndex(of: wanted) ?? model.count
        #expect(bytes.firstIndex(of: wanted, from: start) == expected, "\(model) from \(start)")
      }
    }
  }

  @Test("firstIndex with or without a bit finds either byte, and no other")
  func firstIndexOfEither() {
    forEachSpan(of: [0x3F, 0x3B, 0x39, 0x3D, 0x7F, 0x55]) { bytes, model in
      for start in 0...model.count {
        let expected = model[start...].firstIndex { $0 == 0x3F || $0 == 0x3B } ?? model.count
        #expect(
          bytes.firstIndex(of: 0x3F, withOrWithout: 0x04, from: start) == expected,
          "\(model) from \(start)")
      }
    }
  }

  @Test("a scan that starts behind the end finds nothing, however far behind")
  func scanFromBehindTheEnd() {
    let memory = [UInt8](repeating: 0x0A, count: 24)
    for start in [24, 25, 1 << 40, Int.max - 8, Int.max - 7, Int.max] {
      #expect(memory.span.bytesOfElements.firstIndex(of: 0x0A, from: start) == 24)
      #expect(
        memory.span.bytesOfElements.firstIndex(of: 0x0A, withOrWithout: 2, from: start) == 24)
      #expect(memory.span.bytesOfElements.firstControl(from: start) == 24)
    }
  }

  @Test("word reads eight bytes, first byte lowest, at every offset")
  func word() {
    forEachSpan(of: [UInt8](UInt8.min...UInt8.max)) { bytes, model in
      guard model.count >= 8 else { return }
      for i in 0...(model.count - 8) {
        var expected: UInt64 = 0
        for place in 0..<8 { expected |= UInt64(model[i + place]) << UInt64(place * 8) }
        #expect(bytes.word(at: i) == expected)
      }
    }
  }

  @Test("a slice holds exactly its bytes, and copies are faithful")
  func slices() {
    forEachSpan(of: Self.edges) { bytes, model in
      #expect(bytes.copied() == model)
      #expect([UInt8](bytes) == model)
      for start in 0...model.count {
        let end = model.count - start / 2
        guard start <= end else { continue }
        #expect(bytes.slice(start, end).copied() == Array(model[start..<end]))
      }
    }
  }

  @Test("two spans have the same bytes only when every byte is the same")
  func hasSameBytes() {
    forEachSpan(of: Self.edges) { bytes, model in
      #expect(bytes.hasSameBytes(as: model.span.bytesOfElements) == true)
      let longer = model + [0]
      #expect(bytes.hasSameBytes(as: longer.span.bytesOfElements) == false)
      for i in model.indices {
        var other = model
        other[i] ^= 0x20
        #expect(bytes.hasSameBytes(as: other.span.bytesOfElements) == false, "differs at \(i)")
      }
    }
  }

  @Test("literals compare byte for byte, or without the case of ASCII letters and nothing else")
  func literals() {
    let rows: [(text: String, same: Bool, sameIgnoringCase: Bool)] = [
      ("keep-alive", true, true), ("Keep-Alive", false, true), ("KEEP-ALIVE", false, true),
      ("keep-aliv", false, false), ("keep-alive ", false, false), ("keep\ralive", false, false),
      ("keep_alive", false, false), ("", false, false), ("\u{212A}eep-alive", false, false),
    ]
    for row in rows {
      let memory = Array(row.text.utf8)
      #expect(memory.span.bytesOfElements.equals("keep-alive") == row.same, "\(row.text)")
      #expect(
        memory.span.bytesOfElements.equalsIgnoringCase("keep-alive") == row.sameIgnoringCase,
        "\(row.text)")
    }
  }

  @Test("only A to Z have a lower case")
  func lowercase() {
    for byte in UInt8.min...UInt8.max {
      let expected = (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
      #expect(byte.asciiLowercased == expected)
    }
  }

  @Test("text repairs invalid UTF-8 and keeps the rest")
  func text() {
    let memory: [UInt8] = [0x61, 0xFF, 0xC3, 0xA9]
    #expect(memory.span.bytesOfElements.text == "a\u{FFFD}é")
  }

  @Test(
    "A byte is counted in all of a range and nowhere else",
    arguments: ["", "\n", "a\nb", "\n\n\n", String(repeating: "x", count: 100) + "\nlast"])
  func counting(text: String) {
    let bytes = Array(("\n" + text + "\n").utf8)
    for start in 0...bytes.count {
      for end in start...bytes.count {
        let expected = bytes[start..<end].count { $0 == 0x0A }
        #expect(bytes.span.bytesOfElements.count(of: 0x0A, from: start, to: end) == expected)
      }
    }
  }
}
