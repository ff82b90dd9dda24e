internal import Memory

/// Where the fields of a JSON line stand in it.
package struct LineFields {
  /// A field that the other formats show.
  package enum Field: Int, CaseIterable, Sendable {
    case timestamp, requestID, address, method, path, query, userAgent, version, traceID, spanID
    case parentSpanID, caller, app, operation, credential, scope, upstream, status, requestSize
    case responseSize, duration, queueWait, tokenWait, termination, errorType
  }

  private static let names: [StaticString] = [
    "timestamp", "request_id", "client.address", "http.request.method", "url.path", "url.query",
    "user_agent.original", "network.protocol.version", "trace_id", "span_id",
    "parent_span_id", "caller", "app", "operation", "credential", "scope", "upstream",
    "http.response.status_code", "http.request.body.size",
    "http.response.body.size", "duration", "queue_wait", "token_wait", "termination", "error.type",
  ]

  /// Per field, its value's bytes: a string's without its quotes. Empty for one that is missing.
  private var places = [Range<Int>](repeating: 0..<0, count: Field.allCases.count)

  package init() {}

  /// Reads `line`; false when it is no JSON object with a time.
  package mutating func read(_ line: RawSpan) -> Bool {
    for i in places.indices { places[i] = 0..<0 }
    var scanner = JSONScanner(bytes: line)
    while let key = scanner.nextMember() {
      let field = LineFields.names.firstIndex { key.equals($0) }
      let start = scanner.offset
      guard scanner.skipValue() else { return false }
      guard let field else { continue }
      let isText = line[start] == UInt8(ascii: "\"")
      places[field] = isText ? start + 1..<scanner.offset - 1 : start..<scanner.offset
    }
    return scanner.hasReadObject && !places[Field.timestamp.rawValue].isEmpty
  }

  package func has(_ field: Field) -> Bool { !places[field.rawValue].isEmpty }

  /// The field's value in `line`, escapes as they are; empty for one that is missing.
  @_lifetime(copy line)
  package func value(_ field: Field, in line: RawSpan) -> RawSpan {
    line.slice(places[field.rawValue].lowerBound, places[field.rawValue].upperBound)
  }

  /// When the exchange began, nanoseconds since 1970; nil for a time that is none.
  package func start(in line: RawSpan) -> Int64? {
    TrafficRecord.time(value(.timestamp, in: line))
  }

  /// A field of seconds, in nanoseconds; 0 for one that is missing.
  package func nanoseconds(_ field: Field, in line: RawSpan) -> Int64 {
    var scanner = JSONScanner(bytes: value(field, in: line))
    return scanner.seconds() ?? 0
  }

  /// One upstream request, as places in the line. Times in nanoseconds.
  package struct Attempt: Sendable {
    package var status = 0
    /// After the exchange's start; 0 when it is not told.
    package var start: Int64 = 0
    package var duration: Int64 = 0
    package var address = 0..<0
    package var span = 0..<0
    package var retryReason = 0..<0
    /// The duration's text.
    var durationText = 0..<0
  }

  /// The upstream requests, in order.
  package func attempts(in line: RawSpan) -> [Attempt] {
    let place = places[Field.upstream.rawValue]
    var scanner = JSONScanner(bytes: value(.upstream, in: line))
    var attempts: [Attempt] = []
    guard scanner.take("[") else { return [] }
    repeat {
      guard scanner.take("{") else { return attempts }
      var attempt = Attempt()
      repeat {
        guard let key = scanner.string(), scanner.take(":") else { return attempts }
        let start = place.lowerBound + scanner.offset
        guard scanner.skipValue() else { return attempts }
        let whole = start..<place.lowerBound + scanner.offset
        var number = JSONScanner(bytes: line.slice(whole.lowerBound, whole.upperBound))
        if key.equals("status") {
          attempt.status = Int((number.seconds() ?? 0) / 1_000_000_000)
        } else if key.equals("start") {
          attempt.start = number.seconds() ?? 0
        } else if key.equals("duration") {
          attempt.duration = number.seconds() ?? 0
          attempt.durationText = whole
        } else if whole.count >= 2 {
          let inside = whole.lowerBound + 1..<whole.upperBound - 1
          if key.equals("address") { attempt.address = inside }
          if key.equals("span_id") { attempt.span = inside }
          if key.equals("retry") { attempt.retryReason = inside }
        }
      } while scanner.take(",")
      attempts.append(attempt)
    } while scanner.take("}") && scanner.take(",")
    return attempts
  }
}
