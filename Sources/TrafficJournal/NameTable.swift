internal import JSONText
internal import Memory
internal import TrafficLog

/// The numbers of callers, apps, operations and errors in the journal.
///
/// There are only as many as the configuration and the catalogue have. The cache here is bounded anyway.
final class NameTable {
  private static let limit = 4_096

  private let find: Statement
  private let add: Statement
  private var numbers: [String: Int64] = [:]
  /// A cache of names, as lines contain them, and their numbers, each in a slot that its hash selects. Most lines have
  /// the same few names, and so need no `String`.
  private var slots: [(name: [UInt8], number: Int64)]
  private static let slotCount = 256

  init(_ database: Database) throws(DatabaseError) {
    slots = Array(repeating: ([], 0), count: NameTable.slotCount)
    find = try database.prepare("SELECT id FROM names WHERE name = ?1")
    add = try database.prepare("INSERT INTO names (name) VALUES (?1) RETURNING id")
  }

  /// The number of the name in `bounds` of `line`, added if it is new; nil without a name.
  func number(_ bounds: Range<Int>?, of line: RawSpan) throws(DatabaseError) -> Int64? {
    guard let bounds else { return nil }
    let inside = line.slice(bounds.lowerBound, bounds.upperBound)
    let slot = Int(MemberFilter.hash(inside) % UInt64(NameTable.slotCount))
    let known = slots[slot]
    if known.number != 0, known.name.span.bytesOfElements.hasSameBytes(as: inside) {
      return known.number
    }
    let number = try number(of: inside)
    slots[slot] = (inside.copied(), number)
    return number
  }

  private func number(of inside: RawSpan) throws(DatabaseError) -> Int64 {
    let isPlain = inside.firstIndex(of: UInt8(ascii: "\\"), from: 0) == inside.byteCount
    let name = isPlain ? inside.text : String(decoding: JSONString.text(of: inside), as: UTF8.self)
    if let number = numbers[name] { return number }
    if numbers.count >= NameTable.limit { numbers = [:] }
    let found = try existing(name)
    let number = if let found { found } else { try added(name) }
    numbers[name] = number
    return number
  }

  /// Clears the cache after a rollback, because its names may no longer be in the file.
  func forget() {
    numbers = [:]
    slots = Array(repeating: ([], 0), count: NameTable.slotCount)
  }

  private func existing(_ name: String) throws(DatabaseError) -> Int64? {
    defer { find.reset() }
    try find.bind(1, text: name)
    return try find.step() ? find.integer(0) : nil
  }

  private func added(_ name: String) throws(DatabaseError) -> Int64 {
    defer { add.reset() }
    try add.bind(1, text: name)
    _ = try add.step()
    let number = add.integer(0)
    while try add.step() {}
    return number
  }
}
