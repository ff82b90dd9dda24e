internal import JSONText
internal import Memory

/// The positions of the fields in a JSON line.
package struct LineFields {
  /// A field that is used by the other formats.
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

  /// The range of each field's value, without the quotes of a string. Empty if the field is missing.
  private var places = [Range<Int>](repeating: 0..<0, count: Field.allCases.count)

  package init() {}

  /// Greatest nesting depth. Our own lines have three.
  package static let depthLimit = 8

  /// Reads `line`. Returns false if it is not a JSON object with a time.
  package mutating func read(_ line: RawSpan) -> Bool {
    for i in places.indices { places[i] = 0..<0 }
    do throws(JSONDefect) {
      var cursor = JSONCursor(line, depthLimit: LineFields.depthLimit)
      try cursor.beginObject()
      while let name = try cursor.nextMember() {
        let key = cursor.slice(name)
        let field = LineFields.names.firstIndex { key.equals($0) }
        let value = try cursor.value()
        try cursor.skip(value)
        guard let field else { continue }
        places[field] = value.isContainer ? value.start..<cursor.offset : value.range
      }
      try cursor.end()
    } catch { return false }
    return !places[Field.timestamp.rawValue].isEmpty
  }

  package func has(_ field: Field) -> Bool { !places[field.rawValue].isEmpty }

  /// The field's value in `line`, with escapes undecoded; empty if it is missing.
  @_lifetime(copy line)
  package func value(_ field: Field, in line: RawSpan) -> RawSpan {
    line.slice(places[field.rawValue].lowerBound, places[field.rawValue].upperBound)
  }

  /// When the exchange began, in nanoseconds since 1970; nil if the time is not valid.
  package func start(in line: RawSpan) -> Int64? {
    TrafficRecord.time(value(.timestamp, in: line))
  }

  /// A field of seconds, in nanoseconds; 0 if it is missing.
  package func nanoseconds(_ field: Field, in line: RawSpan) -> Int64 {
    value(field, in: line).nanosecondsOfSeconds ?? 0
  }

  /// One upstream request. Texts are ranges of the line, times are in nanoseconds.
  package struct Attempt: Sendable {
    package var status = 0
    /// Time after the exchange's start; 0 if the line does not contain it.
    package var start: Int64 = 0
    package var duration: Int64 = 0
    package var address = 0..<0
    package var span = 0..<0
    package var retryReason = 0..<0
    /// The duration as text.
    var durationText = 0..<0
  }

  /// The upstream requests, in order.
  package func attempts(in line: RawSpan) -> [Attempt] {
    var attempts: [Attempt] = []
    let start = places[Field.upstream.rawValue].lowerBound
    do throws(JSONDefect) {
      var cursor = JSONCursor(value(.upstream, in: line), depthLimit: LineFields.depthLimit)
      try cursor.beginArray()
      while let element = try cursor.nextElement() {
        guard element.kind == .objectStart else { return attempts }
        var attempt = Attempt()
        while let name = try cursor.nextMember() {
          let value = try cursor.value()
          attempt.take(cursor.slice(name), cursor.slice(value.range), at: start + value.start)
          try cursor.skip(value)
        }
        attempts.append(attempt)
      }
    } catch {
      // The whole line was read before. A value that is not a list of attempts has none.
    }
    return attempts
  }
}

extension LineFields.Attempt {
  /// Takes a member whose value begins at `place` in the line; for a string, after its quotation mark.
  fileprivate mutating func take(_ name: RawSpan, _ value: RawSpan, at place: Int) {
    let range = place..<place + value.byteCount
    if name.equals("status") {
      status = Int(value.wholeNumber ?? 0)
    } else if name.equals("start") {
      start = value.nanosecondsOfSeconds ?? 0
    } else if name.equals("duration") {
      duration = value.nanosecondsOfSeconds ?? 0
      durationText = range
    } else if name.equals("address") {
      address = range
    } else if name.equals("span_id") {
      span = range
    } else if name.equals("retry") {
      retryReason = range
    }
  }
}
