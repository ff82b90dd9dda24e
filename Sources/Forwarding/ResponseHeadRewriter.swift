package import HTTPMessages
package import Memory

/// Writes the head that is sent back to the caller.
package struct ResponseHeadRewriter: ~Copyable {
  private let staysInPlace = StaysInPlace()
  private let upstream: UpstreamReference
  let via: ViaField
  private let dropped = ResponseHeadRewriter.dropped

  package init(rules: ForwardingRules) {
    upstream = UpstreamReference(rules: rules)
    via = ViaField(hop: rules.hop)
  }

  /// Fields of an answer that are not passed on: hop-by-hop fields, fields that would let a web page read the answer or
  /// change a browser's state through the gateway, and Proxy-Status, by which callers tell the gateway's own answers
  /// from the upstream's.
  package static let dropped: FieldSet = [
    .connection, .proxyConnection, .keepAlive, .te, .trailer, .transferEncoding, .upgrade,
    .http2Settings, .proxyAuthenticate, .proxyAuthorization, .proxyAuthenticationInfo,
    .accessControl, .setCookie, .altService, .strictTransportSecurity, .clearSiteData,
    .publicKeyPins, .contentTypeOptions, .xRequestID, .location, .contentLocation,
    .proxyStatus,
  ]

  /// How the answer's body is framed for the caller.
  package enum OutgoingFraming: Sendable, Equatable {
    /// As the upstream's Content-Length says, or without a body.
    case unchanged
    case chunked
    /// The connection's end ends the body: for HTTP/1.0 callers.
    case untilClose
  }

  /// What the answer's head depends on, apart from the upstream's head.
  package struct Context: Sendable {
    package var framing: OutgoingFraming
    package var closesConnection: Bool
    /// The caller speaks HTTP/1.0 and asked to keep the connection.
    package var keepsAliveExplicitly: Bool
    /// `/apps/{name}` if the caller used it, else empty.
    package var appPrefix: String
    /// The answer is for a browser, so its Location is passed on unchanged.
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

  /// Appends the head without our request id and the closing empty line. `dates` supplies a Date line for answers
  /// without one.
  package func write(
    _ head: ResponseHead, fields: borrowing FieldList, in bytes: RawSpan, context: Context,
    dates: borrowing DateTexts, into out: inout ByteBuffer
  ) {
    // Our own version, with the upstream's status and reason (RFC 9110 section 2.5).
    out.put("HTTP/1.1")
    let statusEnd = head.fieldsStart
    let hasReasonSpace = bytes[12] == 0x20
    out.put(bytes.slice(8, hasReasonSpace ? statusEnd : 12))
    if !hasReasonSpace { out.put(" \r\n") }
    var dropped = dropped
    // No Content-Length in 1xx and 204 (RFC 9110 section 8.6).
    if head.status < 200 || head.status == 204 { dropped.insert(.contentLength) }
    if head.hasBlankBeforeColon {
      fields.copyRepaired(from: bytes, without: dropped, head.connection, into: &out)
    } else {
      fields.copy(from: bytes, without: dropped, head.connection, into: &out)
    }
    // Tested one by one: a set of both would be built for each answer.
    if head.present.contains(.location) || head.present.contains(.contentLocation) {
      writeLocations(fields, bytes, context, into: &out)
    }
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
      via.put(receivedIn: head.version, into: &out)
      out.put("X-Content-Type-Options: nosniff\r\n")
    }
  }

  /// Writes Location and Content-Location. One below the upstream's base path is rewritten to lead back through the
  /// gateway. Everything else, including launch links, is for someone's browser and stays unchanged.
  @inline(never)
  private func writeLocations(
    _ fields: borrowing FieldList, _ bytes: RawSpan, _ context: Context, into out: inout ByteBuffer
  ) {
    for i in 0..<fields.count {
      switch fields[i].name {
      case .location: out.put("Location: ")
      case .contentLocation: out.put("Content-Location: ")
      default: continue
      }
      let value = fields[i].value(in: bytes)
      if !context.leavesLocation, let rest = upstream.restBelowBasePath(value) {
        out.put(text: context.appPrefix)
        out.put(RequestPlanner.basePath)
        out.put(value.slice(rest, value.byteCount))
      } else {
        out.put(value)
      }
      out.put("\r\n")
    }
  }
}
