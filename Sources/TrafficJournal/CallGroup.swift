internal import Memory

/// Calls of one caller to one operation of one app: what statistics say of them.
struct CallGroup {
  struct Key: Hashable {
    /// Numbers of names; 0 for none.
    var caller: Int64 = 0
    var app: Int64 = 0
    var operation: Int64 = 0
  }

  var calls = 0
  var errors = 0
  /// Bytes.
  var sent: Int64 = 0
  var received: Int64 = 0
  /// Microseconds, of all calls together.
  var waited: Int64 = 0
  var durations = DurationHistogram()

  mutating func add(_ call: BlockCall) {
    calls += 1
    if call.isError { errors += 1 }
    sent &+= call.sent
    received &+= call.received
    waited &+= call.waited
    durations.add(call.duration)
  }

  mutating func add(_ other: CallGroup) {
    calls += other.calls
    errors += other.errors
    sent &+= other.sent
    received &+= other.received
    waited &+= other.waited
    durations.add(other.durations)
  }

  static func put(_ key: Key, _ group: CallGroup, into out: inout ByteBuffer) {
    out.put(varint: key.caller)
    out.put(varint: key.app)
    out.put(varint: key.operation)
    out.put(varint: Int64(group.calls))
    out.put(varint: Int64(group.errors))
    out.put(varint: group.sent)
    out.put(varint: group.received)
    out.put(varint: group.waited)
    group.durations.put(into: &out)
  }

  /// The groups that a block's row holds.
  static func forEach(
    in stored: RawSpan, _ body: (Key, CallGroup) -> Void
  ) throws(DatabaseError) {
    var reader = VarintReader(stored)
    while !reader.isAtEnd {
      var key = Key()
      key.caller = reader.next()
      key.app = reader.next()
      key.operation = reader.next()
      var group = CallGroup()
      group.calls = Int(clamping: reader.next())
      group.errors = Int(clamping: reader.next())
      group.sent = reader.next()
      group.received = reader.next()
      group.waited = reader.next()
      group.durations = DurationHistogram(&reader)
      guard !reader.isDamaged else { throw BlockCodec.damaged }
      body(key, group)
    }
  }
}
