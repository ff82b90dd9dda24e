package import HTTPMessages
package import Memory

/// Writes the head that goes back to the caller.
package struct ResponseHeadRewriter: ~Copyable {
  private var upstreamOrigin = ByteBuffer(capacity: 64)
  private var upstreamBasePath = ByteBuffer(capacity: 32)
  private let dropped = ResponseHeadRewriter.dropped

  package init(rules: ForwardingRules) {
    upstreamOrigin.put(text: rules.upstreamOrigin)
    upstreamBasePath.put(text: rules.upstreamBasePath)
  }

  /// Fields of an answer that end here: the connection's own, and what would let a browser's page read
  /// or a browser's state change through us.
  package static let dropped: FieldSet = [
    .connection, .proxyConnection, .keepAlive, .te, .trailer, .transferEncoding, .upgrade,
    .http2Settings, .proxyAuthenticate, .proxyAuthorization, .proxyAuthenticationInfo,
    .accessControl, .setCookie, .altService, .strictTransportSecurity, .clearSiteData,
    .publicKeyPins, .contentTypeOptions, .xRequestID, .location,
  ]

  /// How the answer's body is framed for the caller.
  package enum OutgoingFraming: Sendable, Equatable {
    /// As the upstream's Content-Length says, or there is none.
    case unchanged
    case chunked
    /// Ends with the connection: for HTTP/1.0 callers.
    case untilClose
  }

  /// What the answer's head depends on besides itself.
  package struct Context: Sendable {
    package var framing: OutgoingFraming
    package var closesConnection: Bool
    /// The caller speaks HTTP/1.0 and asked to keep the connection.
    package var keepsAliveExplicitly: Bool
    /// `/apps/{name}` when the caller used it, else empty.
    package var appPrefix: String
    /// The answer is for a browser and passes as it is.
    package var leavesLocation: Bool

    package init(
      framing: OutgoingFraming, closesConnection: Bool, keepsAliveExplicitly: Bool = false,
      appPrefix: String = "", leavesLocation: Bool = false
    ) {
      self.framing = framing
      self.closesConnection = closesConnection
      self.keepsAliveExplicitly = keepsAliveExplicitly
      self.appPrefix = appPrefix
      self.leavesLocation = leavesLocation
    }
  }

  /// Appends the head without our request id and the closing empty line. `dates` has a Date line for
  /// answers without one.
  package func write(
    _ head: ResponseHead, fields: borrowing FieldList, in bytes: RawSpan, context: Context,
    dates: borrowing DateTexts, into out: inout ByteBuffer
  ) {
    // RFC 9110 section 2.5: our own version, the upstream's status and reason.
    out.put("HTTP/1.1")
    let statusEnd = head.fieldsStart
    let hasReasonSpace = bytes[12] == 0x20
    out.put(bytes.slice(8, hasReasonSpace ? statusEnd : 12))
    if !hasReasonSpace { out.put(" \r\n") }
    var dropped = dropped
    // RFC 9110 section 8.6: no Content-Length in 1xx and 204.
    if head.status < 200 || head.status == 204 { dropped.insert(.contentLength) }
    fields.copy(from: bytes, without: dropped, head.connection, into: &out)
    if head.present.contains(.location) { writeLocation(fields, bytes, context, into: &out) }
    if head.status >= 200 {
      if !head.present.contains(.date) { dates.putFieldLine(into: &out) }
      switch context.framing {
      case .chunked: out.put("Transfer-Encoding: chunked\r\n")
      case .unchanged, .untilClose: break
      }
      if context.closesConnection {
        out.put("Connection: close\r\n")
      } else if context.keepsAliveExplicitly {
        out.put("Connection: keep-alive\r\n")
      }
      ViaField.put(receivedIn: head.version, into: &out)
      out.put("X-Content-Type-Options: nosniff\r\n")
    }
  }

  /// A Location below the upstream's base path leads back through the gateway; everything else, launch
  /// links among it, is for somebody's browser and stays.
  @inline(never)
  private func writeLocation(
    _ fields: borrowing FieldList, _ bytes: RawSpan, _ context: Context, into out: inout ByteBuffer
  ) {
    for i in 0..<fields.count where fields[i].name == .location {
      let value = fields[i].value(in: bytes)
      out.put("Location: ")
      if !context.leavesLocation, let rest = restBelowBasePath(value) {
        out.put(text: context.appPrefix)
        out.put(RequestPlanner.basePath)
        out.put(value.slice(rest, value.byteCount))
      } else {
        out.put(value)
      }
      out.put("\r\n")
    }
  }

  /// Where the part below the upstream's base path begins, in an absolute URL or an absolute path.
  private func restBelowBasePath(_ value: RawSpan) -> Int? {
    // `//host/…` names another host, whatever its path looks like: RFC 3986 section 4.2.
    if value.byteCount > 1, value.slice(0, 2).equals("//") { return nil }
    var at = 0
    let origin = upstreamOrigin.bytes
    if value.byteCount >= origin.byteCount,
      value.slice(0, origin.byteCount).hasSameBytes(as: origin)
    {
      at = origin.byteCount
    }
    let base = upstreamBasePath.bytes
    let end = at + base.byteCount
    guard value.byteCount > end, value.slice(at, end).hasSameBytes(as: base),
      value[end] == UInt8(ascii: "/") || value[end] == UInt8(ascii: "?")
    else { return nil }
    return end
  }
}
