internal import Memory

/// A request's head as offsets into the bytes it was parsed from: RFC 9112 section 3.
///
/// The larger fields come first, so that the whole is smaller than 128 bytes: moving a larger record takes a call.
@usableFromInline package struct RequestHead: Sendable, BitwiseCopyable {
  /// The method's bytes.
  @usableFromInline package var methodStart = 0
  @usableFromInline package var methodEnd = 0
  /// The target's bytes, as sent.
  @usableFromInline package var targetStart = 0
  @usableFromInline package var targetEnd = 0
  /// The target's path. In the absolute form it begins after the authority; empty for `*`.
  @usableFromInline package var pathStart = 0
  @usableFromInline package var pathEnd = 0
  /// Offset of the `?`; equal to `targetEnd` when there is no query.
  @usableFromInline package var queryStart = 0
  /// The effective authority: that of an absolute target, otherwise that of the Host field. Empty when an HTTP/1.0
  /// request has none.
  @usableFromInline package var authorityStart = 0
  @usableFromInline package var authorityEnd = 0
  /// Length of the head with its closing empty line, and with empty lines before the request line.
  package var length = 0
  /// The known names that were found.
  package var present = FieldSet()
  package var framing: BodyFraming = .none
  /// Length of the authority's host part, and its port; nil without one. Set only if the Host field's authority is the
  /// effective one; otherwise 0.
  var hostLength: UInt8 = 0
  var port: UInt16?
  package var method: HTTPMethod = .other
  package var version: HTTPVersion = .http11
  /// The target's form.
  package var form: TargetForm = .origin
  package var connection = ConnectionOptions()
  /// There is a `;` in the path.
  package var hasPathParameter = false
  /// `Expect: 100-continue` in an HTTP/1.1 request with a body.
  package var expectsContinue = false

  package init() {}

  /// Whether the caller's connection may carry another request after this one.
  package var keepsAlive: Bool {
    !connection.close && version == .http11
  }

  @inlinable @inline(__always) @_lifetime(copy bytes)
  package func method(in bytes: RawSpan) -> RawSpan {
    bytes.extracting(methodStart..<methodEnd)
  }
  @inlinable @inline(__always) @_lifetime(copy bytes)
  package func target(in bytes: RawSpan) -> RawSpan {
    bytes.extracting(targetStart..<targetEnd)
  }
  @inlinable @inline(__always) @_lifetime(copy bytes)
  package func path(in bytes: RawSpan) -> RawSpan {
    bytes.extracting(pathStart..<pathEnd)
  }
  /// The query with its `?`; empty when there is none.
  @inlinable @inline(__always) @_lifetime(copy bytes)
  package func query(in bytes: RawSpan) -> RawSpan {
    bytes.extracting(queryStart..<targetEnd)
  }
  @inlinable @inline(__always) @_lifetime(copy bytes)
  package func authority(in bytes: RawSpan) -> RawSpan {
    bytes.extracting(authorityStart..<authorityEnd)
  }
}

extension HostAllowList {
  /// Whether the authority of `head`, which is in `bytes`, is allowed. It is if there is no Host: HTTP/1.0 has none,
  /// and no browser uses it.
  package func allows(_ head: RequestHead, in bytes: RawSpan) -> Bool {
    if head.authorityEnd == head.authorityStart {
      return allowsNone || !head.present.contains(.host)
    }
    let authority = head.authority(in: bytes)
    return head.hostLength == 0
      ? allows(authority)
      : allows(authority, hostEnd: Int(head.hostLength), port: head.port.map(Int.init))
  }
}

/// The forms of a request target: RFC 9112 section 3.2.
@usableFromInline package enum TargetForm: UInt8, Sendable, BitwiseCopyable {
  case origin, absolute, asterisk
  /// The form of CONNECT.
  case authority
}
