internal import JSONText
internal import Memory
internal import Telemetry
internal import TrafficLog

/// Encodes lines of the traffic log as log records, one per call.
///
/// A record's attributes are the line's fields. They use the names of the semantic conventions if the line does,
/// otherwise the prefix `scorm_gateway.`, as spans do. Recorded bodies are left out: they hold personal data and were
/// requested only for log and journal.
struct LogRecordEncoder: ~Copyable, LineEncoder {
  private var records: OTLPLogRecords
  private var fields = LineFields()
  /// Reused to avoid allocation.
  private var text = ByteBuffer()

  /// - Parameter resource: the attributes of the service.
  init(_ resource: [ExportSettings.Attribute]) {
    records = OTLPLogRecords(resource: resource, version: GatewayVersion.text)
  }

  mutating func encode(
    _ lines: RawSpan, from start: Int, limit: Int, send: (RawSpan) -> Void
  ) -> (next: Int, count: Int) {
    records.open()
    let read = LogRecordEncoder.read(lines, from: start, limit: limit) { put($0) }
    records.close()
    if records.count > 0 { send(records.body) }
    return read
  }

  private mutating func put(_ line: RawSpan) {
    guard fields.read(line), let start = fields.start(in: line) else { return }
    var text = ByteBuffer()
    swap(&text, &self.text)
    LogRecordEncoder.putText(fields, line, into: &text)
    records.beginRecord(
      time: start, observed: start + fields.nanoseconds(.duration, in: line),
      severity: LogRecordEncoder.severity(fields, line), text: text.bytes)
    text.removeAll()
    swap(&text, &self.text)
    do throws(JSONDefect) { try putAttributes(of: line) } catch {
      // Cannot happen: the whole line was read before.
    }
    records.endRecord(
      trace: fields.value(.traceID, in: line), span: fields.value(.spanID, in: line))
  }

  /// Writes `GET /api/v2/courses?more=*** 200 completed`, followed by the error if there is one.
  private static func putText(
    _ fields: LineFields, _ line: RawSpan, into text: inout ByteBuffer
  ) {
    if fields.has(.method) {
      text.put(fields.value(.method, in: line))
      text.put(UInt8(ascii: " "))
      text.put(fields.value(.path, in: line))
      if fields.has(.query) {
        text.put(UInt8(ascii: "?"))
        text.put(fields.value(.query, in: line))
      }
    } else {
      text.put("(no request)")
    }
    for field in [LineFields.Field.status, .termination, .errorType] where fields.has(field) {
      text.put(UInt8(ascii: " "))
      text.put(fields.value(field, in: line))
    }
  }

  /// An error if the gateway or SCORM Cloud failed, or the caller got no answer. A warning if the call was refused or
  /// ended early. Otherwise information.
  private static func severity(
    _ fields: LineFields, _ line: RawSpan
  ) -> OTLPLogRecords.Severity {
    let status = fields.value(.status, in: line).wholeNumber ?? 0
    let termination = fields.value(.termination, in: line)
    let party = termination.slice(0, termination.firstIndex(of: UInt8(ascii: "/"), from: 0))
    if status == 0 || status >= 500 || party.equals("upstream") { return .error }
    let isWhole = termination.equals("completed") || termination.equals("admin")
    return status >= 400 || !isWhole ? .warning : .info
  }

  private mutating func putAttributes(of line: RawSpan) throws(JSONDefect) {
    var cursor = JSONCursor(line, depthLimit: LineFields.depthLimit)
    try cursor.beginObject()
    while let place = try cursor.nextMember() {
      let name = cursor.slice(place)
      let value = try cursor.value()
      guard LogRecordEncoder.isAttribute(name, value, cursor.slice(value.range)) else {
        try cursor.skip(value)
        continue
      }
      let isConvention = name.firstIndex(of: UInt8(ascii: "."), from: 0) < name.byteCount
      records.openAttribute(isConvention ? "" : "scorm_gateway.", name)
      try put(value, called: name, &cursor)
      records.closeAttribute()
    }
  }

  /// Whether a field of the line becomes an attribute of the record. Excluded are fields that the record has its own
  /// place for, a status without an answer, and bodies.
  private static func isAttribute(_ name: RawSpan, _ value: JSONEvent, _ text: RawSpan) -> Bool {
    if name.equals("timestamp") || name.equals("trace_id") || name.equals("span_id") {
      return false
    }
    if name.equals("http.response.status_code") { return !text.equals("0") }
    return !name.equals("http.request.body.content") && !name.equals("http.request.body.omitted")
      && !name.equals("http.response.body.content") && !name.equals("http.response.body.omitted")
  }

  /// Writes a value of the line. Its type depends only on its name, as collectors require: a value in seconds is a
  /// fraction even if it reads `0`.
  private mutating func put(
    _ value: JSONEvent, called name: RawSpan, _ cursor: inout JSONCursor
  ) throws(JSONDefect) {
    switch value.kind {
    case .string: records.value(text: cursor.slice(value.range))
    case .number where LogRecordEncoder.isTime(name) || !value.isWhole:
      records.value(decimal: cursor.slice(value.range))
    case .number: records.value(whole: cursor.slice(value.range))
    case .isTrue, .isFalse: records.value(flag: value.kind == .isTrue)
    case .arrayStart:
      records.openList(ofAttributes: false)
      while let element = try cursor.nextElement() {
        records.separate()
        try put(element, called: name, &cursor)
      }
      records.closeList()
    case .objectStart:
      records.openList(ofAttributes: true)
      while let place = try cursor.nextMember() {
        let name = cursor.slice(place)
        records.openAttribute("", name)
        try put(try cursor.value(), called: name, &cursor)
        records.closeAttribute()
      }
      records.closeList()
    case .objectEnd, .arrayEnd, .name, .null: records.value(text: RawSpan())
    }
  }

  private static func isTime(_ name: RawSpan) -> Bool {
    name.equals("duration") || name.equals("queue_wait") || name.equals("token_wait")
      || name.equals("start")
  }
}
