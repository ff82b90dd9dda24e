internal import Memory

/// The calls of one block, unpacked, or calls that are not in a block yet.
struct OpenBlock: ~Copyable {
  /// A call, and the position of its line.
  struct Entry {
    var call: BlockCall
    /// The call's number, in the order of all calls.
    var id: Int64
    var line: Range<Int>
  }

  private(set) var entries: [Entry] = []
  private var bytes = ByteBuffer()

  init() {}

  /// Reads a block's contents.
  ///
  /// - Parameters:
  ///   - count: number of calls.
  ///   - size: unpacked size in bytes.
  ///   - firstLine: the number of the first line.
  mutating func open(
    _ packed: RawSpan, count: Int, size: Int, firstLine: Int64, with codec: BlockCodec
  ) throws(DatabaseError) {
    try codec.unpack(packed, size: size, into: &bytes)
    guard count >= 0, count <= size else { throw BlockCodec.damaged }
    var read: [Entry] = []
    swap(&read, &entries)
    read.removeAll(keepingCapacity: true)
    let linesStart = try OpenBlock.readCalls(bytes.bytes, count: count, firstLine, into: &read)
    // The lines follow the numbers.
    var start = linesStart
    for number in read.indices {
      let end = start &+ max(0, read[number].call.lineBytes)
      guard end >= start, end < bytes.count else { throw BlockCodec.damaged }
      read[number].line = start..<end
      start = end + 1
    }
    guard start == bytes.count else { throw BlockCodec.damaged }
    swap(&read, &entries)
  }

  /// Reads the calls' numbers and returns the offset after them.
  private static func readCalls(
    _ bytes: RawSpan, count: Int, _ firstLine: Int64, into entries: inout [Entry]
  ) throws(DatabaseError) -> Int {
    var reader = VarintReader(bytes)
    var previous: Int64 = 0
    for number in 0..<count {
      let call = BlockCall(&reader, after: previous)
      previous = call.microsecond
      // Lines of an earlier version have no numbers; their position in the block serves instead.
      let id = CallID.make(microsecond: call.microsecond, line: firstLine &+ Int64(number))
      entries.append(Entry(call: call, id: id, line: 0..<0))
    }
    guard !reader.isDamaged else { throw BlockCodec.damaged }
    return reader.offset
  }

  /// Adds lines that are not packed. `firstLine` is the number of the first one.
  mutating func add(_ lines: RawSpan, firstLine: Int64, names: [String: Int64]) {
    var start = 0
    var number = firstLine
    while start < lines.byteCount {
      let end = lines.firstIndex(of: UInt8(ascii: "\n"), from: start)
      let line = lines.slice(start, end)
      if let fields = LineFields(line) {
        let place = bytes.count
        bytes.put(line)
        let call = BlockCall(fields, of: line, names: names)
        entries.append(
          Entry(
            call: call, id: CallID.make(microsecond: call.microsecond, line: number),
            line: place..<bytes.count))
      }
      number += 1
      start = end + 1
    }
  }

  /// An entry's line, borrowed.
  @_lifetime(borrow self)
  func bytes(_ entry: Entry) -> RawSpan {
    bytes.bytes.slice(entry.line.lowerBound, entry.line.upperBound)
  }

  /// A copy of an entry's line.
  func line(_ entry: Entry) -> [UInt8] { bytes(entry).copied() }
}
