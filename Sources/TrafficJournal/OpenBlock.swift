internal import Memory

/// The calls of one block, unpacked, or those that do not make one yet.
struct OpenBlock: ~Copyable {
  /// A call, and where its line stands.
  struct Entry {
    var call: BlockCall
    /// In the order of all calls.
    var id: Int64
    var line: Range<Int>
  }

  private(set) var entries: [Entry] = []
  private var bytes = ByteBuffer()

  init() {}

  /// Reads a block's contents.
  ///
  /// - Parameters:
  ///   - count: its calls.
  ///   - size: bytes that it unpacks to.
  ///   - firstLine: the number of its first line.
  mutating func open(
    _ packed: RawSpan, count: Int, size: Int, firstLine: Int64, with codec: BlockCodec
  ) throws(DatabaseError) {
    try codec.unpack(packed, size: size, into: &bytes)
    guard count >= 0, count <= size else { throw BlockCodec.damaged }
    var read: [Entry] = []
    swap(&read, &entries)
    read.removeAll(keepingCapacity: true)
    let linesStart = try OpenBlock.readCalls(bytes.bytes, count: count, firstLine, into: &read)
    // Behind the numbers the lines begin.
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

  /// Reads the calls' numbers and returns the offset behind them.
  private static func readCalls(
    _ bytes: RawSpan, count: Int, _ firstLine: Int64, into entries: inout [Entry]
  ) throws(DatabaseError) -> Int {
    var reader = VarintReader(bytes)
    var previous: Int64 = 0
    for number in 0..<count {
      let call = BlockCall(&reader, after: previous)
      previous = call.microsecond
      // Lines of an earlier version have no numbers; their place in the block does as well.
      let id = CallID.make(microsecond: call.microsecond, line: firstLine &+ Int64(number))
      entries.append(Entry(call: call, id: id, line: 0..<0))
    }
    guard !reader.isDamaged else { throw BlockCodec.damaged }
    return reader.offset
  }

  /// Takes lines that are not packed, the first of which has the number `firstLine`, in addition to what is there.
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

  /// The line of an entry, lent.
  @_lifetime(borrow self)
  func bytes(_ entry: Entry) -> RawSpan {
    bytes.bytes.slice(entry.line.lowerBound, entry.line.upperBound)
  }

  /// The line of an entry.
  func line(_ entry: Entry) -> [UInt8] { bytes(entry).copied() }
}
