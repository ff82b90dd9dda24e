internal import JSONText
package import Memory

/// The line of one exchange in the traffic log: one JSON object, formatted by hand.
///
/// Its parts are written in order while the exchange runs: the request while its bytes are in memory, then the plan,
/// each attempt as it ends, and the rest at the exchange's end. So no part of a request is stored in a second form. The
/// names of members are the log's contract (docs/traffic-log.md).
package enum TrafficLine {
  private static let pathLimit = 2048
  private static let userAgentLimit = 512
  private static let certificateTextLimit = 512

  /// Opens the line. The time must follow, in RFC 3339 up to the decimal point.
  package static func open(into out: inout ByteBuffer) { out.put("{\"timestamp\":\"") }

  /// Ends the time. The request id must follow.
  package static func putMicrosecond(_ microsecond: Int, into out: inout ByteBuffer) {
    out.put(decimal: microsecond, width: 6)
    out.put("Z\",\"request_id\":\"")
  }

  /// Ends the request id and names the gateway that writes the line, unless the name is empty. The caller's address
  /// must follow. These bytes are the same in all lines of one configuration, so a relay makes them once.
  package static func openAddress(of gateway: String, into out: inout ByteBuffer) {
    if !gateway.isEmpty {
      out.put("\",\"gateway\":\"")
      putName(gateway, into: &out)
    }
    out.put("\",\"client.address\":\"")
  }

  /// Ends the caller's address if no request follows.
  package static func closeAddress(into out: inout ByteBuffer) { out.put(UInt8(ascii: "\"")) }

  /// Ends the caller's address and adds the request line. `query` comes without its `?` and is masked by `mask`.
  /// `hasParameter` means that the path contains a semicolon.
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

  /// Appends a path with parameters, which is refused: `;jsessionid=…` may be a credential. Text after a semicolon
  /// becomes `***`.
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

  /// Adds that the request was HTTP/1.0.
  package static func putVersion10(into out: inout ByteBuffer) {
    out.put(",\"network.protocol.version\":\"1.0\"")
  }

  /// Adds the trace id of a valid `traceparent` field (W3C Trace Context section 3.2). Adds nothing for any other
  /// value.
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

  /// Adds the exchange's position in a continued trace: the trace's id in two halves, the gateway's own span, and the
  /// caller's span, which is 0 if there is none.
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

  /// Adds the result of the plan. Names come from the configuration or the catalogue. `caller` is empty if it is not
  /// known.
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

  /// Adds what a TLS caller has presented: the protocol version and, if it has a certificate, a name, the serial number
  /// and the issuer. The names come from the caller's certificate authority, so they are escaped.
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

  /// Adds the names of the limits in shadow mode that would have made the call wait.
  package static func putWouldQueue(_ limits: [String], into out: inout ByteBuffer) {
    out.put(",\"would_queue\":\"")
    for (index, name) in limits.enumerated() {
      if index > 0 { out.put(UInt8(ascii: " ")) }
      putName(name, into: &out)
    }
    out.put(UInt8(ascii: "\""))
  }

  /// Adds that the call was sent although `allow` does not grant it, because its caller is in permissive mode.
  package static func putWouldDeny(into out: inout ByteBuffer) {
    out.put(",\"would_deny\":\"allow\"")
  }

  /// Adds that nothing was sent: the mode is `dry-run`, and the caller got a description of what would have been sent.
  package static func putDryRun(into out: inout ByteBuffer) {
    out.put(",\"dry_run\":true")
  }

  /// Appends a configured name. It rarely contains characters that JSON must escape.
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
    /// 0 if no answer's head arrived.
    package var status: Int
    /// Microseconds from the attempt's start to its end.
    package var duration: Int
    /// Why a further attempt followed; nil for the last one.
    package var retryReason: StaticString?
    /// The credential, `token` or `basic`, if it differs from the one that the exchange began with.
    package var credential: StaticString?
    /// The attempt's span if the trace is continued; otherwise 0.
    package var span: UInt64 = 0
    /// Microseconds from the exchange's start to the attempt's. Written together with the span.
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
    /// Status sent to the caller; 0 if none was sent.
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

  /// Appends one attempt; the first one opens the list. `scope` contains the scopes of a token that differs from the
  /// one that the exchange began with.
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

  /// Appends the last part of the line with its line feed. `hasAttempts` closes the list of attempts.
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

  /// Microseconds as seconds with six decimal places.
  private static func putSeconds(_ microseconds: Int, into out: inout ByteBuffer) {
    if microseconds <= 0 {
      out.put(UInt8(ascii: "0"))
    } else {
      out.put(millionths: microseconds)
    }
  }
}
