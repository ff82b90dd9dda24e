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

  /// Adds a stored group, behind its key, without making it.
  ///
  /// - Returns: its calls and errors.
  @_lifetime(reader: copy reader)
  mutating func add(reading reader: inout VarintReader) -> (calls: Int, errors: Int) {
    let (calls, errors) = (Int(clamping: reader.next()), Int(clamping: reader.next()))
    self.calls &+= calls
    self.errors &+= errors
    sent &+= reader.next()
    received &+= reader.next()
    waited &+= reader.next()
    durations.add(reading: &reader)
    return (calls, errors)
  }
}

extension CallGroup.Key {
  @_lifetime(reader: copy reader)
  init(reading reader: inout VarintReader) {
    caller = reader.next()
    app = reader.next()
    operation = reader.next()
  }
}
