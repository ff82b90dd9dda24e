/// How a message's body is delimited: RFC 9112 section 6.
@usableFromInline package enum BodyFraming: Equatable, Sendable, BitwiseCopyable {
  /// No body.
  case none
  /// Exactly this many bytes, at least one.
  case length(Int)
  /// Chunks, ended by an empty chunk and a trailer section.
  case chunked
  /// Everything until the peer closes. Responses only.
  case untilClose
}
