import Memory
import Testing

@Suite("Counters of one writer")
struct CounterBlockTests {
  @Test("Readers on other threads see a counter whole, and never going back")
  func shared() async {
    let block = CounterBlock(count: 3)
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for _ in 0..<50_000 { block.add(1 << 33 | 1, to: 1) } }
      for _ in 0..<2 {
        group.addTask {
          var last: UInt64 = 0
          for _ in 0..<10_000 {
            let value = block.read(1)
            #expect(value >= last && value >> 33 == value & 0xFFFF_FFFF)
            last = value
          }
        }
      }
    }
    #expect(block.read(1) == 50_000 * (1 << 33 | 1))
    #expect(block.read(0) == 0 && block.read(2) == 0)
  }

  @Test("A figure that goes up and down is set; sums wrap")
  func setting() {
    let block = CounterBlock(count: 1)
    block.set(0, to: 7)
    block.set(0, to: 2)
    #expect(block.read(0) == 2)
    block.add(.max, to: 0)
    #expect(block.read(0) == 1)
    #expect(CounterBlock(count: 0).count == 0)
  }

  @Test("Literals are the same when their bytes are")
  func literals() {
    let one: StaticString = "draining"
    #expect(one.hasSameBytes(as: "draining"))
    #expect(!one.hasSameBytes(as: "drainin") && !one.hasSameBytes(as: "draininG"))
  }
}
