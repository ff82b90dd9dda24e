internal import CLinux
internal import Glibc
internal import Memory
internal import System

/// One connection of a loop: descriptor, TLS session, output that waits to be written, and deadline.
///
/// An idle connection without TLS consists of this record only: no buffer is allocated for it.
struct Connection: ~Copyable {
  enum Phase: UInt8 {
    case connecting
    /// Connecting to a proxy. ``Connection/output`` holds the request for a tunnel, and nothing else.
    case connectingToProxy
    /// The proxy was asked for a tunnel (RFC 9110 section 9.3.6). Its answer is read into ``Connection/output``, which
    /// holds nothing else yet.
    case tunnelling
    case handshaking
    case open
    /// The owner has called `finish`: queued output goes out, then our side is shut down. Later input is discarded, so
    /// that the peer can read our last bytes before it sees a reset (RFC 9112 section 9.6).
    case flushing
    case lingering
  }

  // The fields that every event reads are adjacent: with thousands of connections, no record is in the processor's
  // cache.
  let descriptor: Descriptor
  var phase: Phase
  var isPaused = false
  /// There may be bytes to read although no further event will announce them.
  var mayRead = false
  /// The peer's end (RDHUP) was announced: read until it is reached.
  var peerEnding = false
  var isQueued = false
  /// The owner must still get ``EventHandler/drained(_:tag:on:)``.
  var owesDrained = false
  /// The peer was in the middle of a message when `finish` was called; see ``EventLoop/restBytes``.
  var awaitsRest = false
  var session: TLSSession?
  /// Bytes that the socket has not taken yet.
  var output = ByteBuffer()
  let tag: SocketTag
  /// The error of a write, which a later event reports; 0 for none.
  var writeError: Int32 = 0
  /// The write failed at once: no byte of the last send has left.
  var tookNothing = false
  /// When the deadline passes; 0 for none.
  var deadlineTick: Int64 = 0
  /// The slot of the timer wheel that holds the connection; 0 for none.
  var slotTick: Int64 = 0

  var previousInSlot = SlabHandle.none
  var nextInSlot = SlabHandle.none
  /// While flushing: bytes that the peer had not taken at the beginning, or when its deadline last passed. While
  /// lingering for the rest of a message: when that must be over.
  var finishMark = 0
  /// Bytes discarded while finishing.
  var discarded: Int32 = 0

  init(
    descriptor: consuming Descriptor, session: consuming TLSSession?, tag: SocketTag, phase: Phase
  ) {
    self.descriptor = descriptor
    self.session = session
    self.tag = tag
    self.phase = phase
  }

  /// The result of a read.
  enum Input {
    /// Bytes were read. `more`: there may be more at once.
    case bytes(more: Bool)
    case nothing
    case end(cleanly: Bool)
    case failed(SocketFailure)
  }

  /// Reads for the owner, and returns its tag as well; nil as input while reading is paused. Notes whether reading may
  /// go on without an event.
  @inline(__always)
  mutating func take(into buffer: inout ByteBuffer) -> (input: Input?, tag: SocketTag) {
    guard !isPaused else {
      mayRead = true
      return (nil, tag)
    }
    let input = read(into: &buffer)
    if case .bytes(let more) = input {
      mayRead = more || peerEnding || writeError != 0
    } else {
      mayRead = false
    }
    return (input, tag)
  }

  /// Reads into `buffer`, whose old content is lost.
  mutating func read(into buffer: inout ByteBuffer) -> Input {
    session == nil ? readPlain(into: &buffer) : readEncrypted(into: &buffer)
  }

  mutating func readPlain(into buffer: inout ByteBuffer) -> Input {
    var input = Input.nothing
    let number = descriptor.number
    // Proof: `recvfrom` writes at most memory.count bytes, during the call, and returns their number.
    unsafe buffer.refill { memory in
      var count: Int
      repeat {
        count = unsafe cl_receive(number, memory.baseAddress, memory.count)
      } while count < 0
        && errno == EINTR
      if count > 0 {
        input = .bytes(more: count == memory.count)
        return count
      }
      if count == 0 {
        input = .end(cleanly: true)
      } else if errno != EAGAIN {
        input = .failed(.broken(.current))
      }
      return 0
    }
    return input
  }

  private mutating func readEncrypted(into buffer: inout ByteBuffer) -> Input {
    var outcome = TLSSession.Outcome.wait
    // Proof: the session writes within `memory`, during the call, and returns the number of bytes.
    unsafe buffer.refill { memory in
      outcome = unsafe session?.read(into: memory) ?? .wait
      if case .done(let count) = outcome { return count }
      return 0
    }
    switch outcome {
    case .done: return .bytes(more: session?.isDrained == false)
    case .wait: return .nothing
    case .end(let cleanly): return .end(cleanly: cleanly)
    case .certificateRefused(let reason): return .failed(.certificate(reason))
    case .failed(let reason): return .failed(.tls(reason))
    case .alert(let reason): return .failed(.tlsAlert(reason))
    }
  }

  /// Hands `bytes` to the socket and returns how many it took: fewer when it is full. An error is noted in
  /// ``writeError``.
  mutating func write(_ bytes: RawSpan) -> Int {
    session == nil ? writePlain(bytes) : writeEncrypted(bytes)
  }

  mutating func writePlain(_ bytes: RawSpan) -> Int {
    let number = descriptor.number
    // Proof: `send` reads source.count bytes during the call.
    return unsafe bytes.withUnsafeBytes { source in
      var count: Int
      repeat {
        count = unsafe cl_send(number, source.baseAddress, source.count)
      } while count < 0
        && errno == EINTR
      if count < 0 {
        if errno != EAGAIN { writeError = errno }
        return 0
      }
      return count
    }
  }

  private mutating func writeEncrypted(_ bytes: RawSpan) -> Int {
    var written = 0
    while written < bytes.byteCount {
      // Proof: the session copies or encrypts the slice's bytes during the call, and keeps no pointer to them.
      let outcome = unsafe bytes.slice(written, bytes.byteCount).withUnsafeBytes {
        unsafe session?.write($0) ?? .wait
      }
      switch outcome {
      case .done(let count): written += count
      case .wait: return written
      case .end, .certificateRefused, .failed, .alert:
        writeError = EPIPE
        return written
      }
    }
    return written
  }

  /// Writes queued output until none is left or the socket is full.
  ///
  /// - Parameter spare: receives the memory of the queue once that is empty, unless it has some: an idle connection holds
  ///   no memory, and the next full socket need not get pages from the system.
  mutating func flush(sparing spare: inout ByteBuffer) {
    guard !output.isEmpty, writeError == 0 else { return }
    // The queue is moved out while its bytes are lent.
    var queue = ByteBuffer()
    swap(&queue, &output)
    let written = write(queue.bytes)
    queue.consume(written)
    swap(&queue, &output)
    guard output.isEmpty else { return }
    if spare.allocatedBytes == 0, output.allocatedBytes <= EventLoop.spareBytes {
      output.removeAll()
      swap(&spare, &output)
    } else {
      output.release()
    }
  }
}
