package import HTTPMessages
package import Memory

/// Writes the head that goes upstream.
///
/// Order matters: the head was validated; hop-by-hop and protected fields go out; ours come last, so that
/// nothing a caller sent can remove or shadow them (CVE-2025-48865). The credential's line and the empty
/// line behind it are written when the request is sent, not here.
package struct RequestHeadRewriter: ~Copyable {
  private let staysInPlace = StaysInPlace()
  /// ` HTTP/1.1` and Host.
  private(set) var afterTarget = ByteBuffer(capacity: 128)
  private(set) var basePath = ByteBuffer(capacity: 32)
  let via: ViaField
  private let dropped: FieldSet

  /// What fetches ask for whose answers are read here, instead of what the caller does.
  static let pageFields: StaticString =
    "Accept: application/json\r\nAccept-Encoding: identity\r\n"

  /// - Parameter continuesTraces: the fields of a trace are left out, for the relay to write anew.
  package init(rules: ForwardingRules, continuesTraces: Bool = false) {
    var dropped = RequestHeadRewriter.dropped
    if continuesTraces {
      dropped.insert(.traceparent)
      dropped.insert(.tracestate)
    }
    self.dropped = dropped
    via = ViaField(hop: rules.hop)
    afterTarget.put(" HTTP/1.1\r\nHost: ")
    afterTarget.put(text: rules.upstreamAuthority)
    afterTarget.put("\r\n")
    basePath.put(text: rules.upstreamBasePath)
  }

  /// Fields of a request that end here: RFC 9110 section 7.6.1, and what would speak for the caller in
  /// a way that the upstream might believe.
  package static let dropped: FieldSet = [
    .host, .connection, .proxyConnection, .keepAlive, .te, .trailer, .transferEncoding, .upgrade,
    .http2Settings, .expect, .authorization, .proxyAuthorization, .proxyAuthenticate,
    .proxyAuthenticationInfo, .cookie, .clientCertificate, .forwarded, .xForwarded,
    .proxyClaim, .methodOverride, .origin, .secFetchSite, .accessControl,
    .xScormApp,
    .xScormPages, .xScormPriority, .xScorm, .xRequestID, .maxForwards, .proxyStatus,
  ]

  /// Appends the head up to the last field line, without the request id, the credential and the closing
  /// empty line.
  package func write(
    _ head: RequestHead, fields: borrowing FieldList, in bytes: RawSpan, plan: RequestPlan,
    into out: inout ByteBuffer
  ) {
    out.put(head.method(in: bytes))
    out.put(UInt8(ascii: " "))
    out.put(basePath.bytes)
    // Path and query lie side by side: the rest of the target goes as it came.
    out.put(bytes.slice(plan.restStart, head.targetEnd))
    out.put(afterTarget.bytes)
    fields.copy(from: bytes, without: dropped, head.connection, into: &out)
    via.put(receivedIn: head.version, into: &out)
    if case .chunked = head.framing { out.put("Transfer-Encoding: chunked\r\n") }
  }

  /// The same for the first page of a walk over a list: what the caller says of the answer's form is the gateway's to
  /// obey, and a condition or a range would be about one page.
  package func writeWalk(
    _ head: RequestHead, fields: borrowing FieldList, in bytes: RawSpan, plan: RequestPlan,
    into out: inout ByteBuffer
  ) {
    out.put(head.method(in: bytes))
    out.put(UInt8(ascii: " "))
    out.put(basePath.bytes)
    out.put(bytes.slice(plan.restStart, head.targetEnd))
    out.put(afterTarget.bytes)
    fields.copy(
      from: bytes, without: dropped, namedAmong: RequestHeadRewriter.aboutOnePage, head.connection,
      into: &out)
    out.put(RequestHeadRewriter.pageFields)
    via.put(receivedIn: head.version, into: &out)
  }

  private static let aboutOnePage: [StaticString] = [
    "accept", "accept-encoding", "range", "if-range", "if-match", "if-none-match",
    "if-modified-since", "if-unmodified-since",
  ]
}
