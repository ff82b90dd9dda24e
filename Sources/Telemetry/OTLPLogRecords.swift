internal import Memory

/// Log records as the body of an export request (`ExportLogsServiceRequest`).
///
/// Texts are passed as in a line of the traffic log: already escaped for JSON, and masked.
package struct OTLPLogRecords: ~Copyable {
  /// The severity of a record (Logs Data Model, "Field: SeverityNumber").
  package enum Severity: Int, Sendable {
    case info = 9
    case warning = 13
    case error = 17

    fileprivate var text: StaticString {
      switch self {
      case .info: "INFO"
      case .warning: "WARN"
      case .error: "ERROR"
      }
    }
  }

  private var message: OTLPBody
  /// Number of records in the body.
  package private(set) var count = 0

  /// - Parameters:
  ///   - resource: describes the source of the records.
  ///   - version: the version of this program.
  package init(resource: [ExportSettings.Attribute], version: String) {
    message = OTLPBody(
      ("resourceLogs", "scopeLogs", "logRecords"), resource: resource, version: version)
  }

  /// The whole body. Read it after ``close()``.
  package var body: RawSpan {
    @_lifetime(borrow self)
    get { message.out.bytes }
  }

  /// Begins a body.
  package mutating func open() {
    message.open()
    count = 0
  }

  /// Ends the body.
  package mutating func close() { message.close() }

  /// Begins a record.
  ///
  /// - Parameters:
  ///   - time: when it happened, in nanoseconds since 1970.
  ///   - observed: when it was recorded, in nanoseconds since 1970.
  ///   - text: the message for people.
  package mutating func beginRecord(
    time: Int64, observed: Int64, severity: Severity, text: RawSpan
  ) {
    message.separate()
    message.put("{\"timeUnixNano\":\"")
    message.put(decimal: Int(time))
    message.put("\",\"observedTimeUnixNano\":\"")
    message.put(decimal: Int(max(time, observed)))
    message.put("\",\"severityNumber\":")
    message.put(decimal: severity.rawValue)
    message.put(",\"severityText\":\"")
    message.put(severity.text)
    message.put("\",\"body\":")
    message.value(text: text)
    message.put(",\"attributes\":[")
    count += 1
  }

  /// Ends the record. Ids are hexadecimal digits; empty for none.
  package mutating func endRecord(trace: RawSpan, span: RawSpan) {
    message.put("]")
    if trace.byteCount > 0 {
      message.put(",\"traceId\":\"")
      message.put(trace)
      message.put("\"")
    }
    if span.byteCount > 0 {
      message.put(",\"spanId\":\"")
      message.put(span)
      message.put("\"")
    }
    message.put("}")
  }

  /// Begins an attribute, or a member of a value, whose name is `prefix` followed by `name`. Its value must follow.
  package mutating func openAttribute(_ prefix: StaticString, _ name: RawSpan) {
    message.openAttribute(prefix, name)
  }

  package mutating func closeAttribute() { message.closeAttribute() }

  package mutating func value(text: RawSpan) { message.value(text: text) }

  /// Appends the text of a number without fraction or exponent.
  package mutating func value(whole text: RawSpan) { message.value(whole: text) }

  /// Appends the text of a JSON number.
  package mutating func value(decimal text: RawSpan) { message.value(decimal: text) }

  package mutating func value(flag: Bool) { message.value(flag: flag) }

  /// Begins a value that is a list of attributes or of values.
  package mutating func openList(ofAttributes: Bool) {
    message.openList(ofAttributes: ofAttributes)
  }

  /// Must precede each value of a list.
  package mutating func separate() { message.separate() }

  package mutating func closeList() { message.closeList() }
}
