internal import JSONText
internal import Memory
internal import TrafficLog

/// The values of a line that the journal's tables need: numbers, and the positions of its texts in the line.
struct LineFields {
  /// Microseconds since 1970.
  var microsecond: Int64 = 0
  var caller: Range<Int>?
  var app: Range<Int>?
  var operation: Range<Int>?
  var error: Range<Int>?
  var path: Range<Int>?
  var method: Range<Int>?
  var requestID: Range<Int>?
  var status: Int64 = 0
  /// Microseconds.
  var duration: Int64 = 0
  var queueWait: Int64 = 0
  var tokenWait: Int64 = 0
  /// Bytes of the bodies: sent by the caller, and received in the answer.
  var sent: Int64 = 0
  var received: Int64 = 0

  /// Reads `line`, without its line feed. Nil if it is not a line of the traffic log.
  init?(_ line: RawSpan) {
    // Nearly every line was just written by the log.
    if let fields = LineFields(written: line) {
      self = fields
    } else if let fields = LineFields(any: line) {
      self = fields
    } else {
      return nil
    }
  }

  /// Reads a line in the log's usual form: no blanks, no escapes, ASCII only, and nothing nested except the attempts.
  /// Nil for any other line, even an invalid one, which ``init(any:)`` decides. Costs a third of that.
  init?(written line: RawSpan) {
    guard line.has(0), line[0] == UInt8(ascii: "{") else { return nil }
    var hasTime = false
    var at = 1
    while let member = WrittenMember(of: line, from: at) {
      let key = line.slice(member.nameStart, member.nameEnd)
      if member.kind == .arrayStart {
        guard let end = WrittenMember.attemptsEnd(of: line, from: member.start),
          !LineFields.isText(key), !LineFields.isCount(key), !LineFields.isTime(key)
        else { return nil }
        at = end
      } else {
        let bytes = line.slice(member.start, member.end)
        if key.equals("timestamp") {
          guard member.kind == .string, let time = TrafficRecord.time(bytes) else { return nil }
          microsecond = time / 1000
          hasTime = true
        } else if !take(key, member.kind, member.start..<member.end, bytes) {
          return nil
        }
        at = member.next
      }
      guard line.has(at) else { return nil }
      if line[at] == UInt8(ascii: ",") {
        at &+= 1
        continue
      }
      guard line[at] == UInt8(ascii: "}"), at &+ 1 == line.byteCount, hasTime else { return nil }
      return
    }
    return nil
  }

  /// Reads any line, strictly.
  init?(any line: RawSpan) {
    var hasTime = false
    do throws(JSONDefect) {
      var cursor = JSONCursor(line, depthLimit: TrafficLog.LineFields.depthLimit)
      try cursor.beginObject()
      while let name = try cursor.nextMember() {
        let value = try cursor.value()
        // Not through the cursor, which would be copied as a whole for this.
        let key = line.slice(name.lowerBound, name.upperBound)
        let bytes = line.slice(value.range.lowerBound, value.range.upperBound)
        if key.equals("timestamp") {
          guard value.kind == .string, let time = TrafficRecord.time(bytes)
          else { return nil }
          microsecond = time / 1000
          hasTime = true
        } else if !take(key, value.kind, value.range, bytes) {
          return nil
        }
        try cursor.skip(value)
      }
      try cursor.end()
    } catch { return nil }
    guard hasTime else { return nil }
  }

  /// Takes a member. Returns false if its value is not one that the log writes.
  @inline(__always)
  private mutating func take(
    _ key: RawSpan, _ kind: JSONEvent.Kind, _ bounds: Range<Int>, _ bytes: RawSpan
  ) -> Bool {
    switch kind {
    case .string:
      if LineFields.isText(key) { take(key, bounds) }
      return !LineFields.isCount(key) && !LineFields.isTime(key)
    case .number:
      if LineFields.isCount(key) {
        guard let number = bytes.wholeNumber else { return false }
        take(key, count: number)
      } else if LineFields.isTime(key) {
        guard let time = bytes.nanosecondsOfSeconds else { return false }
        take(key, time: time / 1000)
      }
      return !LineFields.isText(key)
    default:
      return !LineFields.isText(key) && !LineFields.isCount(key) && !LineFields.isTime(key)
    }
  }

  private static func isText(_ key: RawSpan) -> Bool {
    key.equals("app") || key.equals("caller") || key.equals("url.path") || key.equals("operation")
      || key.equals("request_id") || key.equals("error.type")
      || key.equals("http.request.method")
  }

  private mutating func take(_ key: RawSpan, _ bounds: Range<Int>) {
    switch key.byteCount {
    case 3: app = bounds
    case 6: caller = bounds
    case 8: path = bounds
    case 9: operation = bounds
    case 19: method = bounds
    default: if key[0] == UInt8(ascii: "r") { requestID = bounds } else { error = bounds }
    }
  }

  private static func isCount(_ key: RawSpan) -> Bool {
    key.equals("http.response.status_code") || key.equals("http.request.body.size")
      || key.equals("http.response.body.size")
  }

  private mutating func take(_ key: RawSpan, count: Int64) {
    switch key.byteCount {
    case 25: status = count
    case 22: sent = count
    default: received = count
    }
  }

  private static func isTime(_ key: RawSpan) -> Bool {
    key.equals("duration") || key.equals("queue_wait") || key.equals("token_wait")
  }

  private mutating func take(_ key: RawSpan, time: Int64) {
    switch key[0] {
    case UInt8(ascii: "d"): duration = time
    case UInt8(ascii: "q"): queueWait = time
    default: tokenWait = time
    }
  }
}
