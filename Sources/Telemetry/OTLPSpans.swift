internal import JSONText
internal import Memory

/// Spans as the body of an OTLP/HTTP export request in JSON (OpenTelemetry Protocol 1.x,
/// `ExportTraceServiceRequest`; ids are hexadecimal and 64-bit numbers are text, as the JSON mapping asks).
///
/// Texts come as they stand in a line of the traffic log: escaped for JSON, and masked, already.
package struct OTLPSpans: ~Copyable {
  package enum Kind: Int, Sendable {
    case server = 2
    case client = 3
  }

  private var out = ByteBuffer()
  private let head: [UInt8]
  private var hasAttributes = false
  /// Spans in the body.
  package private(set) var count = 0

  /// - Parameters:
  ///   - service: `service.name`.
  ///   - version: of this program.
  ///   - attributes: further ones of the resource.
  package init(service: String, version: String, attributes: [(name: String, value: String)]) {
    var text = ByteBuffer()
    text.put("{\"resourceSpans\":[{\"resource\":{\"attributes\":[")
    let resource = [("service.name", service), ("service.version", version)] + attributes
    for (index, entry) in resource.enumerated() {
      text.put(text: "\(index > 0 ? "," : ""){\"key\":\"")
      text.put(escapingForJSON: entry.0)
      text.put("\",\"value\":{\"stringValue\":\"")
      text.put(escapingForJSON: entry.1)
      text.put("\"}}")
    }
    text.put("]},\"scopeSpans\":[{\"scope\":{\"name\":\"scorm-gateway\",\"version\":\"")
    text.put(escapingForJSON: version)
    text.put("\"},\"spans\":[")
    head = text.bytes.copied()
  }

  /// The whole body. To be taken after the last span.
  package var body: RawSpan {
    @_lifetime(borrow self)
    get { out.bytes }
  }

  /// Begins a body.
  package mutating func open() {
    out.removeAll()
    out.put(contentsOf: head)
    count = 0
  }

  /// Ends the body.
  package mutating func close() { out.put("]}]}]}") }

  /// Begins a span. Ids are hexadecimal digits; `parent` is empty for a root. Times in nanoseconds since
  /// 1970.
  package mutating func beginSpan(
    trace: RawSpan, span: RawSpan, parent: RawSpan, name: RawSpan, kind: Kind, start: Int64,
    end: Int64
  ) {
    out.put(count > 0 ? ",{\"traceId\":\"" : "{\"traceId\":\"")
    out.put(trace)
    out.put("\",\"spanId\":\"")
    out.put(span)
    if parent.byteCount > 0 {
      out.put("\",\"parentSpanId\":\"")
      out.put(parent)
    }
    out.put("\",\"name\":\"")
    out.put(name)
    out.put("\",\"kind\":")
    out.put(decimal: kind.rawValue)
    out.put(",\"startTimeUnixNano\":\"")
    out.put(decimal: Int(start))
    out.put("\",\"endTimeUnixNano\":\"")
    out.put(decimal: Int(max(start, end)))
    out.put("\",\"attributes\":[")
    hasAttributes = false
    count += 1
  }

  /// Adds an attribute, unless `text` is empty.
  package mutating func attribute(_ key: StaticString, text: RawSpan) {
    guard text.byteCount > 0 else { return }
    putKey(key)
    out.put("\"stringValue\":\"")
    out.put(text)
    out.put("\"}}")
  }

  package mutating func attribute(_ key: StaticString, number: Int) {
    putKey(key)
    out.put("\"intValue\":\"")
    out.put(decimal: number)
    out.put("\"}}")
  }

  /// Adds an attribute whose `text` is a JSON number, unless it is empty.
  package mutating func attribute(_ key: StaticString, decimal text: RawSpan) {
    guard text.byteCount > 0 else { return }
    putKey(key)
    out.put("\"doubleValue\":")
    out.put(text)
    out.put("}}")
  }

  /// Ends the span. Without an error its status stays unset, as the conventions for HTTP want.
  package mutating func endSpan(isError: Bool) {
    out.put(isError ? "],\"status\":{\"code\":2}}" : "],\"status\":{}}")
  }

  private mutating func putKey(_ key: StaticString) {
    out.put(hasAttributes ? ",{\"key\":\"" : "{\"key\":\"")
    out.put(key)
    out.put("\",\"value\":{")
    hasAttributes = true
  }
}
