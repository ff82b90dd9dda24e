internal import Memory

/// What one line of the traffic log says about a call: the part that a replay needs.
package struct TrafficRecord: Sendable, Equatable {
  /// Nanoseconds since 1970.
  package var timestamp: Int64 = 0
  package var caller: String?
  /// Nil: it was refused before an app was chosen. One that has an app may be refused too: see `termination`.
  package var app: String?
  /// Nil: a path in no catalogue.
  package var operation: String?
  /// GET or HEAD.
  package var isRead = false
  /// Nanoseconds.
  package var duration: Int64 = 0
  package var queueWait: Int64 = 0
  /// Which party and phase ended it, as in `gateway/quota`.
  package var termination = ""

  /// Reads `line`, without its line feed; nil when it is no line of ours.
  package init?(line: RawSpan) {
    var scanner = JSONScanner(bytes: line)
    var hasTimestamp = false
    while let key = scanner.nextMember() {
      if key.equals("timestamp") {
        guard let text = scanner.string(), let time = TrafficRecord.time(text) else { return nil }
        timestamp = time
        hasTimestamp = true
      } else if key.equals("caller") {
        guard let name = scanner.plainText() else { return nil }
        caller = name
      } else if key.equals("app") {
        guard let name = scanner.plainText() else { return nil }
        app = name
      } else if key.equals("operation") {
        guard let name = scanner.plainText() else { return nil }
        operation = name
      } else if key.equals("termination") {
        guard let text = scanner.plainText() else { return nil }
        termination = text
      } else if key.equals("http.request.method") {
        guard let method = scanner.string() else { return nil }
        isRead = method.equals("GET") || method.equals("HEAD")
      } else if key.equals("duration") {
        guard let time = scanner.seconds() else { return nil }
        duration = time
      } else if key.equals("queue_wait") {
        guard let time = scanner.seconds() else { return nil }
        queueWait = time
      } else if !scanner.skipValue() {
        return nil
      }
    }
    guard hasTimestamp, scanner.hasReadObject else { return nil }
  }

  /// `2026-11-24T07:01:33.579950Z`, up to nine digits behind the point or none; nil for anything else.
  package static func time(_ text: RawSpan) -> Int64? {
    let count = text.byteCount
    guard count >= 20, count <= 30, text[count - 1] == UInt8(ascii: "Z"),
      let year = number(text, 0, 4), text[4] == UInt8(ascii: "-"),
      let month = number(text, 5, 7), text[7] == UInt8(ascii: "-"),
      let day = number(text, 8, 10), text[10] == UInt8(ascii: "T"),
      let hour = number(text, 11, 13), text[13] == UInt8(ascii: ":"),
      let minute = number(text, 14, 16), text[16] == UInt8(ascii: ":"),
      let second = number(text, 17, 19),
      1970...2200 ~= year, 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if count > 20 {
      guard text[19] == UInt8(ascii: "."), let digits = number(text, 20, count - 1) else {
        return nil
      }
      fraction = Int64(digits)
      for _ in (count - 21)..<9 { fraction *= 10 }
    }
    // Days since 1970-01-01; the year begins in March, so that leap days come last.
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    return Int64(seconds) * 1_000_000_000 + fraction
  }

  /// The decimal number in all of `start..<end`, at most nine digits.
  private static func number(_ text: RawSpan, _ start: Int, _ end: Int) -> Int? {
    guard start < end, end - start <= 9 else { return nil }
    var value = 0
    for i in start..<end {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit < 10 else { return nil }
      value = value * 10 + Int(digit)
    }
    return value
  }
}
