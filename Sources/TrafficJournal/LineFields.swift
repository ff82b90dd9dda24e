internal import Memory
internal import TrafficLog

/// What the journal's tables need of one line: numbers, and where its texts stand in the line.
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
  /// Bytes of the bodies: the caller's, and the answer's.
  var sent: Int64 = 0
  var received: Int64 = 0

  /// Reads `line`, without its line feed; nil when it is no line of the traffic log.
  init?(_ line: RawSpan) {
    var scanner = JSONScanner(bytes: line)
    var hasTime = false
    while let key = scanner.nextMember() {
      if key.equals("timestamp") {
        guard let text = scanner.string(), let time = TrafficRecord.time(text) else { return nil }
        microsecond = time / 1000
        hasTime = true
      } else if LineFields.isText(key) {
        guard let bounds = scanner.stringBounds() else { return nil }
        take(key, bounds)
      } else if LineFields.isCount(key) {
        guard let value = scanner.integer() else { return nil }
        take(key, count: value)
      } else if LineFields.isTime(key) {
        guard let value = scanner.seconds() else { return nil }
        take(key, time: value / 1000)
      } else if !scanner.skipValue() {
        return nil
      }
    }
    guard hasTime, scanner.hasReadObject else { return nil }
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
