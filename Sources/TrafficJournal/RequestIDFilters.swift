internal import Memory

/// Which request ids a block may have: a filter for each quarter of them, told apart by their hashes.
///
/// A search for one id has to ask the filters of all blocks, and reading these is what takes its time. In the file
/// the filters of a quarter lie together, so it reads a quarter of them.
struct RequestIDFilters {
  static let quarters = 4
  /// Keys of `request_ids` are a quarter, from 1 on, above so many bits of a block's number. Filters of a block
  /// that one build wrote whole stand where no quarter is.
  private static let blockBits: Int64 = 40

  private var filters = [MemberFilter](repeating: MemberFilter(bits: 1 << 13), count: quarters)

  mutating func add(_ hash: UInt64) { filters[RequestIDFilters.quarter(of: hash)].add(hash) }

  mutating func removeAll() {
    for quarter in filters.indices { filters[quarter].removeAll() }
  }

  /// Appends the filter of a quarter.
  func put(quarter: Int, into out: inout ByteBuffer) { filters[quarter].put(into: &out) }

  private static func quarter(of hash: UInt64) -> Int { Int(hash >> 62) }

  // MARK: Keys

  static func key(quarter: Int, block: Int64) -> Int64 { (Int64(quarter) + 1) << blockBits | block }

  /// The keys that a block's filters may have.
  static func keys(block: Int64) -> [Int64] {
    [block] + (0..<quarters).map { key(quarter: $0, block: block) }
  }

  /// Keys of the filters that may have what `hash` was made of, each to the block's number.
  private static func keys(for hash: UInt64) -> [Range<Int64>] {
    let first = key(quarter: quarter(of: hash), block: 0)
    return [0..<1 << blockBits, first..<first + 1 << blockBits]
  }

  /// The blocks that may have a request id.
  ///
  /// The filters are read in the order in which they lie in the file. Of many thousands a handful is left, and only
  /// the rows of these are looked up.
  static func blocks(with hash: UInt64, in database: Database) throws(DatabaseError) -> [Int64] {
    var blocks: [Int64] = []
    let filters = try database.prepare(
      "SELECT id, filter FROM request_ids WHERE id >= ?1 AND id < ?2")
    for keys in keys(for: hash) {
      try filters.bind(1, keys.lowerBound)
      try filters.bind(2, keys.upperBound)
      while try filters.step() {
        let mayHave = try filters.withBlob(1) { (filter: RawSpan) throws(DatabaseError) -> Bool in
          MemberFilter.mayHave(hash, in: filter)
        }
        if mayHave { blocks.append(filters.integer(0) & (1 << blockBits - 1)) }
      }
      filters.reset()
    }
    return blocks
  }
}
