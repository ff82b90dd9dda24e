import Testing

@testable import Memory

@Suite("Eight bytes at a time")
struct EightBytesTests {
  @Test(
    "up to eight bytes anywhere in a span are read as a word, and none beside them",
    arguments: 0...24)
  func words(length: Int) {
    let bytes = (0..<length).map { UInt8($0 &+ 1) }
    for start in 0...length {
      for end in start...min(start + 8, length) {
        var expected: UInt64 = 0
        for i in start..<end { expected |= UInt64(bytes[i]) << UInt64((i - start) * 8) }
        #expect(bytes.span.bytesOfElements.word(from: start, to: end) == expected)
      }
    }
  }

  @Test("digits of numbers all over the range are those of the standard library")
  func decimals() {
    var random = SplitMix64(state: 7)
    for round in 0..<20_000 {
      let value = round < 10_000 ? round : Int(random.next() % 100_000_000)
      var buffer = ByteBuffer()
      buffer.put(decimal: value)
      let text = String(value)
      guard buffer.bytes.text == text else {
        Issue.record("\(value) was written as \(buffer.bytes.text)")
        return
      }
      buffer.removeAll()
      buffer.put(decimal: value, width: 8)
      let padded = String(repeating: "0", count: 8 - text.utf8.count) + text
      guard buffer.bytes.text == padded else {
        Issue.record("\(value) was written as \(buffer.bytes.text)")
        return
      }
    }
  }

  @Test("hexadecimal digits of any width are those of the standard library", arguments: 1...16)
  func hexadecimals(width: Int) {
    var random = SplitMix64(state: UInt64(width))
    for _ in 0..<500 {
      let value = random.next()
      let digits = String(value, radix: 16)
      let all = String(repeating: "0", count: 16 - digits.utf8.count) + digits
      var buffer = ByteBuffer()
      buffer.put(hexadecimal: value, width: width)
      #expect(buffer.bytes.text == String(all.suffix(width)))
    }
  }

  @Test("32 hexadecimal digits are those of both halves, whatever room there was")
  func longHexadecimals() {
    var random = SplitMix64(state: 32)
    for filled in 0..<80 {
      let (high, low) = (random.next() >> UInt64(filled % 64), random.next())
      var buffer = ByteBuffer(capacity: 8)
      for _ in 0..<filled { buffer.put(0x2E) }
      buffer.put(hexadecimal: high, low)
      var expected = ByteBuffer()
      for _ in 0..<filled { expected.put(0x2E) }
      expected.put(hexadecimal: high, width: 16)
      expected.put(hexadecimal: low, width: 16)
      #expect(buffer.bytes.text == expected.bytes.text)
    }
  }

  @Test("a word's first bytes are appended, whatever room there was", arguments: 0...8)
  func appendsWords(count: Int) {
    for filled in 0..<20 {
      var buffer = ByteBuffer(capacity: 8)
      for _ in 0..<filled { buffer.put(0x2E) }
      buffer.put(word: 0x6867_6665_6463_6261, count: count)
      #expect(
        buffer.bytes.text == String(repeating: ".", count: filled) + "abcdefgh".prefix(count))
    }
  }
}

@Suite("A slab's occupants that are not taken out")
struct SlabDiscardTests {
  private final class Counter { var ended = 0 }
  private struct Occupant: ~Copyable {
    let counter: Counter
    deinit { counter.ended += 1 }
  }

  @Test("one that is discarded ends, and its handle names nothing, nor the next one in its place")
  func discards() {
    let counter = Counter()
    var slab = Slab<Occupant>(capacity: 1)
    let first = slab.insert(Occupant(counter: counter))
    slab.discard(first)
    #expect(counter.ended == 1)
    #expect(slab.contains(first) == false)
    #expect(slab.count == 0)
    let second = slab.insert(Occupant(counter: counter))
    #expect(slab.contains(first) == false)
    #expect(slab.contains(second) == true)
    #expect(counter.ended == 1)
  }
}
