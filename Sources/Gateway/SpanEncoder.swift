internal import Memory
internal import Telemetry
internal import TrafficLog

/// Encodes lines of the traffic log as spans: one for the exchange, with a child for each upstream request.
struct SpanEncoder: ~Copyable, LineEncoder {
  private var spans: OTLPSpans
  private var fields = LineFields()

  /// - Parameter resource: the attributes of the service.
  init(_ resource: [ExportSettings.Attribute]) {
    spans = OTLPSpans(resource: resource, version: GatewayVersion.text)
  }

  mutating func encode(
    _ lines: RawSpan, from start: Int, limit: Int, send: (RawSpan) -> Void
  ) -> (next: Int, count: Int) {
    spans.open()
    let read = SpanEncoder.read(lines, from: start, limit: limit) { put($0) }
    spans.close()
    if spans.count > 0 { send(spans.body) }
    return read
  }

  private mutating func put(_ line: RawSpan) {
    guard fields.read(line), fields.has(.traceID), fields.has(.spanID),
      let start = fields.start(in: line)
    else { return }
    let trace = fields.value(.traceID, in: line)
    let own = fields.value(.spanID, in: line)
    let method = fields.value(.method, in: line)
    let end = start + fields.nanoseconds(.duration, in: line)
    let unnamed: [UInt8] = Array("HTTP".utf8)
    // Not the method: a caller may send anything there, and span names must be few.
    let name =
      fields.has(.operation) ? fields.value(.operation, in: line) : unnamed.span.bytesOfElements
    spans.beginSpan(
      trace: trace, span: own, parent: fields.value(.parentSpanID, in: line), name: name,
      kind: .server, start: start, end: end)
    putText("http.request.method", .method, line)
    putText("url.path", .path, line)
    putText("url.query", .query, line)
    putText("user_agent.original", .userAgent, line)
    putText("client.address", .address, line)
    putText("error.type", .errorType, line)
    putText("scorm_gateway.request_id", .requestID, line)
    putText("scorm_gateway.operation", .operation, line)
    putText("scorm_gateway.caller", .caller, line)
    putText("scorm_gateway.app", .app, line)
    putText("scorm_gateway.credential", .credential, line)
    putText("scorm_gateway.termination", .termination, line)
    spans.attribute("scorm_gateway.queue_wait", decimal: fields.value(.queueWait, in: line))
    spans.attribute("scorm_gateway.token_wait", decimal: fields.value(.tokenWait, in: line))
    let status = Int(fields.nanoseconds(.status, in: line) / 1_000_000_000)
    if status > 0 { spans.attribute("http.response.status_code", number: status) }
    for (key, field) in [
      ("http.request.body.size", LineFields.Field.requestSize),
      ("http.response.body.size", .responseSize),
    ] as [(StaticString, LineFields.Field)] {
      spans.attribute(key, number: Int(fields.nanoseconds(field, in: line) / 1_000_000_000))
    }
    spans.endSpan(isError: status == 0 || status >= 500)
    for (index, attempt) in fields.attempts(in: line).enumerated() where !attempt.span.isEmpty {
      putAttempt(attempt, index, line, trace, own, method.byteCount > 0 ? method : name, start)
    }
  }

  private mutating func putAttempt(
    _ attempt: LineFields.Attempt, _ index: Int, _ line: RawSpan, _ trace: RawSpan,
    _ parent: RawSpan, _ name: RawSpan, _ exchangeStart: Int64
  ) {
    let start = exchangeStart + attempt.start
    spans.beginSpan(
      trace: trace, span: line.slice(attempt.span.lowerBound, attempt.span.upperBound),
      parent: parent, name: name, kind: .client, start: start, end: start + attempt.duration)
    putText("http.request.method", .method, line)
    let address = line.slice(attempt.address.lowerBound, attempt.address.upperBound)
    var colon = address.byteCount
    for i in 0..<address.byteCount where address[i] == UInt8(ascii: ":") { colon = i }
    spans.attribute("server.address", text: address.slice(0, colon))
    if colon < address.byteCount {
      var port = 0
      for i in colon + 1..<address.byteCount { port = port &* 10 &+ Int(address[i] &- 0x30) }
      spans.attribute("server.port", number: port)
    }
    if index > 0 { spans.attribute("http.request.resend_count", number: index) }
    if attempt.status > 0 {
      spans.attribute("http.response.status_code", number: attempt.status)
    }
    if !attempt.retryReason.isEmpty {
      spans.attribute(
        "scorm_gateway.retry",
        text: line.slice(attempt.retryReason.lowerBound, attempt.retryReason.upperBound))
    }
    spans.endSpan(isError: attempt.status == 0 || attempt.status >= 400)
  }

  private mutating func putText(_ key: StaticString, _ field: LineFields.Field, _ line: RawSpan) {
    spans.attribute(key, text: fields.value(field, in: line))
  }
}
