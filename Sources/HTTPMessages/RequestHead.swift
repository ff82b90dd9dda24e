internal import Memory

/// A request's head as offsets into the bytes it was parsed from: RFC 9112 section 3.
package struct RequestHead: Sendable {
  package var method: HTTPMethod = .other
  package var version: HTTPVersion = .http11
  /// The method's bytes.
  package var methodStart = 0
  package var methodEnd = 0
  /// The target's bytes, as sent.
  package var targetStart = 0
  package var targetEnd = 0
  /// The target's path. For the absolute form it begins behind the authority; empty for `*`.
  package var pathStart = 0
  package var pathEnd = 0
  /// Offset of the `?`; equal to `targetEnd` when there is no query.
  package var queryStart = 0
  /// The form the target has.
  package var form: TargetForm = .origin
  /// The authority that counts: of an absolute target, else of the Host field. Empty when an HTTP/1.0
  /// request has none.
  package var authorityStart = 0
  package var authorityEnd = 0
  /// Length of the authority's host part, and its port; nil without one. Of the Host field's, and only where that
  /// is the authority that counts: otherwise 0.
  var hostLength = 0
  var port: Int?
  package var framing: BodyFraming = .none
  /// Names met, the known ones.
  package var present = FieldSet()
  package var connection = ConnectionOptions()
  /// `Expect: 100-continue` of an HTTP/1.1 request with a body.
  package var expectsContinue = false
  /// Length of the head with its closing empty line, and with empty lines before the request line.
  package var length = 0

  package init() {}

  /// Whether the caller's connection may carry another request after this one.
  package var keepsAlive: Bool {
    !connection.close && version == .http11
  }

  @_lifetime(copy bytes)
  package func method(in bytes: RawSpan) -> RawSpan { bytes.slice(methodStart, methodEnd) }
  @_lifetime(copy bytes)
  package func target(in bytes: RawSpan) -> RawSpan { bytes.slice(targetStart, targetEnd) }
  @_lifetime(copy bytes)
  package func path(in bytes: RawSpan) -> RawSpan { bytes.slice(pathStart, pathEnd) }
  /// The query with its `?`; empty when there is none.
  @_lifetime(copy bytes)
  package func query(in bytes: RawSpan) -> RawSpan { bytes.slice(queryStart, targetEnd) }
  @_lifetime(copy bytes)
  package func authority(in bytes: RawSpan) -> RawSpan { bytes.slice(authorityStart, authorityEnd) }
}

extension HostAllowList {
  /// Whether the authority of `head`, which lies in `bytes`, is one of ours. One that has none is.
  package func allows(_ head: RequestHead, in bytes: RawSpan) -> Bool {
    if head.authorityEnd == head.authorityStart { return true }
    let authority = head.authority(in: bytes)
    return head.hostLength == 0
      ? allows(authority) : allows(authority, hostEnd: head.hostLength, port: head.port)
  }
}

/// The forms of a request target: RFC 9112 section 3.2.
package enum TargetForm: UInt8, Sendable {
  case origin, absolute, asterisk
  /// CONNECT's.
  case authority
}
