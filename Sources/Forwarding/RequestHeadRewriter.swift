package import HTTPMessages
package import Memory

/// Writes the head that is sent upstream.
///
/// The order matters. The head has been validated. Hop-by-hop and protected fields are removed. The gateway's own
/// fields come last, so that nothing a caller sent can remove or shadow them (CVE-2025-48865). The credential's line
/// and the empty line after it are written when the request is sent, not here.
package struct RequestHeadRewriter: ~Copyable {
  private let staysInPlace = StaysInPlace()
  /// ` HTTP/1.1` and Host.
  private(set) var afterTarget = ByteBuffer(capacity: 128)
  private(set) var basePath = ByteBuffer(capacity: 32)
  let via: ViaField
  private let dropped: FieldSet

  /// The fields of fetches whose answers the gateway reads, in place of the caller's own.
  static let pageFields: StaticString =
    "Accept: application/json\r\nAccept-Encoding: identity\r\n"

  /// - Parameter continuesTraces: The trace fields are left out, because the relay writes new ones.
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

  /// Fields of a request that are not sent upstream: hop-by-hop fields (RFC 9110 section 7.6.1), and fields that make
  /// claims on the caller's behalf that the upstream might believe.
  package static let dropped: FieldSet = [
    .host, .connection, .proxyConnection, .keepAlive, .te, .trailer, .transferEncoding, .upgrade,
    .http2Settings, .expect, .authorization, .proxyAuthorization, .proxyAuthenticate,
    .proxyAuthenticationInfo, .cookie, .clientCertificate, .forwarded, .xForwarded,
    .proxyClaim, .methodOverride, .origin, .secFetchSite, .accessControl,
    .xScormApp,
    .xScormPages, .xScormPriority, .xScorm, .xRequestID, .maxForwards, .proxyStatus,
  ]

  /// Appends the head up to the last field line, without the request id, the credential and the closing empty line.
  package func write(
    _ head: RequestHead, fields: borrowing FieldList, in bytes: RawSpan, plan: RequestPlan,
    into out: inout ByteBuffer
  ) {
    out.put(head.method(in: bytes))
    out.put(UInt8(ascii: " "))
    out.put(basePath.bytes)
    // Path and query are adjacent: the rest of the target is written as received.
    out.put(bytes.slice(plan.restStart, head.targetEnd))
    out.put(afterTarget.bytes)
    fields.copy(from: bytes, without: dropped, head.connection, into: &out)
    via.put(receivedIn: head.version, into: &out)
    if case .chunked = head.framing { out.put("Transfer-Encoding: chunked\r\n") }
  }

  /// The same for the first page of a walk over a list. The gateway itself obeys what the caller says about the
  /// answer's form, and a condition or a range would apply to one page only.
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
