internal import Memory

/// The request ids that a block may have: one filter for each quarter of them, by hash.
///
/// A search for one id must read the filters of all blocks, and that takes most of its time. In the file the filters of
/// a quarter lie together, so the search reads only a quarter of them.
struct RequestIDFilters {
  static let quarters = 4
  /// Bits of a key of `request_ids` that contain the block's number. The quarter, from 1 on, is above them. One build
  /// wrote a single filter per block, with 0 instead of a quarter.
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

  /// The keys that a block's filters can have.
  static func keys(block: Int64) -> [Int64] {
    [block] + (0..<quarters).map { key(quarter: $0, block: block) }
  }

  /// The ranges of keys whose filters may contain the id with this hash.
  private static func keys(for hash: UInt64) -> [Range<Int64>] {
    let first = key(quarter: quarter(of: hash), block: 0)
    return [0..<1 << blockBits, first..<first + 1 << blockBits]
  }

  /// The blocks that may have a request id.
  ///
  /// The filters are read in the order in which they lie in the file. Of many thousands only a few match, and only
  /// their rows are read.
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
