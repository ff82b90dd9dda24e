internal import Histograms
internal import Memory

/// Statistics of the calls of one caller to one operation of one app.
struct CallGroup {
  struct Key: Hashable {
    /// Numbers of names; 0 if there is none.
    var caller: Int64 = 0
    var app: Int64 = 0
    var operation: Int64 = 0
  }

  var calls = 0
  /// Answers of 400 to 499.
  var refused = 0
  /// Answers of 500 and above, and calls without an answer.
  var failed = 0
  /// Bytes of bodies, as the caller sees them: sent in requests, and received in answers.
  var sent: Int64 = 0
  var received: Int64 = 0
  /// Total of all calls, in microseconds.
  var waited: Int64 = 0
  /// Durations in microseconds.
  var durations = LogHistogram()

  mutating func add(_ call: BlockCall) {
    calls += 1
    if call.hasFailed {
      failed += 1
    } else if call.status >= 400 {
      refused += 1
    }
    sent &+= call.sent
    received &+= call.received
    waited &+= call.waited
    durations.add(call.duration)
  }

  mutating func add(_ other: CallGroup) {
    calls += other.calls
    refused += other.refused
    failed += other.failed
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
    out.put(varint: Int64(group.refused))
    out.put(varint: Int64(group.failed))
    out.put(varint: group.sent)
    out.put(varint: group.received)
    out.put(varint: group.waited)
    group.durations.put(into: &out)
  }

  /// Adds a stored group, whose key was read before, without first making a value of it.
  ///
  /// - Returns: the group's calls, and how many of them failed.
  @_lifetime(reader: copy reader)
  mutating func add(reading reader: inout VarintReader) -> (calls: Int, failed: Int) {
    let calls = Int(clamping: reader.next())
    refused &+= Int(clamping: reader.next())
    let failed = Int(clamping: reader.next())
    self.calls &+= calls
    self.failed &+= failed
    sent &+= reader.next()
    received &+= reader.next()
    waited &+= reader.next()
    durations.add(reading: &reader)
    return (calls, failed)
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
