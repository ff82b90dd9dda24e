/// Work that the sandbox put off: the end of an import, a postback's next attempt.
///
/// It names what it is about instead of holding it, so that a snapshot can keep it and a thing that is gone
/// by then is simply not found.
struct DueWork: Equatable, Sendable {
  /// What there is to do: a word of the area that scheduled it, `import`, `deletion`, `postback`.
  var kind: String
  /// Whose thing it is about.
  var application: String
  /// The thing's identifier.
  var subject: String
}

/// Work by its moment; of the same moment, the one that was put off first comes first. A binary heap.
struct DueQueue: Sendable {
  /// Work that may wait: a postback and a deletion for each of 100,000 registrations.
  static let maximum = 200_000

  struct Entry: Equatable, Sendable {
    /// Milliseconds since 1970 UTC.
    let moment: Int
    fileprivate let number: Int
    let work: DueWork

    fileprivate func comes(before other: Entry) -> Bool {
      (moment, number) < (other.moment, other.number)
    }

    /// As a snapshot and the clock's answers show it.
    var value: JSONValue {
      [
        "at": .integer(moment), "kind": .string(work.kind),
        "application": .string(work.application), "subject": .string(work.subject),
      ]
    }
  }

  private var heap: [Entry] = []
  /// Work put off so far: the order among equals.
  private var number = 0

  var count: Int { heap.count }
  var earliest: Int? { heap.first?.moment }

  init() {}

  /// What ``value`` wrote; nil when it is something else.
  init?(_ value: JSONValue) {
    guard let elements = value.elements, elements.count <= Self.maximum else { return nil }
    for element in elements {
      guard let moment = element["at"]?.integer, moment >= 0, let kind = element["kind"]?.string,
        let application = element["application"]?.string, let subject = element["subject"]?.string
      else { return nil }
      _ = insert(DueWork(kind: kind, application: application, subject: subject), at: moment)
    }
  }

  /// All that waits, in order.
  var value: JSONValue {
    .array(heap.sorted { $0.comes(before: $1) }.map(\.value))
  }

  /// False when there is no room.
  mutating func insert(_ work: DueWork, at moment: Int) -> Bool {
    guard heap.count < Self.maximum else { return false }
    heap.append(Entry(moment: moment, number: number, work: work))
    number += 1
    rise(from: heap.count - 1)
    return true
  }

  /// Takes what comes first, if its moment is not after `moment`.
  mutating func popFirst(until moment: Int) -> Entry? {
    guard let first = heap.first, first.moment <= moment, let last = heap.popLast() else {
      return nil
    }
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return first
  }

  mutating func removeAll(where isMeant: (DueWork) -> Bool) {
    let kept = heap.filter { !isMeant($0.work) }
    guard kept.count < heap.count else { return }
    // Sorted, an array is a heap.
    heap = kept.sorted { $0.comes(before: $1) }
  }

  private mutating func rise(from start: Int) {
    var place = start
    while place > 0, heap[place].comes(before: heap[(place - 1) / 2]) {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func sink() {
    var place = 0
    while true {
      var child = place * 2 + 1
      if child >= heap.count { return }
      if child + 1 < heap.count, heap[child + 1].comes(before: heap[child]) { child += 1 }
      guard heap[child].comes(before: heap[place]) else { return }
      heap.swapAt(child, place)
      place = child
    }
  }
}
