import Memory
import Testing

@Suite("Byte buffer")
struct ByteBufferTests {
  @Test(
    "decimals are written as the standard library writes them",
    arguments: [
      0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 12345, -1, -9, -10, -12345,
      Int(Int32.max), Int(Int32.min), 999_999_999_999_999_999, 1_000_000_000_000_000_000,
      9_000_000_000_000_000_000, Int.max, Int.max - 1, Int.min, Int.min + 1,
    ])
  func decimal(value: Int) {
    var buffer = ByteBuffer()
    buffer.put(decimal: value)
    #expect(buffer.bytes.text == String(value))
  }

  @Test("What is long is appended whole, behind what is there")
  func long() {
    for length in [0, 1, 2047, 2048, 2049, 10_000] {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) }
      var buffer = ByteBuffer()
      buffer.put("head")
      buffer.put(long: bytes.span.bytesOfElements)
      let expected = Array("head".utf8) + bytes
      let isWhole = buffer.bytes.hasSameBytes(as: expected.span.bytesOfElements)
      #expect(isWhole, "\(length) bytes")
    }
  }

  @Test("decimals of every length are written whole, on both sides of each power of ten")
  func decimalPowers() {
    var power = 1
    while true {
      for value in [power - 1, power, power + 1] {
        var buffer = ByteBuffer(capacity: 1)
        buffer.put(decimal: value)
        #expect(buffer.bytes.text == String(value))
      }
      guard power <= Int.max / 10 else { break }
      power *= 10
    }
  }

  @Test(
    "decimals of a fixed width are padded with zeros or lose their higher digits",
    arguments: [
      (7, 2, "07"), (2026, 4, "2026"), (0, 1, "0"), (123, 2, "23"), (1_000_000, 6, "000000"),
      (42, 20, "00000000000000000042"), (Int.max, 20, "09223372036854775807"),
    ])
  func fixedDecimal(value: Int, width: Int, expected: String) {
    var buffer = ByteBuffer()
    buffer.put(decimal: value, width: width)
    #expect(buffer.bytes.text == expected)
  }

  @Test(
    "hexadecimals are written without leading zeros",
    arguments: [0, 1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 0xABCDEF, 1 << 32, Int.max])
  func hexadecimal(value: Int) {
    var buffer = ByteBuffer()
    buffer.put(hexadecimal: value)
    #expect(buffer.bytes.text == String(value, radix: 16))
  }

  @Test(
    "hexadecimals of a fixed width are padded with zeros or lose their higher digits",
    arguments: [
      (0xAB as UInt64, 4, "00ab"), (0x1234, 2, "34"), (0, 1, "0"),
      (UInt64.max, 16, "ffffffffffffffff"), (0x0123_4567_89AB_CDEF, 16, "0123456789abcdef"),
    ])
  func fixedHexadecimal(value: UInt64, width: Int, expected: String) {
    var buffer = ByteBuffer()
    buffer.put(hexadecimal: value, width: width)
    #expect(buffer.bytes.text == expected)
  }

  @Test("a new buffer allocates nothing, and release gives everything back")
  func memory() {
    var buffer = ByteBuffer()
    #expect(buffer.allocatedBytes == 0)
    #expect(buffer.isEmpty == true)
    #expect(buffer.bytes.byteCount == 0)
    buffer.put(text: String(repeating: "é", count: 500))
    #expect(buffer.count == 1000)
    #expect(buffer.allocatedBytes >= 1000)
    buffer.release()
    #expect(buffer.allocatedBytes == 0)
    #expect(buffer.isEmpty == true)
    buffer.put("again")
    #expect(buffer.bytes.text == "again")
  }

  @Test("removeAll keeps the memory")
  func removeAll() {
    var buffer = ByteBuffer(capacity: 256)
    buffer.put("abc")
    buffer.removeAll()
    #expect(buffer.isEmpty == true)
    #expect(buffer.allocatedBytes == 256)
  }

  @Test("space given up by consuming is used again before more is allocated")
  func reuse() {
    var buffer = ByteBuffer(capacity: 64)
    buffer.put(text: String(repeating: "a", count: 60))
    buffer.consume(50)
    buffer.put(text: String(repeating: "b", count: 54))
    #expect(buffer.allocatedBytes == 64)
    #expect(
      buffer.bytes.text == String(repeating: "a", count: 10) + String(repeating: "b", count: 54))
  }

  @Test("a queue that is filled and emptied for ever does not grow")
  func steadyQueue() {
    var buffer = ByteBuffer()
    for _ in 0..<10_000 {
      buffer.put("0123456789")
      buffer.consume(buffer.count > 30 ? 20 : 7)
    }
    #expect(buffer.allocatedBytes <= 128)
  }

  @Test("appending grows in few steps")
  func growth() {
    var buffer = ByteBuffer()
    var steps = 0
    var allocated = 0
    for _ in 0..<1_000_000 {
      buffer.put(UInt8(ascii: "x"))
      if buffer.allocatedBytes != allocated {
        allocated = buffer.allocatedBytes
        steps += 1
      }
    }
    #expect(buffer.count == 1_000_000)
    #expect(steps <= 16)
    #expect(allocated <= 2_000_000)
  }

  @Test("a refill replaces what waited")
  func refill() {
    var buffer = ByteBuffer(capacity: 8)
    buffer.put("12345")
    unsafe buffer.refill { memory in
      for i in 0..<3 { unsafe memory[i] = 0x61 + UInt8(i) }
      return 3
    }
    #expect(buffer.bytes.text == "abc")
    unsafe buffer.refill { _ in 0 }
    #expect(buffer.isEmpty == true)
    var nothing = ByteBuffer()
    unsafe nothing.refill { memory in
      #expect(memory.count == 0)
      return 0
    }
  }

  @Test(
    "any order of appending, consuming and cutting gives what an array gives",
    arguments: 0..<50 as Range<UInt64>)
  func model(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var buffer = ByteBuffer(capacity: Int.random(in: 0...40, using: &random))
    var model: [UInt8] = []
    for step in 0..<300 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0:
        let byte = UInt8.random(in: .min ... .max, using: &random)
        buffer.put(byte)
        model.append(byte)
      case 1, 2:
        let run = (0..<Int.random(in: 0...90, using: &random)).map { _ in
          UInt8.random(in: .min ... .max, using: &random)
        }
        buffer.put(contentsOf: run)
        model += run
      case 3:
        buffer.put("literal")
        model += Array("literal".utf8)
      case 4:
        let value = Int(truncatingIfNeeded: random.next()) >> Int.random(in: 0..<64, using: &random)
        buffer.put(decimal: value)
        model += Array(String(value).utf8)
      case 5:
        buffer.reserve(Int.random(in: 0...100, using: &random))
      case 6, 7, 8:
        let n = Int.random(in: 0...model.count, using: &random)
        buffer.consume(n)
        model.removeFirst(n)
      case 9:
        let n = Int.random(in: 0...model.count, using: &random)
        buffer.truncate(to: n)
        model.removeLast(model.count - n)
      case 10:
        var other = ByteBuffer()
        other.put(contentsOf: model)
        let end = Int.random(in: 0...model.count, using: &random)
        let start = Int.random(in: 0...end, using: &random)
        buffer.put(other, start, end)
        model += model[start..<end]
      default:
        if Int.random(in: 0..<10, using: &random) == 0 {
          buffer.removeAll()
          model.removeAll()
        }
      }
      if model.count > 4000 {
        buffer.consume(3000)
        model.removeFirst(3000)
      }
      #expect(buffer.count == model.count)
      #expect(buffer.isEmpty == model.isEmpty)
      #expect(buffer.bytes.copied() == model, "step \(step)")
      #expect(buffer.allocatedBytes >= buffer.count)
    }
  }

  @Test(
    "millionths are a fraction with six digits",
    arguments: [
      (0, "0.000000"), (1, "0.000001"), (1500, "0.001500"), (999_999, "0.999999"),
      (1_000_000, "1.000000"), (75_000_250, "75.000250"), (123_456_789_012, "123456.789012"),
    ])
  func millionths(value: Int, expected: String) {
    var buffer = ByteBuffer()
    buffer.put(millionths: value)
    #expect(buffer.bytes.text == expected)
  }
}
