package import System

/// One call, with a line for each known value.
extension TrafficTable {
  package static func details(_ record: CallRecord, in room: TextTable.Room) -> String {
    var table = TextTable([.init(""), .init("", least: 20, wraps: true)], hasHeader: false)
    func add(_ name: String, _ value: String?) {
      if let value, !value.isEmpty { table.append([name, value]) }
    }
    add("request id", shown(record.requestID))
    add("time", record.timestamp)
    add("gateway", record.gateway.map(shown))
    add("caller", record.caller.map(shown))
    add("from", shown(record.address))
    add(
      "request",
      ReplayRule.objection(record).map { _ in "none: bytes that could not be read" }
        ?? "\(shown(record.method)) \(record.path.isEmpty ? "*" : shown(record.path))")
    add("query", record.query.map(shown))
    add("user agent", record.userAgent.map(shown))
    add("app", record.app.map(shown))
    add("operation", record.operation)
    add("credential", record.credential)
    add("scope", record.scope.map(shown))
    add("status", record.status == 0 ? "none: no answer was sent" : String(record.status))
    add("ended by", record.termination)
    add("error", record.error)
    add("took", DurationText.text(nanoseconds: record.duration))
    add(
      "waited",
      "\(DurationText.text(nanoseconds: record.queueWait)) for limits, "
        + "\(DurationText.text(nanoseconds: record.tokenWait)) for a token")
    add("bytes", "\(record.sent) sent, \(record.received) received")
    add("body sent", body(record.sentBody, record.sentBodyOmitted))
    add("body received", body(record.receivedBody, record.receivedBodyOmitted))
    add("upstream", record.attempts.map(shown))
    return table.text(in: room)
  }
  /// JSON contains no control characters, and captured bodies contain no blanks between their parts.
  private static func body(_ content: String?, _ omitted: String?) -> String? {
    content.map { shown(String(decoding: CallRecord.plain($0), as: UTF8.self)) }
      ?? omitted.map { "not recorded: \($0)" }
  }
}
