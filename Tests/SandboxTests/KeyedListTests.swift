import Testing

@testable import Sandbox

@Suite("Keyed list")
struct KeyedListTests {
  @Test("It agrees with a plain list through any order of changes, and keeps the order of arrival")
  func agreesWithReference() {
    var list = KeyedList<Int>(limit: 20)
    var reference: [(identifier: Identifier, value: Int)] = []
    for step in 0..<5_000 {
      let identifier = Identifier("\(Int.random(in: 0..<30))")
      let place = reference.firstIndex { $0.identifier == identifier }
      switch Int.random(in: 0..<3) {
      case 0:
        let isTaken = list.insert(step, at: identifier)
        #expect(isTaken == (place != nil || reference.count < 20))
        if let place {
          reference[place].value = step
        } else if isTaken {
          reference.append((identifier, step))
        }
      case 1:
        let removed = list.remove(identifier)
        #expect(removed == place.map { reference[$0].value })
        if let place { reference.remove(at: place) }
      default:
        let isChanged = list.update(identifier) { $0 += 1 } != nil
        #expect(isChanged == (place != nil))
        if let place { reference[place].value += 1 }
      }
      #expect(list.count == reference.count)
      #expect(list[identifier] == reference.first { $0.identifier == identifier }?.value)
    }
    #expect(list.entries.map(\.identifier) == reference.map(\.identifier))
    #expect(list.entries.map(\.value) == reference.map(\.value))
  }

  @Test("Making room removes the oldest")
  func makesRoom() {
    var list = KeyedList<Int>(limit: 3)
    for i in 0..<10 {
      list.makeRoom()
      let isTaken = list.insert(i, at: Identifier("\(i)"))
      #expect(isTaken)
    }
    #expect(list.entries.map(\.value) == [7, 8, 9])
  }
}
