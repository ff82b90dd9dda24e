internal import JSONText
internal import Memory
internal import TextCoding

/// The part of a call's line that is needed to replay calls against limits or rules.
package struct TrafficRecord: Sendable, Equatable {
  /// Nanoseconds since 1970.
  package var timestamp: Int64 = 0
  package var caller: String?
  /// Nil if the call was refused before an app was chosen. A call that has an app may have been refused too: see
  /// `termination`.
  package var app: String?
  /// Nil if the path is not in the catalogue.
  package var operation: String?
  /// GET or HEAD.
  package var isRead = false
  /// OPTIONS, which the gateway answers itself.
  package var isOptions = false
  /// 0 if there was no answer.
  package var status = 0
  /// Why there was no answer from the upstream, such as `policy-refused`.
  package var error: String?
  /// Whether it was sent although its caller is not permitted to make it.
  package var wouldDeny = false
  /// Whether it was not sent, and its caller got a description of what would have been sent.
  package var isDryRun = false
  /// Nanoseconds.
  package var duration: Int64 = 0
  package var queueWait: Int64 = 0
  /// Which party and phase ended it, such as `gateway/quota`.
  package var termination = ""

  /// Reads `line`, without its line feed. Nil if it is not a line of the traffic log.
  package init?(line: RawSpan) {
    var hasTimestamp = false
    do throws(JSONDefect) {
      var cursor = JSONCursor(line, depthLimit: LineFields.depthLimit)
      try cursor.beginObject()
      while let name = try cursor.nextMember() {
        let value = try cursor.value()
        guard take(cursor.slice(name), value, of: line, &hasTimestamp) else { return nil }
        try cursor.skip(value)
      }
      try cursor.end()
    } catch { return nil }
    guard hasTimestamp else { return nil }
  }

  /// Takes a member. Returns false if its value is not one that the log writes.
  private mutating func take(
    _ name: RawSpan, _ value: JSONEvent, of line: RawSpan, _ hasTimestamp: inout Bool
  ) -> Bool {
    let bytes = line.slice(value.start, value.end)
    if name.equals("timestamp") {
      guard value.kind == .string, let time = TrafficRecord.time(bytes) else { return false }
      timestamp = time
      hasTimestamp = true
    } else if name.equals("caller") {
      caller = TrafficRecord.plainText(value, bytes)
      return caller != nil
    } else if name.equals("app") {
      app = TrafficRecord.plainText(value, bytes)
      return app != nil
    } else if name.equals("operation") {
      operation = TrafficRecord.plainText(value, bytes)
      return operation != nil
    } else if name.equals("termination") {
      guard let text = TrafficRecord.plainText(value, bytes) else { return false }
      termination = text
    } else if name.equals("http.request.method") {
      guard value.kind == .string else { return false }
      isRead = bytes.equals("GET") || bytes.equals("HEAD")
      isOptions = bytes.equals("OPTIONS")
    } else if name.equals("http.response.status_code") {
      guard value.kind == .number, let number = bytes.wholeNumber else { return false }
      status = Int(clamping: number)
    } else if name.equals("would_deny") {
      wouldDeny = true
    } else if name.equals("dry_run") {
      isDryRun = true
    } else if name.equals("error.type") {
      error = TrafficRecord.plainText(value, bytes)
    } else if name.equals("duration") {
      guard value.kind == .number, let time = bytes.nanosecondsOfSeconds else { return false }
      duration = time
    } else if name.equals("queue_wait") {
      guard value.kind == .number, let time = bytes.nanosecondsOfSeconds else { return false }
      queueWait = time
    }
    return true
  }

  /// A string without escapes: a configured or catalogued name.
  private static func plainText(_ value: JSONEvent, _ bytes: RawSpan) -> String? {
    guard value.kind == .string,
      bytes.firstIndex(of: UInt8(ascii: "\\"), from: 0) == bytes.byteCount
    else { return nil }
    return bytes.text
  }

  /// Nanoseconds since 1970 for `2026-11-24T07:01:33.579950Z`, with up to nine decimal places or none. Nil for anything
  /// else, and for years before 1970 or after 2200.
  package static func time(_ text: RawSpan) -> Int64? {
    guard let moment = MomentText(text), moment.zone == .utc, moment.fractionDigits <= 9,
      1970...2200 ~= moment.year
    else { return nil }
    return Int64(moment.seconds) * 1_000_000_000 + Int64(moment.nanoseconds)
  }
}
