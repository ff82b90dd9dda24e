internal import JSONText
internal import Memory
internal import TrafficLog

/// Collects calls for a block: their lines, the values that searches compare, and the data that lets a search skip the
/// block.
struct BlockBuilder: ~Copyable {
  /// Bytes of lines at which a block is full. Small enough to be unpacked for one call, and large enough to compress
  /// well.
  static let fullBytes = 128 * 1024
  /// Largest unpacked size of a block, in bytes: a full one, its last line, and the calls' numbers.
  static let largestBytes = 8 * 1024 * 1024
  /// Maximum number of calls in a block, even if their lines are short.
  private static let fullCount = 1_024

  /// The number of the first call's line; 0 while the block is empty.
  private(set) var firstLine: Int64 = 0
  private(set) var count = 0
  /// When the earliest and the latest call began, in microseconds since 1970.
  private(set) var first = Int64.max
  private(set) var last = Int64.min
  /// The longest duration of a call, in microseconds.
  private(set) var slowest: Int64 = 0
  /// One bit per class of status; bit 0 is a call without an answer.
  private(set) var classes: Int64 = 0
  private(set) var requestIDs = RequestIDFilters()
  private(set) var words = MemberFilter(bits: 1 << 17)
  private(set) var calls = ByteBuffer()
  private(set) var lines = ByteBuffer()
  private var groups = CallGroups()
  private var lastMicrosecond: Int64 = 0
  private var text = ByteBuffer()

  var isEmpty: Bool { count == 0 }
  var isFull: Bool { lines.count >= BlockBuilder.fullBytes || count >= BlockBuilder.fullCount }

  /// The time from the earliest to the latest start of its calls if one more is added, in microseconds.
  func span(with microsecond: Int64) -> Int64 {
    isEmpty ? 0 : max(last, microsecond) &- min(first, microsecond)
  }

  /// Adds a call.
  ///
  /// - Parameters:
  ///   - line: the call's line, without the line feed.
  ///   - number: the line's number.
  mutating func add(_ call: BlockCall, _ line: RawSpan, _ fields: LineFields, number: Int64) {
    if isEmpty { firstLine = number }
    count += 1
    first = min(first, call.microsecond)
    last = max(last, call.microsecond)
    slowest = max(slowest, call.duration)
    classes |= 1 << min(9, max(0, call.status / 100))
    call.put(after: lastMicrosecond, into: &calls)
    lastMicrosecond = call.microsecond
    groups.add(call)
    if let id = fields.requestID {
      requestIDs.add(BlockBuilder.hash(requestID: line.slice(id.lowerBound, id.upperBound)))
    }
    // Moved out, because it is borrowed below while `self` is changed.
    var text = ByteBuffer()
    swap(&text, &self.text)
    WordText.put(fields, of: line, into: &text)
    WordText.add(wordsOf: text.bytes, to: &words)
    swap(&text, &self.text)
    lines.put(line)
    lines.put(UInt8(ascii: "\n"))
  }

  mutating func removeAll() {
    firstLine = 0
    count = 0
    first = .max
    last = .min
    slowest = 0
    classes = 0
    groups.removeAll()
    requestIDs.removeAll()
    words.removeAll()
    calls.removeAll()
    lines.removeAll()
    lastMicrosecond = 0
  }

  /// The hash of a request id as filters use it. `requestID` is the id inside its quotation marks.
  static func hash(requestID: RawSpan) -> UInt64 {
    requestID.firstIndex(of: UInt8(ascii: "\\"), from: 0) == requestID.byteCount
      ? MemberFilter.hash(requestID)
      : MemberFilter.hash(JSONString.text(of: requestID).span.bytesOfElements)
  }

  /// Appends the sets of names: callers, apps, operations.
  func putNames(into out: inout ByteBuffer) {
    let keys = groups.all.map(\.key)
    for names in [keys.map(\.caller), keys.map(\.app), keys.map(\.operation)] {
      let names = Set(names).sorted()
      out.put(varint: Int64(names.count))
      for name in names { out.put(varint: name) }
    }
  }

  /// Appends the groups in the order of their keys, so the same calls make the same bytes.
  func putGroups(into out: inout ByteBuffer) {
    let sorted = groups.all.sorted {
      ($0.key.caller, $0.key.app, $0.key.operation) < ($1.key.caller, $1.key.app, $1.key.operation)
    }
    for (key, group) in sorted { CallGroup.put(key, group, into: &out) }
  }
}

/// The groups of an unfinished block.
private struct CallGroups {
  private(set) var all: [(key: CallGroup.Key, group: CallGroup)] = []
  private var places: [CallGroup.Key: Int] = [:]
  /// A cache of group indices, each in a slot that its key selects. Hashing costs more than everything else here.
  private var slots = [Int](repeating: -1, count: 64)

  mutating func add(_ call: BlockCall) {
    let key = CallGroup.Key(caller: call.caller, app: call.app, operation: call.operation)
    let slot = Int(truncatingIfNeeded: key.caller &* 31 &+ key.app &* 7 &+ key.operation) & 63
    let place = slots[slot]
    if place >= 0, all[place].key == key {
      all[place].group.add(call)
      return
    }
    let found = places[key] ?? all.count
    if found == all.count {
      all.append((key, CallGroup()))
      places[key] = found
    }
    slots[slot] = found
    all[found].group.add(call)
  }

  mutating func removeAll() {
    all.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    for slot in slots.indices { slots[slot] = -1 }
  }
}
