import Memory
import Testing

/// Code that would read or write memory out of bounds ends the process.
@Suite("Out of bounds ends the process")
struct BoundsTests {
  @Test("reading a byte behind the last one, or before the first")
  func subscripts() async {
    await #expect(processExitsWith: .failure) {
      let memory: [UInt8] = [1, 2, 3]
      _ = memory.span.bytesOfElements[3]
    }
    await #expect(processExitsWith: .failure) {
      let memory: [UInt8] = [1, 2, 3]
      _ = memory.span.bytesOfElements[-1]
    }
  }

  @Test("reading a word that is not all there")
  func words() async {
    await #expect(processExitsWith: .failure) {
      let memory = [UInt8](repeating: 0, count: 9)
      _ = memory.span.bytesOfElements.word(at: 2)
    }
    await #expect(processExitsWith: .failure) {
      let memory = [UInt8](repeating: 0, count: 7)
      _ = memory.span.bytesOfElements.word(at: 0)
    }
  }

  @Test("consuming more than waits")
  func consume() async {
    await #expect(processExitsWith: .failure) {
      var buffer = ByteBuffer()
      buffer.put("abc")
      buffer.consume(4)
    }
  }

  @Test("a refill that claims more than it was lent")
  func refill() async {
    await #expect(processExitsWith: .failure) {
      var buffer = ByteBuffer(capacity: 64)
      unsafe buffer.refill { memory in memory.count + 1 }
    }
  }

  @Test("reaching for an occupant that has left its slab")
  func staleHandle() async {
    await #expect(processExitsWith: .failure) {
      var slab = Slab<Int>()
      let first = slab.insert(1)
      _ = slab.remove(first)
      _ = slab.insert(2)
      _ = slab[first]
    }
    await #expect(processExitsWith: .failure) {
      var slab = Slab<Int>()
      let first = slab.insert(1)
      _ = slab.remove(first)
      _ = slab.remove(first)
    }
  }

  @Test("reading a record behind the last one")
  func records() async {
    await #expect(processExitsWith: .failure) {
      var list = RecordList<Int>(capacity: 8)
      list.append(1)
      _ = list[1]
    }
  }
}
