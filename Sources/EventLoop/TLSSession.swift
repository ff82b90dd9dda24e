internal import COpenSSL
internal import Glibc
internal import System

enum OpenSSLError {
  /// Returns the oldest error in this thread's queue, and empties the queue.
  static func take() -> String {
    // Proof: the shim writes at most 200 bytes with a terminating zero.
    let text = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 200) { buffer in
      unsafe co_take_error(buffer.baseAddress!, 200)
      return unsafe String(cString: buffer.baseAddress!)
    }
    return text.isEmpty ? "unknown TLS error" : text
  }
}

/// One TLS connection, on either side, with one owner.
@safe struct TLSSession: ~Copyable {
  let session: OpaquePointer

  // Proof: the caller hands over a session that nobody else frees.
  init(owning session: OpaquePointer) { unsafe self.session = session }

  // Proof: the only owner frees it once.
  deinit { unsafe SSL_free(session) }

  /// The result of an operation.
  enum Outcome {
    case done(Int)
    /// Wait for the socket to become readable or writable.
    case wait
    /// The peer closed; cleanly if it sent a close_notify.
    case end(cleanly: Bool)
    case certificateRefused(String)
    case failed(String)
    /// The peer refused with an alert.
    case alert(String)
  }

  mutating func handshake() -> Outcome {
    co_clear_errors()
    // Proof: self owns the session, and mutating access is exclusive.
    let result = unsafe SSL_do_handshake(session)
    return result == 1 ? .done(0) : outcome(result)
  }

  /// Reads into `buffer` until it is full or no more bytes are there.
  ///
  /// - Returns: `.done(n)` with n > 0 when bytes were read, otherwise what stopped the read.
  mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    var filled = 0
    co_clear_errors()
    while filled < buffer.count {
      let room = Int32(truncatingIfNeeded: min(buffer.count - filled, 1 << 20))
      // Proof: filled < count, so `room` bytes are writable there.
      let result = unsafe SSL_read(session, buffer.baseAddress! + filled, room)
      guard result > 0 else { return filled > 0 ? .done(filled) : outcome(result) }
      filled += Int(result)
      if isDrained { break }
    }
    return .done(filled)
  }

  /// Whether nothing can be read until the socket becomes readable again.
  // Proof: self owns the session, which is only read.
  var isDrained: Bool { unsafe co_is_drained(session) == 1 }

  mutating func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return .done(0) }
    co_clear_errors()
    let count = Int32(truncatingIfNeeded: min(bytes.count, 1 << 20))
    // Proof: `count` bytes are readable at `base` during the call; what is not taken is not remembered, since the
    // context allows a later call to pass other memory (SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER).
    let result = unsafe SSL_write(session, base, count)
    return result > 0 ? .done(Int(result)) : outcome(result)
  }

  /// Tells the peer that nothing follows (close_notify).
  mutating func sayGoodbye() {
    co_clear_errors()
    // Proof: self owns the session.
    _ = unsafe SSL_shutdown(session)
    co_clear_errors()
  }

  private func outcome(_ result: Int32) -> Outcome {
    // Proof: self owns the session, which is only read.
    switch unsafe SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wait
    case SSL_ERROR_ZERO_RETURN: return .end(cleanly: true)
    case SSL_ERROR_SYSCALL:
      // The socket itself ended or broke.
      if errno == 0 || result == 0 { return .end(cleanly: false) }
      return .failed(SystemError.current.description)
    default:
      // Proof: self owns the session; the reason is a constant text of OpenSSL.
      if let reason = unsafe co_verify_failure(session) {
        co_clear_errors()
        return .certificateRefused(unsafe String(cString: reason))
      }
      let isAlert = co_is_alert() == 1
      let text = OpenSSLError.take()
      if isAlert { return .alert(text) }
      // OpenSSL 3 reports a missing close_notify as a separate error.
      return text == "unexpected eof while reading" ? .end(cleanly: false) : .failed(text)
    }
  }
}
