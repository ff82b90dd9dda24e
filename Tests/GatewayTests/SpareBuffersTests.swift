import Memory
import Testing

@testable import GatewayServer

@Suite("Buffers of exchanges that ended")
struct SpareBuffersTests {
  /// Takes `count` buffers, like as many concurrent exchanges, and returns them all.
  private func use(_ count: Int, of spares: inout SpareBuffers) {
    var taken = OwnedStack<ByteBuffer>(capacity: 1)
    for _ in 0..<count { taken.push(spares.take()) }
    while let buffer = taken.pop() { spares.keep(buffer) }
  }

  @Test("as many are kept as were needed at once, and none is made anew for as many")
  func kept() {
    var spares = SpareBuffers()
    use(1_000, of: &spares)
    #expect(spares.count == 1_000)
    let bytes = spares.bytes
    use(1_000, of: &spares)
    #expect(spares.count == 1_000)
    #expect(spares.bytes == bytes)
  }

  @Test("those that nobody needed go, down to a few")
  func trimmed() {
    var spares = SpareBuffers()
    use(1_000, of: &spares)
    spares.trim()
    use(300, of: &spares)
    spares.trim()
    #expect(spares.count == 300, "700 were not needed since the first look")
    spares.trim()
    #expect(spares.count == SpareBuffers.few)
    #expect(spares.areMany == false)
    spares.trim()
    #expect(spares.count == SpareBuffers.few)
  }

  @Test("their memory has a bound, and a large one is not kept")
  func bounded() {
    var spares = SpareBuffers()
    spares.keep(ByteBuffer(capacity: SpareBuffers.largestKept + 1))
    spares.keep(ByteBuffer())
    #expect(spares.count == 0)
    for _ in 0..<1_000 { spares.keep(ByteBuffer(capacity: SpareBuffers.largestKept)) }
    #expect(spares.bytes == SpareBuffers.byteLimit)
  }

  @Test("a buffer comes back empty")
  func empty() {
    var spares = SpareBuffers()
    var buffer = ByteBuffer()
    buffer.put("Authorization: Bearer x")
    spares.keep(buffer)
    let again = spares.take()
    #expect(again.isEmpty == true)
    #expect(again.allocatedBytes > 0)
    #expect(spares.bytes == 0)
  }
}
