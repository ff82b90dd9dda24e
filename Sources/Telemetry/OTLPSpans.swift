internal import Memory

/// Spans as the body of an export request (`ExportTraceServiceRequest`).
///
/// Texts are passed as in a line of the traffic log: already escaped for JSON, and masked.
package struct OTLPSpans: ~Copyable {
  package enum Kind: Int, Sendable {
    case server = 2
    case client = 3
  }

  private var message: OTLPBody
  /// Number of spans in the body.
  package private(set) var count = 0

  /// - Parameters:
  ///   - resource: describes the source of the spans.
  ///   - version: the version of this program.
  package init(resource: [ExportSettings.Attribute], version: String) {
    message = OTLPBody(
      ("resourceSpans", "scopeSpans", "spans"), resource: resource, version: version)
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

  /// Begins a span. Ids are hexadecimal digits; `parent` is empty for a root. Times are in nanoseconds since 1970.
  package mutating func beginSpan(
    trace: RawSpan, span: RawSpan, parent: RawSpan, name: RawSpan, kind: Kind, start: Int64,
    end: Int64
  ) {
    message.separate()
    message.put("{\"traceId\":\"")
    message.put(trace)
    message.put("\",\"spanId\":\"")
    message.put(span)
    if parent.byteCount > 0 {
      message.put("\",\"parentSpanId\":\"")
      message.put(parent)
    }
    message.put("\",\"name\":\"")
    message.put(name)
    message.put("\",\"kind\":")
    message.put(decimal: kind.rawValue)
    message.put(",\"startTimeUnixNano\":\"")
    message.put(decimal: Int(start))
    message.put("\",\"endTimeUnixNano\":\"")
    message.put(decimal: Int(max(start, end)))
    message.put("\",\"attributes\":[")
    count += 1
  }

  /// Adds an attribute, unless `text` is empty.
  package mutating func attribute(_ key: StaticString, text: RawSpan) {
    guard text.byteCount > 0 else { return }
    message.openAttribute(key)
    message.value(text: text)
    message.closeAttribute()
  }

  package mutating func attribute(_ key: StaticString, number: Int) {
    message.openAttribute(key)
    message.value(number: number)
    message.closeAttribute()
  }

  /// Adds an attribute whose `text` is a JSON number, unless `text` is empty.
  package mutating func attribute(_ key: StaticString, decimal text: RawSpan) {
    guard text.byteCount > 0 else { return }
    message.openAttribute(key)
    message.value(decimal: text)
    message.closeAttribute()
  }

  /// Ends the span. Without an error its status stays unset, as the conventions for HTTP require.
  package mutating func endSpan(isError: Bool) {
    message.put(isError ? "],\"status\":{\"code\":2}}" : "],\"status\":{}}")
  }
}
