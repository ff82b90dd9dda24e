/// The operations that a limit counts, one bit each. Determined when the configuration is read.
package struct LimitedOperations: Equatable, Sendable {
  /// Size of a set: 254 operations, and the reads and the writes that are not in the catalogue.
  static let slotCount = 256
  /// Operation indices from here on denote calls that are not in the catalogue.
  package static let firstUnknown: UInt8 = 254

  private var words: [4 of UInt64] = [0, 0, 0, 0]

  /// The empty set.
  package init() {}

  /// Every operation, and every call that is not in the catalogue.
  package static var all: LimitedOperations {
    var set = LimitedOperations()
    for word in 0..<4 { set.words[word] = .max }
    return set
  }

  /// Adds the operation of the catalogue with this index, below ``firstUnknown``.
  package mutating func insert(_ operation: UInt8) {
    precondition(operation < LimitedOperations.firstUnknown)
    add(Int(operation))
  }

  /// Adds the reads, or the writes, that are not in the catalogue.
  package mutating func insertUnknown(isWrite: Bool) {
    add(LimitedOperations.slot(LimitedOperations.firstUnknown, isWrite: isWrite))
  }

  private mutating func add(_ slot: Int) { words[slot >> 6] |= 1 << UInt64(slot & 63) }

  /// Whether the set has the slot.
  func contains(slot: Int) -> Bool { words[slot >> 6] >> UInt64(slot & 63) & 1 != 0 }

  /// The slot of a call in a set: its operation's, or one of the two for calls that are not in the catalogue.
  static func slot(_ operation: UInt8, isWrite: Bool) -> Int {
    operation < firstUnknown ? Int(operation) : Int(firstUnknown) &+ (isWrite ? 1 : 0)
  }

  package static func == (a: LimitedOperations, b: LimitedOperations) -> Bool {
    for word in 0..<4 where a.words[word] != b.words[word] { return false }
    return true
  }
}
