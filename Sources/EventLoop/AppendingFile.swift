internal import CLinux
internal import Glibc
internal import Memory

/// A file that is only ever appended to, or standard output.
package struct AppendingFile: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// Opens `path` for appending, made with mode 0640 when it is not there.
  package init(path: String) throws(SystemError) {
    let number = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    guard number >= 0 else { throw .current }
    descriptor = Descriptor(owning: number)
  }

  /// A copy of standard output's descriptor.
  package init(standardOutput: Void) throws(SystemError) {
    let number = dup(STDOUT_FILENO)
    guard number >= 0 else { throw .current }
    descriptor = Descriptor(owning: number)
  }

  /// Appends `bytes`, in one system call where the system takes them so. Blocks while the file does.
  ///
  /// - Returns: how many were written; fewer than all after an error.
  package func append(_ bytes: RawSpan) -> Int {
    var written = 0
    while written < bytes.byteCount {
      let count = unsafe bytes.slice(written, bytes.byteCount).withUnsafeBytes {
        unsafe write(descriptor.number, $0.baseAddress, $0.count)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      written += count
    }
    return written
  }
}

/// Standard error, for what concerns the operator.
package enum StandardError {
  /// Writes `text` and a line feed in one call.
  package static func write(line text: String) {
    let line = Array((text + "\n").utf8)
    unsafe line.withUnsafeBytes { bytes in
      // Proof: the array's own bytes. Interrupted, it has written nothing.
      while unsafe Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count) < 0, errno == EINTR {}
    }
  }

  /// Whether a short line can be written without waiting for whoever reads it.
  package static var isWritable: Bool {
    var target = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
    // Proof: one record.
    return unsafe poll(&target, 1, 0) == 1 && target.revents & Int16(POLLOUT) != 0
  }
}
