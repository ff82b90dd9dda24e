/// How a message's body is delimited: RFC 9112 section 6.
@usableFromInline package enum BodyFraming: Equatable, Sendable, BitwiseCopyable {
  /// There is none.
  case none
  /// Exactly so many bytes, at least one.
  case length(Int)
  /// Chunks, ended by an empty one and a trailer section.
  case chunked
  /// Everything until the peer closes: responses only.
  case untilClose
}
