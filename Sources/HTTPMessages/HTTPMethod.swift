internal import Memory

/// A request method (RFC 9110 section 9). Methods are case-sensitive, so `get` is ``other``.
@usableFromInline package enum HTTPMethod: UInt8, Sendable, BitwiseCopyable {
  case get, head, post, put, delete, options, patch, trace, connect
  /// Any other token.
  case other

  /// Reads the method in `start..<end`.
  @inline(__always)
  init(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    let name = bytes.slice(start, end)
    switch end &- start {
    case 3: self = name.equals("GET") ? .get : name.equals("PUT") ? .put : .other
    case 4: self = name.equals("POST") ? .post : name.equals("HEAD") ? .head : .other
    case 5: self = name.equals("PATCH") ? .patch : name.equals("TRACE") ? .trace : .other
    case 6: self = name.equals("DELETE") ? .delete : .other
    case 7:
      self = name.equals("OPTIONS") ? .options : name.equals("CONNECT") ? .connect : .other
    default: self = .other
    }
  }

  /// Whether repeating the request has the same effect as sending it once: RFC 9110 section 9.2.2.
  package var isIdempotent: Bool {
    switch self {
    case .get, .head, .put, .delete, .options, .trace: true
    case .post, .patch, .connect, .other: false
    }
  }
}

/// The version of a message. Anything newer than 1.1 within major version 1 is read as 1.1.
@usableFromInline package enum HTTPVersion: UInt8, Sendable, BitwiseCopyable {
  case http10, http11
}
