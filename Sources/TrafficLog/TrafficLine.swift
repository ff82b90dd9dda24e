package import Memory

/// The line of one exchange in the traffic log: one JSON object, formatted by hand.
///
/// What is known of the request is written while its bytes are at hand (``begin(_:…)``), the rest when the
/// exchange ends (``end(…)``), so that nothing of a request is kept in two forms.
package enum TrafficLine {
  /// What the request itself tells.
  package struct Beginning: ~Copyable, ~Escapable {
    /// RFC 3339 up to the point before the fraction, and the microseconds behind it.
    package var stamp: RawSpan
    package var microsecond: Int
    package var requestID: RawSpan
    package var address: RawSpan
    package var method: RawSpan
    package var path: RawSpan
    /// Without its `?`; nil when there is none.
    package var query: RawSpan
    package var userAgent: RawSpan
    package var traceID: RawSpan

    @_lifetime(copy stamp, copy requestID, copy address, copy method, copy path, copy query, copy userAgent, copy traceID)
    package init(
      stamp: RawSpan, microsecond: Int, requestID: RawSpan, address: RawSpan, method: RawSpan,
      path: RawSpan, query: RawSpan, userAgent: RawSpan, traceID: RawSpan
    ) {
      self.stamp = stamp
      self.microsecond = microsecond
      self.requestID = requestID
      self.address = address
      self.method = method
      self.path = path
      self.query = query
      self.userAgent = userAgent
      self.traceID = traceID
    }
  }

  private static let pathLimit = 2048
  private static let userAgentLimit = 512

  /// Appends the first part of the line.
  package static func begin(_ b: borrowing Beginning, into out: inout ByteBuffer) {
    out.put("{\"timestamp\":\"")
    out.put(b.stamp)
    out.put(decimal: b.microsecond, width: 6)
    out.put("Z\",\"request_id\":\"")
    out.put(b.requestID)
    out.put("\",\"client.address\":\"")
    out.put(b.address)
    out.put("\",\"http.request.method\":\"")
    out.put(b.method)
    out.put("\",\"url.path\":\"")
    JSONText.put(b.path, limit: pathLimit, into: &out)
    out.put(UInt8(ascii: "\""))
    if b.query.byteCount > 0 {
      out.put(",\"url.query\":\"")
      QueryMask.put(b.query, into: &out)
      out.put(UInt8(ascii: "\""))
    }
    if b.userAgent.byteCount > 0 {
      out.put(",\"user_agent.original\":\"")
      JSONText.put(b.userAgent, limit: userAgentLimit, into: &out)
      out.put(UInt8(ascii: "\""))
    }
    if b.traceID.byteCount > 0 {
      out.put(",\"trace_id\":\"")
      out.put(b.traceID)
      out.put(UInt8(ascii: "\""))
    }
  }

  /// Appends what the plan decided. Names come from the configuration or the catalogue.
  package static func plan(
    caller: String, app: String?, operation: StaticString?, credential: StaticString?,
    scope: StaticString?, into out: inout ByteBuffer
  ) {
    out.put(",\"caller\":\"")
    putName(caller, into: &out)
    out.put(UInt8(ascii: "\""))
    if let app {
      out.put(",\"app\":\"")
      putName(app, into: &out)
      out.put(UInt8(ascii: "\""))
    }
    if let operation {
      out.put(",\"operation\":\"")
      out.put(operation)
      out.put(UInt8(ascii: "\""))
    }
    if let credential {
      out.put(",\"credential\":\"")
      out.put(credential)
      out.put(UInt8(ascii: "\""))
    }
    if let scope {
      out.put(",\"scope\":\"")
      out.put(scope)
      out.put(UInt8(ascii: "\""))
    }
  }

  /// A configured name, which the configuration allows no quotes or control characters in.
  private static func putName(_ name: String, into out: inout ByteBuffer) {
    for byte in name.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { out.put(UInt8(ascii: "\\")) }
      out.put(byte < 0x20 ? UInt8(ascii: " ") : byte)
    }
  }

  /// One upstream request of an exchange.
  package struct Attempt: Sendable {
    /// 0 when no answer's head arrived.
    package var status: Int
    /// Microseconds from the attempt's start to its end.
    package var duration: Int
    /// Why a further attempt followed; nil for the last one.
    package var retryReason: StaticString?

    package init(status: Int, duration: Int, retryReason: StaticString?) {
      self.status = status
      self.duration = duration
      self.retryReason = retryReason
    }
  }

  /// How the exchange ended.
  package struct Ending: Sendable {
    /// Status sent to the caller; 0 when none was.
    package var status = 0
    package var requestBodySize = 0
    package var responseBodySize = 0
    /// Microseconds.
    package var duration = 0
    package var queueWait = 0
    package var tokenWait = 0
    /// 0 without a token.
    package var tokenFingerprint: UInt32 = 0
    package var termination: StaticString = "completed"
    package var errorType: StaticString?

    package init() {}
  }

  /// Appends one attempt; the caller of this writes the list's brackets with ``openAttempts(into:)``.
  package static func putAttempt(
    _ attempt: Attempt, address: RawSpan, isFirst: Bool, into out: inout ByteBuffer
  ) {
    out.put(isFirst ? ",\"upstream\":[{\"address\":\"" : ",{\"address\":\"")
    out.put(address)
    out.put("\",\"status\":")
    out.put(decimal: attempt.status)
    out.put(",\"duration\":")
    putSeconds(attempt.duration, into: &out)
    if let reason = attempt.retryReason {
      out.put(",\"retry\":\"")
      out.put(reason)
      out.put(UInt8(ascii: "\""))
    }
    out.put(UInt8(ascii: "}"))
  }

  /// Appends the last part of the line with its line feed. `hasAttempts` closes their list.
  package static func end(_ e: Ending, hasAttempts: Bool, into out: inout ByteBuffer) {
    if hasAttempts { out.put(UInt8(ascii: "]")) }
    out.put(",\"http.response.status_code\":")
    out.put(decimal: e.status)
    out.put(",\"http.request.body.size\":")
    out.put(decimal: e.requestBodySize)
    out.put(",\"http.response.body.size\":")
    out.put(decimal: e.responseBodySize)
    out.put(",\"duration\":")
    putSeconds(e.duration, into: &out)
    out.put(",\"queue_wait\":")
    putSeconds(e.queueWait, into: &out)
    out.put(",\"token_wait\":")
    putSeconds(e.tokenWait, into: &out)
    if e.tokenFingerprint != 0 {
      out.put(",\"token_fingerprint\":\"")
      out.put(hexadecimal: UInt64(e.tokenFingerprint), width: 8)
      out.put(UInt8(ascii: "\""))
    }
    out.put(",\"termination\":\"")
    out.put(e.termination)
    out.put(UInt8(ascii: "\""))
    if let error = e.errorType {
      out.put(",\"error.type\":\"")
      out.put(error)
      out.put(UInt8(ascii: "\""))
    }
    out.put("}\n")
  }

  /// Microseconds as seconds with six digits behind the point.
  private static func putSeconds(_ microseconds: Int, into out: inout ByteBuffer) {
    let value = max(0, microseconds)
    if value == 0 {
      out.put(UInt8(ascii: "0"))
      return
    }
    out.put(decimal: value / 1_000_000)
    out.put(UInt8(ascii: "."))
    out.put(decimal: value % 1_000_000, width: 6)
  }
}
