internal import CLinux
internal import Glibc
internal import Memory

/// A file that is only appended to, or standard output.
package struct AppendingFile: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// How long to wait for the reader of a non-blocking descriptor, in milliseconds. After that, the remaining bytes are
  /// lost.
  private static let patience: Int32 = 1000

  /// Opens `path` for appending. If it does not exist, it is created with mode 0640.
  ///
  /// - Throws: `ENXIO` for a FIFO without a reader: opening it must not wait for one.
  package init(path: String) throws(SystemError) {
    // Proof: the path is a C string for the call.
    let number = unsafe open(
      path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o640)
    guard number >= 0 else { throw .current }
    // Only opening must not wait. A slow reader delays the writing thread, and loses nothing.
    cl_wait_for(number)
    descriptor = Descriptor(owning: number)
  }

  /// Why a path could not be opened, worded for the operator.
  package static func reason(of error: SystemError) -> String {
    error.number == ENXIO
      ? "\(error): no process reads this FIFO; start its reader first" : "\(error)"
  }

  /// Whether `path` is a regular file that ends in the middle of a line: the process that wrote it was killed.
  package static func endsWithinLine(path: String) -> Bool {
    // Proof: the path is a C string for the call.
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { return false }
    let file = Descriptor(owning: number)
    let size = cl_named_size(file.number)
    guard size > 0 else { return false }
    var last: UInt8 = 0
    // Proof: one byte, whose storage outlives the call.
    return unsafe pread(file.number, &last, 1, Int(size) - 1) == 1 && last != UInt8(ascii: "\n")
  }

  /// A copy of standard output's descriptor.
  package init(standardOutput: Void) throws(SystemError) {
    let number = dup(STDOUT_FILENO)
    guard number >= 0 else { throw .current }
    descriptor = Descriptor(owning: number)
  }

  /// Appends `bytes`, in one system call if the system takes them all. Blocks while the file does.
  ///
  /// - Parameter failure: set to the error when not all bytes were written.
  /// - Returns: how many bytes were written.
  package func append(_ bytes: RawSpan, failure: inout SystemError?) -> Int {
    var written = 0
    while written < bytes.byteCount {
      // Proof: write(2) reads the slice's bytes during the call.
      let count = unsafe bytes.slice(written, bytes.byteCount).withUnsafeBytes {
        unsafe write(descriptor.number, $0.baseAddress, $0.count)
      }
      if count > 0 {
        written += count
        continue
      }
      // Another process that shares a terminal or a pipe may have made it non-blocking.
      if count < 0, errno == EINTR || errno == EAGAIN && canBeWrittenSoon() { continue }
      failure = count == 0 ? SystemError(number: EIO) : .current
      break
    }
    return written
  }

  private func canBeWrittenSoon() -> Bool {
    var waiting = pollfd(fd: descriptor.number, events: Int16(POLLOUT), revents: 0)
    defer { errno = EAGAIN }
    // Proof: one record, whose storage outlives the call.
    return unsafe poll(&waiting, 1, AppendingFile.patience) > 0
  }

  /// What the descriptor refers to.
  package enum Kind: Sendable, Equatable {
    /// A regular file of `size` bytes.
    case file(size: Int)
    /// A regular file whose last name was removed: nobody can find what is appended to it.
    case removed
    /// A pipe, a terminal, a device.
    case other
  }

  package var kind: Kind {
    switch cl_named_size(descriptor.number) {
    case -2: .other
    case -1: .removed
    case let size: .file(size: Int(size))
    }
  }

  /// Cuts a regular file to `size` bytes. Returns whether that worked.
  package func truncate(to size: Int) -> Bool { ftruncate(descriptor.number, size) == 0 }
}

/// Standard error, for messages to the operator.
package enum StandardError {
  /// Writes `text` and a line feed in one call.
  package static func write(line text: String) {
    let line = Array((text + "\n").utf8)
    // Proof: the array's own bytes, lent for the call. An interrupted write has written nothing.
    unsafe line.withUnsafeBytes { bytes in
      while unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) < 0, errno == EINTR {}
    }
  }

  /// Whether a short line can be written without waiting for its reader.
  package static var isWritable: Bool {
    var target = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    // Proof: one record.
    return unsafe poll(&target, 1, 0) == 1 && target.revents & Int16(POLLOUT) != 0
  }
}

/// Properties of standard output that decide what is written to it.
package enum StandardOutput {
  /// Whether standard output is a terminal.
  package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Characters per line of the terminal; nil when there is none, or it does not report them. `COLUMNS` overrides it.
  package static var columns: Int? {
    guard isTerminal else { return nil }
    if let columnsVariable { return columnsVariable }
    var size = winsize()
    // Proof: one record, which the call fills.
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
      return nil
    }
    return Int(size.ws_col)
  }

  /// Characters per line of help, which is wrapped for a file or a pipe too.
  package static var helpColumns: Int { columnsVariable ?? columns ?? 80 }

  private static var columnsVariable: Int? {
    // Proof: getenv gives null or a C string, read at once.
    guard let text = unsafe getenv("COLUMNS"), let count = Int(unsafe String(cString: text)),
      count > 0
    else { return nil }
    return count
  }

  /// Whether a terminal should get colours: unless NO_COLOR is set or TERM is `dumb`.
  package static var wantsColours: Bool {
    // Proof: getenv gives null or a C string, read at once.
    guard unsafe getenv("NO_COLOR") == nil, let terminal = unsafe getenv("TERM") else {
      return false
    }
    return unsafe strcmp(terminal, "dumb") != 0
  }
}
