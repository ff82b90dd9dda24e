internal import Memory

/// Finds an app by the name that a request gives. A hash table over bytes: the fiftieth app is found as fast as the
/// first, and no `String` is made.
struct AppNames: Sendable {
  /// The names, one after the other, and where each begins. The last entry is the text's end.
  private let text: [UInt8]
  private let starts: [Int]
  /// Number of an app + 1, at or after the place of its name's hash; 0 for none. At least half are empty.
  private let places: [Int32]

  /// - Parameter apps: By number; nil for an app that no request may name.
  init(_ apps: [String?]) {
    var text: [UInt8] = []
    var starts = [0]
    var size = 8
    while size < 2 * apps.count { size *= 2 }
    var places = [Int32](repeating: 0, count: size)
    for (index, app) in apps.enumerated() {
      guard let app else {
        starts.append(text.count)
        continue
      }
      var place = AppNames.hash(app.utf8.span.bytesOfElements) & (size - 1)
      while places[place] != 0 { place = (place + 1) & (size - 1) }
      places[place] = Int32(index + 1)
      text += app.utf8
      starts.append(text.count)
    }
    self.text = text
    self.starts = starts
    self.places = places
  }

  /// The app called `name`; nil if there is none.
  func index(of name: RawSpan) -> Int? {
    let mask = places.count &- 1
    var place = AppNames.hash(name) & mask
    while places[place] != 0 {
      let index = Int(places[place]) &- 1
      let known = text.span.bytesOfElements.slice(starts[index], starts[index &+ 1])
      if name.hasSameBytes(as: known) { return index }
      place = (place &+ 1) & mask
    }
    return nil
  }

  /// FNV-1a (Fowler, Noll, Vo). Callers cannot choose what is in the table, so the hash need not be keyed.
  private static func hash(_ name: RawSpan) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var i = 0
    while i < name.byteCount {
      hash = (hash ^ UInt64(name[i])) &* 0x100_0000_01B3
      i &+= 1
    }
    return Int(truncatingIfNeeded: hash ^ hash &>> 32)
  }
}
