/// The earliest of many points in time, one for each id. Each may be moved or removed.
///
/// A binary heap that knows the place of each id, so that no id needs a timer.
struct AlarmHeap: ~Copyable {
  private struct Entry: BitwiseCopyable {
    var time: Int64
    var id: Int32
  }

  private var entries: [Entry] = []
  /// The place of each id in `entries`; -1 if it has none.
  private var places: [Int32]

  /// Creates a heap for the ids `0..<count`.
  init(count: Int) { places = Array(repeating: -1, count: count) }

  /// Allows ids below `count`.
  mutating func allowIDs(below count: Int) {
    while places.count < count { places.append(-1) }
  }

  /// The earliest time; `Int64.max` if there is none.
  var earliest: Int64 { entries.isEmpty ? .max : entries[0].time }

  /// The id with the earliest time.
  var first: Int? { entries.isEmpty ? nil : Int(entries[0].id) }

  var count: Int { entries.count }

  /// Sets the time of `id`, whether or not it had one.
  mutating func set(_ id: Int, _ time: Int64) {
    let place = Int(places[id])
    if place < 0 {
      entries.append(Entry(time: time, id: Int32(id)))
      places[id] = Int32(entries.count - 1)
      rise(entries.count - 1)
    } else {
      let old = entries[place].time
      entries[place].time = time
      if time < old { rise(place) } else if time > old { sink(place) }
    }
  }

  /// Removes the time of `id`, if it has one.
  mutating func remove(_ id: Int) {
    let place = Int(places[id])
    guard place >= 0 else { return }
    places[id] = -1
    let last = entries.removeLast()
    guard place < entries.count else { return }
    let old = entries[place].time
    put(last, at: place)
    if last.time < old { rise(place) } else { sink(place) }
  }

  private mutating func put(_ entry: Entry, at place: Int) {
    entries[place] = entry
    places[Int(entry.id)] = Int32(place)
  }

  private mutating func rise(_ start: Int) {
    var place = start
    let entry = entries[place]
    while place > 0 {
      let parent = (place - 1) / 2
      if entries[parent].time <= entry.time { break }
      put(entries[parent], at: place)
      place = parent
    }
    put(entry, at: place)
  }

  private mutating func sink(_ start: Int) {
    var place = start
    let entry = entries[place]
    while true {
      var child = place * 2 + 1
      if child >= entries.count { break }
      if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
      if entries[child].time >= entry.time { break }
      put(entries[child], at: place)
      place = child
    }
    put(entry, at: place)
  }
}
