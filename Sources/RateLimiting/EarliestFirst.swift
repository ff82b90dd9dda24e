/// Elements ordered by time: a binary heap.
package struct EarliestFirst<Element: BitwiseCopyable> {
  private var entries: [(time: Int64, element: Element)] = []

  package init() {}

  package var count: Int { entries.count }

  /// The earliest time; `Int64.max` if it is empty.
  package var earliest: Int64 { entries.isEmpty ? .max : entries[0].time }

  package mutating func insert(_ element: Element, at time: Int64) {
    var place = entries.count
    entries.append((time, element))
    while place > 0, entries[(place - 1) / 2].time > time {
      entries.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  /// Removes and returns the earliest element; nil if it is empty.
  package mutating func popFirst() -> (time: Int64, element: Element)? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return first }
    entries[0] = last
    var place = 0
    while true {
      var child = place * 2 + 1
      if child >= entries.count { break }
      if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
      if entries[child].time >= entries[place].time { break }
      entries.swapAt(child, place)
      place = child
    }
    return first
  }
}
