internal import Memory

/// The values of a call in a block that searches and statistics use: numbers, and the length of its line.
struct BlockCall {
  /// Microseconds since 1970.
  var microsecond: Int64 = 0
  /// Numbers of names; 0 if there is none.
  var caller: Int64 = 0
  var app: Int64 = 0
  var operation: Int64 = 0
  var error: Int64 = 0
  var status: Int64 = 0
  /// Microseconds.
  var duration: Int64 = 0
  var waited: Int64 = 0
  /// Bytes.
  var sent: Int64 = 0
  var received: Int64 = 0
  /// Length of the call's line in bytes, without the line feed.
  var lineBytes = 0

  /// Answers of 500 and above, and calls without an answer.
  var hasFailed: Bool { status >= 500 || status == 0 }

  /// - Parameter previous: the microsecond of the previous call.
  func put(after previous: Int64, into out: inout ByteBuffer) {
    out.put(zigzag: microsecond &- previous)
    out.put(varint: caller)
    out.put(varint: app)
    out.put(varint: operation)
    out.put(varint: error)
    out.put(varint: status)
    out.put(varint: duration)
    out.put(varint: waited)
    out.put(varint: sent)
    out.put(varint: received)
    out.put(varint: Int64(lineBytes))
  }

  init() {}

  @_lifetime(reader: copy reader)
  init(_ reader: inout VarintReader, after previous: Int64) {
    microsecond = previous &+ reader.nextZigzag()
    caller = reader.next()
    app = reader.next()
    operation = reader.next()
    error = reader.next()
    status = reader.next()
    duration = reader.next()
    waited = reader.next()
    sent = reader.next()
    received = reader.next()
    lineBytes = Int(clamping: reader.next())
  }

  /// - Parameter names: numbers of names. A name that is missing here matches no search for a name.
  init(_ fields: LineFields, of line: RawSpan, names: [String: Int64]) {
    func number(_ bounds: Range<Int>?) -> Int64 {
      guard let bounds else { return 0 }
      return names[TrafficQuery.plain(line, bounds)] ?? -1
    }
    microsecond = fields.microsecond
    caller = number(fields.caller)
    app = number(fields.app)
    operation = number(fields.operation)
    error = number(fields.error)
    status = fields.status
    duration = fields.duration
    waited = fields.queueWait &+ fields.tokenWait
    sent = fields.sent
    received = fields.received
    lineBytes = line.byteCount
  }
}
