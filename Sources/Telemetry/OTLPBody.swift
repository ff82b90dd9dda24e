internal import JSONText
internal import Memory

/// The body of an OTLP/HTTP export request in JSON (OpenTelemetry Protocol 1.x). As the JSON mapping requires, ids are
/// hexadecimal and 64-bit numbers are strings.
///
/// Texts are passed as in a line of the traffic log: already escaped for JSON, and masked.
struct OTLPBody: ~Copyable {
  private(set) var out = ByteBuffer()
  private let head: [UInt8]

  /// - Parameters:
  ///   - names: of the nested lists, for example `resourceSpans`, `scopeSpans` and `spans`.
  ///   - resource: describes the source of the telemetry.
  ///   - version: the version of this program.
  init(
    _ names: (resources: StaticString, scopes: StaticString, things: StaticString),
    resource: [ExportSettings.Attribute], version: String
  ) {
    var body = OTLPBody(head: [])
    body.out.put("{\"")
    body.out.put(names.resources)
    body.out.put("\":[{\"resource\":{\"attributes\":[")
    for entry in resource {
      body.separate()
      body.out.put("{\"key\":\"")
      body.out.put(escapingForJSON: entry.name)
      body.out.put("\",\"value\":{\"stringValue\":\"")
      body.out.put(escapingForJSON: entry.value)
      body.out.put("\"}}")
    }
    body.out.put("]},\"")
    body.out.put(names.scopes)
    body.out.put("\":[{\"scope\":{\"name\":\"scorm-gateway\",\"version\":\"")
    body.out.put(escapingForJSON: version)
    body.out.put("\"},\"")
    body.out.put(names.things)
    body.out.put("\":[")
    head = body.out.bytes.copied()
  }

  private init(head: [UInt8]) { self.head = head }

  /// Begins the body.
  mutating func open() {
    out.removeAll()
    out.put(contentsOf: head)
  }

  /// Ends the body.
  mutating func close() { out.put("]}]}]}") }

  mutating func put(_ literal: StaticString) { out.put(literal) }

  mutating func put(_ text: RawSpan) { out.put(text) }

  mutating func put(decimal number: Int) { out.put(decimal: number) }

  /// Puts a comma if the list already contains something.
  mutating func separate() {
    if out.bytes[out.count - 1] != UInt8(ascii: "[") { out.put(UInt8(ascii: ",")) }
  }

  /// Begins an attribute, or a member of a value. The value must follow, and then ``closeAttribute()``.
  mutating func openAttribute(_ prefix: StaticString, _ name: RawSpan = RawSpan()) {
    separate()
    out.put("{\"key\":\"")
    out.put(prefix)
    out.put(name)
    out.put("\",\"value\":")
  }

  mutating func closeAttribute() { out.put(UInt8(ascii: "}")) }

  mutating func value(text: RawSpan) {
    out.put("{\"stringValue\":\"")
    out.put(text)
    out.put("\"}")
  }

  /// Appends the text of a number without fraction or exponent.
  mutating func value(whole text: RawSpan) {
    out.put("{\"intValue\":\"")
    out.put(text)
    out.put("\"}")
  }

  mutating func value(number: Int) {
    out.put("{\"intValue\":\"")
    out.put(decimal: number)
    out.put("\"}")
  }

  /// Appends the text of a JSON number.
  mutating func value(decimal text: RawSpan) {
    out.put("{\"doubleValue\":")
    out.put(text)
    out.put("}")
  }

  mutating func value(flag: Bool) {
    out.put(flag ? "{\"boolValue\":true}" : "{\"boolValue\":false}")
  }

  /// Begins a list of attributes or of values. ``separate()`` must precede each value.
  mutating func openList(ofAttributes: Bool) {
    out.put(ofAttributes ? "{\"kvlistValue\":{\"values\":[" : "{\"arrayValue\":{\"values\":[")
  }

  mutating func closeList() { out.put("]}}") }
}
