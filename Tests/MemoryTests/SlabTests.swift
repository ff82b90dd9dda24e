import Memory
import Testing

@Suite("Slab")
struct SlabTests {
  /// An occupant that cannot be copied and counts its own end.
  struct Guest: ~Copyable {
    let number: Int
    let ended: Counter

    deinit { ended.count += 1 }
  }

  final class Counter { var count = 0 }

  @Test("a handle names its occupant until that is removed, and never the next one in its place")
  func generations() {
    var slab = Slab<Int>(capacity: 1)
    var stale: [SlabHandle] = []
    for round in 0..<100 {
      let handle = slab.insert(round)
      #expect(slab.contains(handle) == true)
      #expect(slab[handle] == round)
      for old in stale { #expect(slab.contains(old) == false) }
      #expect(slab.remove(handle) == round)
      #expect(slab.contains(handle) == false)
      stale.append(handle)
    }
    #expect(Set(stale).count == 100)
    #expect(slab.count == 0)
  }

  @Test("no slab holds an occupant for the handle that names nothing")
  func none() {
    var slab = Slab<Int>()
    #expect(slab.contains(.none) == false)
    #expect(!SlabHandle.none.isSome)
    let handle = slab.insert(1)
    #expect(slab.contains(.none) == false)
    #expect(handle.isSome)
    _ = slab.remove(handle)
    #expect(slab.contains(.none) == false)
  }

  @Test("a handle survives the trip through an integer")
  func bits() {
    var slab = Slab<Int>()
    for i in 0..<100 {
      let handle = slab.insert(i)
      #expect(SlabHandle(bits: handle.bits) == handle)
    }
    #expect(SlabHandle(bits: SlabHandle.none.bits) == .none)
  }

  @Test(
    "an integer that is no handle names nothing",
    arguments: [0, 1, 1 << 32, UInt64.max, 0xFFFF_FFFF, 3 << 32 | 1, 2 << 32, 1 << 32 | 99]
      as [UInt64])
  func strangeBits(bits: UInt64) {
    var slab = Slab<Int>()
    let first = slab.insert(1)
    _ = slab.insert(2)
    _ = slab.remove(first)
    #expect(slab.contains(SlabHandle(bits: bits)) == false)
  }

  @Test("places are used again, last in, first out")
  func reuse() {
    var slab = Slab<Int>()
    let handles = (0..<4).map { slab.insert($0) }
    _ = slab.remove(handles[1])
    _ = slab.remove(handles[3])
    func place(_ handle: SlabHandle) -> UInt32 { UInt32(truncatingIfNeeded: handle.bits) }
    #expect(place(slab.insert(10)) == place(handles[3]))
    #expect(place(slab.insert(11)) == place(handles[1]))
    #expect(place(slab.insert(12)) == 4)
  }

  @Test("growing keeps every occupant and every handle")
  func growth() {
    var slab = Slab<[Int]>(capacity: 1)
    let handles = (0..<1000).map { slab.insert([$0]) }
    for (i, handle) in handles.enumerated() { #expect(slab[handle] == [i]) }
    slab[handles[500]].append(7)
    #expect(slab[handles[500]] == [500, 7])
    #expect(slab.count == 1000)
  }

  @Test("every occupant ends exactly once, whether removed or left behind")
  func ends() {
    let ended = Counter()
    do {
      var slab = Slab<Guest>(capacity: 2)
      let handles = (0..<10).map { slab.insert(Guest(number: $0, ended: ended)) }
      #expect(ended.count == 0)
      for i in [0, 4, 9] {
        let guest = slab.remove(handles[i])
        #expect(guest.number == i)
      }
      #expect(ended.count == 3)
      #expect(slab.count == 7)
    }
    #expect(ended.count == 10)
  }

  @Test(
    "any order of insertions, changes and removals gives what a dictionary gives",
    arguments: 0..<50 as Range<UInt64>)
  func model(seed: UInt64) {
    var random = SplitMix64(state: seed)
    var slab = Slab<Int>(capacity: Int.random(in: 0...4, using: &random))
    var model: [SlabHandle: Int] = [:]
    var gone: Set<SlabHandle> = []
    for step in 0..<400 {
      let handle = model.keys.sorted { $0.bits < $1.bits }.randomElement(using: &random)
      switch (Int.random(in: 0..<5, using: &random), handle) {
      case (0, let handle?), (1, let handle?):
        #expect(slab.remove(handle) == model.removeValue(forKey: handle))
        gone.insert(handle)
      case (2, let handle?):
        slab[handle] += step
        model[handle]? += step
      default:
        let added = slab.insert(step)
        #expect(model[added] == nil && !gone.contains(added))
        model[added] = step
      }
      #expect(slab.count == model.count)
      #expect(Set(slab.handles) == Set(model.keys))
      for (handle, value) in model { #expect(slab[handle] == value) }
      for handle in gone where slab.contains(handle) { Issue.record("\(handle) came back") }
    }
  }
}
