package import Memory

/// What a server knows of one peer's connection between two events: what was sent and not served yet, and what follows
/// from that. It has no socket and no clock: its owner reads, sends and keeps the deadlines.
///
/// While idle, it owns no memory.
@usableFromInline package struct HTTPConnection: ~Copyable {
  /// What to do with a connection that has no request under way.
  package enum Idle: Equatable, Sendable {
    /// End it: it sends nothing more, or must not.
    case end
    /// Wait for its next request.
    case awaitRequest
    /// Start the deadline for the head, whose first bytes have arrived. It does not move.
    case beginHead
    /// Wait for the rest of a head.
    case awaitHead
  }

  /// Bytes that could not be served yet: an incomplete head, a body that must wait, the next requests. At most the size
  /// of one read after reading was paused, plus a head's limit.
  package var input = ByteBuffer()
  /// How far a head that arrives in pieces was searched for its end. Starts over with a head's first piece.
  @usableFromInline var scanner = HeadScanner()
  /// The first bytes of a head have arrived, and its deadline runs.
  @usableFromInline package internal(set) var awaitsHead = false
  /// It has sent a head.
  @usableFromInline package internal(set) var hasAsked = false
  /// The peer sent its last byte.
  @usableFromInline package internal(set) var hasEnded = false
  /// Bytes that the peer had not taken when its deadline last passed.
  private var untaken = Untaken()

  package init() {}

  /// Notes that the peer will send no more.
  package mutating func ended() { hasEnded = true }

  /// Whether the rest of a body, if one is awaited, will never come.
  package var isCutOff: Bool { hasEnded && input.isEmpty }

  /// Parses the head at the start of `bytes`, which begin with the first unserved byte. A head that arrives in pieces
  /// is parsed again only when its end has arrived: anything else would be quadratic.
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

  /// Whether a head that arrives in pieces is complete by now, or too long, which the parser then reports.
  @usableFromInline
  mutating func seesEnd(
    in bytes: RawSpan, for parser: borrowing RequestHeadParser
  ) throws(RequestFault) -> Bool {
    if bytes.byteCount > parser.limits.headBytes { return true }
    return try scanner.findsEnd(in: bytes)
  }

  /// What to do when everything that can be served was served. No request of the connection is under way.
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

  /// Whether a peer whose deadline passed has read some of its answer since the last deadline: it then gets more time.
  /// What it takes from the kernel counts, and for a long time that is the only sign. `untaken`: bytes that were sent
  /// and that it has not acknowledged yet.
  package mutating func readsOn(untaken: Int) -> Bool { self.untaken.moves(to: untaken) }
}

/// Bytes that were sent and that the peer had not taken when a deadline passed.
package struct Untaken: Sendable {
  private var last = 0

  package init() {}

  /// Whether there are some, and not as many as at the last deadline: the peer takes them, however slowly.
  package mutating func moves(to count: Int) -> Bool {
    let isOther = count != last
    last = count
    return count > 0 && isOther
  }
}
