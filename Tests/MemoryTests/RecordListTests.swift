import Memory
import Testing

@Suite("Record list")
struct RecordListTests {
  @Test(
    "any order of appending, changing and taking gives what an array gives",
    arguments: 0..<30 as Range<UInt64>)
  func model(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var list = RecordList<UInt32>(capacity: Int.random(in: 0...3, using: &random))
    var model: [UInt32] = []
    for step in 0..<300 as Range<UInt32> {
      switch Int.random(in: 0..<8, using: &random) {
      case 0: #expect(list.popLast() == model.popLast())
      case 1 where !model.isEmpty:
        let i = model.indices.randomElement(using: &random) ?? 0
        list[i] = step
        model[i] = step
      case 2 where model.count > 60:
        list.removeAll()
        model.removeAll()
      default:
        list.append(step)
        model.append(step)
      }
      #expect(list.count == model.count)
      for i in model.indices { #expect(list[i] == model[i]) }
    }
  }

  @Test("an empty list has nothing to take")
  func empty() {
    var list = RecordList<Int>(capacity: 0)
    #expect(list.popLast() == nil)
    #expect(list.count == 0)
  }
}
