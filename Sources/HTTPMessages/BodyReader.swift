internal import Memory

/// Reads a body with any framing, in runs of data.
@usableFromInline package struct BodyReader: Sendable {
  @usableFromInline enum State: Sendable {
    case finished
    case length(left: Int)
    case chunked(ChunkedDecoder)
    case untilClose
  }

  @usableFromInline var state: State
  /// Bytes of data read so far, without framing.
  @usableFromInline package internal(set) var bytesRead = 0

  /// A body that does not exist, or has not begun yet.
  @inlinable
  package init() { state = .finished }

  package init(_ framing: BodyFraming, chunks: ChunkLimits = ChunkLimits()) {
    switch framing {
    case .none: state = .finished
    case .length(let count): state = count == 0 ? .finished : .length(left: count)
    case .chunked: state = .chunked(ChunkedDecoder(limits: chunks))
    case .untilClose: state = .untilClose
    }
  }

  /// Whether the body's last byte has been read. Never true for a body that ends with its connection.
  @inlinable @inline(__always)
  package var isFinished: Bool {
    if case .finished = state { true } else { false }
  }

  /// Whether the end of the connection is a proper end of this body.
  package var endsWithConnection: Bool {
    if case .untilClose = state { true } else { false }
  }

  /// Reads more, from `start` on.
  ///
  /// - Returns: a run of data, empty when there is none, and the offset to go on from. When the body is finished and
  ///   `next` is before the end of `bytes`, the rest does not belong to the body.
  package mutating func next(
    _ bytes: RawSpan, from start: Int
  ) throws(RequestFault) -> (dataStart: Int, dataEnd: Int, next: Int) {
    switch state {
    case .finished: return (start, start, start)
    case .untilClose:
      bytesRead &+= bytes.byteCount &- start
      return (start, bytes.byteCount, bytes.byteCount)
    case .length(let left):
      let run = min(left, bytes.byteCount &- start)
      state = run == left ? .finished : .length(left: left &- run)
      bytesRead &+= run
      return (start, start &+ run, start &+ run)
    case .chunked(var decoder):
      let run = try decoder.next(bytes, from: start)
      state = decoder.isFinished ? .finished : .chunked(decoder)
      bytesRead &+= run.dataEnd &- run.dataStart
      return run
    }
  }
}
