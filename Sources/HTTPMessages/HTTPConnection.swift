package import Memory

/// What a server knows of one peer's connection between two events: what was sent and not served yet, and what
/// follows from it. Without socket or clock: its owner reads, sends and keeps the deadlines.
///
/// Idle, it owns no memory.
@usableFromInline package struct HTTPConnection: ~Copyable {
  /// What follows for a connection that has no request under way.
  package enum Idle: Equatable, Sendable {
    /// It sends nothing more, or is not to: it ends.
    case end
    /// Its next request is waited for.
    case awaitRequest
    /// The first bytes of a head have come: the head's deadline runs from now on, and does not move.
    case beginHead
    /// The rest of a head is waited for.
    case awaitHead
  }

  /// Bytes that could not be served yet: a head in pieces, a body that must wait, the next requests. At most what is
  /// read at once after reading was paused, and a head's limit.
  package var input = ByteBuffer()
  /// How far the end of a head that comes in pieces was looked for. Begun anew with the head's first piece.
  @usableFromInline var scanner = HeadScanner()
  /// The first bytes of a head are there, and its deadline runs.
  @usableFromInline package internal(set) var awaitsHead = false
  /// It has sent a head.
  @usableFromInline package internal(set) var hasAsked = false
  /// The peer sent its last byte.
  @usableFromInline package internal(set) var hasEnded = false
  /// Bytes that the peer had not taken when its deadline passed last.
  private var untaken = Untaken()

  package init() {}

  /// The peer will send no more.
  package mutating func ended() { hasEnded = true }

  /// The rest of a body is waited for that will not come.
  package var isCutOff: Bool { hasEnded && input.isEmpty }

  /// Parses the head that `bytes` begin with, which is the first thing there that is not served. A head that comes in
  /// pieces is parsed again only when its end is there: anything else would be quadratic.
  ///
  /// - Returns: nil when the head is not complete.
  @inlinable @inline(__always)
  package mutating func nextHead(
    in bytes: RawSpan, with parser: inout RequestHeadParser
  ) throws(RequestFault) -> RequestHead? {
    if awaitsHead { guard try seesEnd(in: bytes, for: parser) else { return nil } }
    guard let head = try parser.parse(bytes) else {
      if !awaitsHead { scanner.beginAnew() }
      return nil
    }
    awaitsHead = false
    hasAsked = true
    return head
  }

  /// Whether a head that comes in pieces is whole by now, or too long: the parser says so.
  @usableFromInline
  mutating func seesEnd(
    in bytes: RawSpan, for parser: borrowing RequestHeadParser
  ) throws(RequestFault) -> Bool {
    if bytes.byteCount > parser.limits.headBytes { return true }
    return try scanner.findsEnd(in: bytes)
  }

  /// What follows when all that can be served was. Its owner has no request of it under way.
  package mutating func settle(isDraining: Bool) -> Idle {
    guard !hasEnded else { return .end }
    guard !input.isEmpty else {
      awaitsHead = false
      return isDraining ? .end : .awaitRequest
    }
    guard !awaitsHead else { return .awaitHead }
    awaitsHead = true
    return .beginHead
  }

  /// Whether a peer whose deadline passed has read some of its answer since the last one: it then gets more time. What
  /// it takes from the kernel counts, and leaves no other trace for a long time. `untaken`: bytes sent that it has not
  /// acknowledged yet.
  package mutating func readsOn(untaken: Int) -> Bool { self.untaken.moves(to: untaken) }
}

/// Bytes that were sent and that the peer has not taken, as they were when a deadline passed.
package struct Untaken: Sendable {
  private var last = 0

  package init() {}

  /// Whether there are some, and other ones than at the last deadline: the peer takes them, however slowly.
  package mutating func moves(to count: Int) -> Bool {
    let isOther = count != last
    last = count
    return count > 0 && isOther
  }
}
