internal import JSONText
package import Memory

/// The line of one exchange in the traffic log: one JSON object, formatted by hand.
///
/// It is written in its order while the exchange runs: what the request tells while its bytes are at hand,
/// then the plan, each attempt as it ends, and the rest at the exchange's end. So nothing of a request is
/// kept in two forms. The names are the log's contract (docs/traffic-log.md).
package enum TrafficLine {
  private static let pathLimit = 2048
  private static let userAgentLimit = 512
  private static let certificateTextLimit = 512

  /// Opens the line; its time is to follow, RFC 3339 up to the point before the fraction.
  package static func open(into out: inout ByteBuffer) { out.put("{\"timestamp\":\"") }

  /// Ends the time; the request id is to follow.
  package static func putMicrosecond(_ microsecond: Int, into out: inout ByteBuffer) {
    out.put(decimal: microsecond, width: 6)
    out.put("Z\",\"request_id\":\"")
  }

  /// Ends the request id and names the gateway that writes the line, unless the name is empty; the caller's address is to
  /// follow. The same bytes in all lines of one configuration: a relay makes them once.
  package static func openAddress(of gateway: String, into out: inout ByteBuffer) {
    if !gateway.isEmpty {
      out.put("\",\"gateway\":\"")
      putName(gateway, into: &out)
    }
    out.put("\",\"client.address\":\"")
  }

  /// Ends the caller's address when there is no request to follow.
  package static func closeAddress(into out: inout ByteBuffer) { out.put(UInt8(ascii: "\"")) }

  /// Ends the caller's address and adds the request line. `query` comes without its `?`, and is shown as `mask` has it.
  /// `hasParameter` says that there is a semicolon in the path.
  package static func putRequest(
    method: RawSpan, path: RawSpan, hasParameter: Bool = false, query: RawSpan,
    masked mask: QueryMask = QueryMask(),
    into out: inout ByteBuffer
  ) {
    out.put("\",\"http.request.method\":\"")
    out.put(method)
    out.put("\",\"url.path\":\"")
    if hasParameter {
      putMasked(path, into: &out)
    } else {
      out.put(escapingForJSON: path, limit: pathLimit)
    }
    out.put(UInt8(ascii: "\""))
    if query.byteCount > 0 {
      out.put(",\"url.query\":\"")
      mask.put(query, into: &out)
      out.put(UInt8(ascii: "\""))
    }
  }

  /// A path with parameters, which is refused: `;jsessionid=…` may be a credential. What is behind a semicolon reads
  /// `***`.
  @inline(never)
  private static func putMasked(_ path: RawSpan, into out: inout ByteBuffer) {
    var start = 0
    while start < pathLimit {
      let end = path.firstIndex(of: UInt8(ascii: ";"), from: start)
      out.put(escapingForJSON: path.slice(start, end), limit: pathLimit)
      if end == path.byteCount { return }
      out.put(";***")
      start = path.firstIndex(of: UInt8(ascii: "/"), from: end)
      if start == path.byteCount { return }
    }
    out.put("\u{2026}")
  }

  package static func putUserAgent(_ text: RawSpan, into out: inout ByteBuffer) {
    out.put(",\"user_agent.original\":\"")
    out.put(escapingForJSON: text, limit: userAgentLimit)
    out.put(UInt8(ascii: "\""))
  }

  /// Says that the request was HTTP/1.0.
  package static func putVersion10(into out: inout ByteBuffer) {
    out.put(",\"network.protocol.version\":\"1.0\"")
  }

  /// Adds the trace id of a valid `traceparent` field (W3C Trace Context section 3.2). Anything else is left
  /// out.
  package static func putTraceID(fromTraceparent value: RawSpan, into out: inout ByteBuffer) {
    guard value.byteCount >= 55, value[2] == UInt8(ascii: "-"), value[35] == UInt8(ascii: "-"),
      value[52] == UInt8(ascii: "-"), isHexadecimal(value, 0, 2), !value.slice(0, 2).equals("ff"),
      isHexadecimal(value, 3, 35), isHexadecimal(value, 36, 52), isHexadecimal(value, 53, 55),
      !isZero(value, 3, 35), !isZero(value, 36, 52)
    else { return }
    if value.byteCount > 55 {
      guard value[55] == UInt8(ascii: "-"), !value.slice(0, 2).equals("00") else { return }
    }
    out.put(",\"trace_id\":\"")
    out.put(value.slice(3, 35))
    out.put(UInt8(ascii: "\""))
  }

  private static func isHexadecimal(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    for i in start..<end where bytes[i] &- 0x30 > 9 && bytes[i] &- 0x61 > 5 { return false }
    return true
  }

  private static func isZero(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    for i in start..<end where bytes[i] != 0x30 { return false }
    return true
  }

  /// Adds the exchange's place in a trace that is continued: the trace's id in two halves, the gateway's
  /// own span, and the caller's, 0 for none.
  package static func putTrace(
    high: UInt64, low: UInt64, span: UInt64, parent: UInt64, into out: inout ByteBuffer
  ) {
    out.put(",\"trace_id\":\"")
    out.put(hexadecimal: high, low)
    out.put("\",\"span_id\":\"")
    out.put(hexadecimal: span, width: 16)
    if parent != 0 {
      out.put("\",\"parent_span_id\":\"")
      out.put(hexadecimal: parent, width: 16)
    }
    out.put(UInt8(ascii: "\""))
  }

  /// Adds what the plan decided. Names come from the configuration or the catalogue; `caller` is empty for
  /// one that is not known.
  package static func putPlan(
    caller: String, app: String?, operation: StaticString?, credential: StaticString?,
    scope: String?, into out: inout ByteBuffer
  ) {
    if !caller.isEmpty {
      out.put(",\"caller\":\"")
      putName(caller, into: &out)
      out.put(UInt8(ascii: "\""))
    }
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
      putName(scope, into: &out)
      out.put(UInt8(ascii: "\""))
    }
  }

  /// Adds what a caller that speaks TLS has shown: the version, and of its certificate, if it has one, a name, the serial
  /// number and the issuer. Names are the caller's authority's, so they are escaped.
  package static func putTLS(
    version: String, name: String?, serial: String?, issuer: String?, into out: inout ByteBuffer
  ) {
    out.put(",\"tls.protocol.version\":\"")
    putName(version, into: &out)
    for (key, value) in [
      ("tls.client.san", name), ("tls.client.serial", serial), ("tls.client.issuer", issuer),
    ] {
      guard let value, !value.isEmpty else { continue }
      out.put("\",\"")
      out.put(text: key)
      out.put("\":\"")
      out.put(escapingForJSON: value.utf8.span.bytesOfElements, limit: certificateTextLimit)
    }
    out.put(UInt8(ascii: "\""))
  }

  /// Adds the names of the limits in shadow that would have made the call wait.
  package static func putWouldQueue(_ limits: [String], into out: inout ByteBuffer) {
    out.put(",\"would_queue\":\"")
    for (index, name) in limits.enumerated() {
      if index > 0 { out.put(UInt8(ascii: " ")) }
      putName(name, into: &out)
    }
    out.put(UInt8(ascii: "\""))
  }

  /// Appends that the call passed although `allow` does not grant it: its caller's mode is permissive.
  package static func putWouldDeny(into out: inout ByteBuffer) {
    out.put(",\"would_deny\":\"allow\"")
  }

  /// Appends that nothing was sent: the caller was told what would have been, for the mode is `dry-run`.
  package static func putDryRun(into out: inout ByteBuffer) {
    out.put(",\"dry_run\":true")
  }

  /// A configured name. It hardly ever holds what JSON must escape.
  private static func putName(_ name: String, into out: inout ByteBuffer) {
    let bytes = name.utf8.span.bytesOfElements
    let isPlain =
      bytes.firstControl(from: 0) == bytes.byteCount
      && bytes.firstIndex(of: UInt8(ascii: "\""), from: 0) == bytes.byteCount
      && bytes.firstIndex(of: UInt8(ascii: "\\"), from: 0) == bytes.byteCount
    if isPlain {
      out.put(bytes)
    } else {
      out.put(escapingForJSON: bytes)
    }
  }

  /// One upstream request of an exchange.
  package struct Attempt: Sendable, BitwiseCopyable {
    /// 0 when no answer's head arrived.
    package var status: Int
    /// Microseconds from the attempt's start to its end.
    package var duration: Int
    /// Why a further attempt followed; nil for the last one.
    package var retryReason: StaticString?
    /// The credential, when it is another than the exchange began with: `token` or `basic`.
    package var credential: StaticString?
    /// Its span, when the trace is continued; else 0.
    package var span: UInt64 = 0
    /// Microseconds from the exchange's start to its own. Told with the span.
    package var start = 0

    package init(
      status: Int, duration: Int, retryReason: StaticString?, credential: StaticString? = nil
    ) {
      self.credential = credential
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

  /// Appends one attempt; the first one opens the list. `scope` are the scopes of a token that is another than
  /// the one the exchange began with.
  package static func putAttempt(
    _ attempt: Attempt, scope: String? = nil, address: borrowing ByteBuffer, isFirst: Bool,
    into out: inout ByteBuffer
  ) {
    out.put(isFirst ? ",\"upstream\":[{\"address\":\"" : ",{\"address\":\"")
    out.put(address)
    out.put("\",\"status\":")
    out.put(decimal: attempt.status)
    out.put(",\"duration\":")
    putSeconds(attempt.duration, into: &out)
    if let credential = attempt.credential {
      out.put(",\"credential\":\"")
      out.put(credential)
      out.put(UInt8(ascii: "\""))
    }
    if let scope {
      out.put(",\"scope\":\"")
      putName(scope, into: &out)
      out.put(UInt8(ascii: "\""))
    }
    if let reason = attempt.retryReason {
      out.put(",\"retry\":\"")
      out.put(reason)
      out.put(UInt8(ascii: "\""))
    }
    if attempt.span != 0 {
      out.put(",\"start\":")
      putSeconds(attempt.start, into: &out)
      out.put(",\"span_id\":\"")
      out.put(hexadecimal: attempt.span, width: 16)
      out.put(UInt8(ascii: "\""))
    }
    out.put(UInt8(ascii: "}"))
  }

  /// Appends the last part of the line with its line feed. `hasAttempts` closes their list.
  package static func putEnding(_ e: Ending, hasAttempts: Bool, into out: inout ByteBuffer) {
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
    if microseconds <= 0 {
      out.put(UInt8(ascii: "0"))
    } else {
      out.put(millionths: microseconds)
    }
  }
}
