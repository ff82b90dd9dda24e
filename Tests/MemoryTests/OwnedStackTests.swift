import Memory
import Testing

@Suite("Owned stack")
struct OwnedStackTests {
  /// A value that cannot be copied and counts its own end.
  struct Guest: ~Copyable {
    let number: Int
    let ended: Counter

    deinit { ended.count += 1 }
  }

  final class Counter { var count = 0 }

  @Test("what was pushed last comes back first, however often the stack grows")
  func order() {
    var stack = OwnedStack<ByteBuffer>(capacity: 1)
    for number in 0..<100 {
      var buffer = ByteBuffer()
      buffer.put(decimal: number)
      stack.push(buffer)
      #expect(stack.count == number + 1)
    }
    for number in (0..<100).reversed() {
      guard let buffer = stack.pop() else {
        Issue.record("the stack is empty too early")
        return
      }
      #expect(buffer.bytes.text == "\(number)")
    }
    #expect(stack.count == 0)
  }

  @Test("each value ends once: when it was taken, or with the stack")
  func ends() {
    let counter = Counter()
    do {
      var stack = OwnedStack<Guest>(capacity: 2)
      for number in 0..<5 { stack.push(Guest(number: number, ended: counter)) }
      #expect(counter.count == 0)
      if let guest = stack.pop() {
        let number = guest.number
        #expect(number == 4)
      }
      #expect(counter.count == 1)
    }
    #expect(counter.count == 5)
  }
}
