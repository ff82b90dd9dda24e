/// Work that the sandbox postponed, such as the end of an import or a postback's next attempt.
///
/// It refers to its subject by identifier. So a snapshot can keep it, and a subject deleted in the meantime is simply
/// not found.
struct DueWork: Equatable, Sendable {
  /// The kind of work, named by the area that scheduled it: `import`, `deletion`, `postback`.
  var kind: String
  /// The application that the subject belongs to.
  var application: String
  /// The subject's identifier.
  var subject: String
}

/// Work by due time; work with the same due time comes in the order it was added. A binary heap.
struct DueQueue: Sendable {
  /// Maximum number of entries: a postback and a deletion for each of 100,000 registrations.
  static let maximum = 200_000

  struct Entry: Equatable, Sendable {
    /// Milliseconds since 1970 UTC.
    let moment: Int
    fileprivate let number: Int
    let work: DueWork

    fileprivate func comes(before other: Entry) -> Bool {
      (moment, number) < (other.moment, other.number)
    }

    /// The form in snapshots and in answers about the clock.
    var value: JSONValue {
      [
        "at": .integer(moment), "kind": .string(work.kind),
        "application": .string(work.application), "subject": .string(work.subject),
      ]
    }
  }

  private var heap: [Entry] = []
  /// Entries added so far: the order among equal moments.
  private var number = 0

  var count: Int { heap.count }
  var earliest: Int? { heap.first?.moment }

  init() {}

  /// Reads what ``value`` wrote. Nil if it is anything else.
  init?(_ value: JSONValue) {
    guard let elements = value.elements, elements.count <= Self.maximum else { return nil }
    for element in elements {
      guard let moment = element["at"]?.integer, moment >= 0, let kind = element["kind"]?.string,
        let application = element["application"]?.string, let subject = element["subject"]?.string
      else { return nil }
      _ = insert(DueWork(kind: kind, application: application, subject: subject), at: moment)
    }
  }

  /// All entries, in order.
  var value: JSONValue {
    .array(heap.sorted { $0.comes(before: $1) }.map(\.value))
  }

  /// Returns false if the queue is full.
  mutating func insert(_ work: DueWork, at moment: Int) -> Bool {
    guard heap.count < Self.maximum else { return false }
    heap.append(Entry(moment: moment, number: number, work: work))
    number += 1
    rise(from: heap.count - 1)
    return true
  }

  /// Removes and returns the first entry, if its moment is not after `moment`.
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
    // A sorted array is a heap.
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
