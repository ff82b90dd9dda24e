internal import CLinux
internal import Glibc
package import Memory

/// Bytes on disk in a file without a name. The file disappears when its last descriptor is closed, however the process
/// ends.
package final class KeptFile: Sendable {
  /// Open for reading and writing, and owned by this object.
  private let descriptor: Int32

  /// The default folder for files without names: `$TMPDIR`, or `/tmp`.
  package static let usualFolder: String = {
    // Proof: getenv gives null or a C string, copied at once.
    let named = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    return named.isEmpty ? "/tmp" : named
  }()

  /// The default folder for files that may be large: `$STATE_DIRECTORY`, which is on disk, while `/tmp` may be in
  /// memory.
  package static let lastingFolder: String = {
    // Proof: getenv gives null or a C string, copied at once.
    let named = unsafe getenv("STATE_DIRECTORY").map { unsafe String(cString: $0) } ?? ""
    // systemd separates several folders by colons.
    return named.split(separator: ":").first.map(String.init) ?? usualFolder
  }()

  /// Makes an empty file in `folder`; nil when the folder cannot be written to.
  package init?(in folder: String) {
    // Proof: the path is a C string for the call.
    let number = unsafe cl_nameless_file(folder)
    guard number >= 0 else { return nil }
    descriptor = number
  }

  deinit { _ = close(descriptor) }

  /// Lends the descriptor for reading during the call.
  package func lend<Result, Failure: Error>(
    _ body: (Int32) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime(self) { () throws(Failure) in try body(descriptor) }
  }

  /// Writes `bytes` at `offset`. False when the disk does not take all of them.
  package func write(_ bytes: RawSpan, at offset: Int) -> Bool {
    var written = 0
    while written < bytes.byteCount {
      // Proof: the slice's own bytes, for the call.
      let count = unsafe bytes.slice(written, bytes.byteCount).withUnsafeBytes {
        unsafe pwrite(descriptor, $0.baseAddress, $0.count, offset + written)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      written += count
    }
    return true
  }

  /// The bytes of `range`; nil when the file does not have all of them.
  package func read(_ range: Range<Int>) -> [UInt8]? {
    var bytes = ByteBuffer(capacity: range.count)
    return read(range, into: &bytes) ? [UInt8](bytes.bytes) : nil
  }

  /// Appends the bytes of `range` to `out`. False when the file does not have all of them.
  package func read(_ range: Range<Int>, into out: inout ByteBuffer) -> Bool {
    var from = range.lowerBound
    while from < range.upperBound {
      var count = 0
      // Proof: the buffer's own room, for the call.
      unsafe out.put(upTo: range.upperBound - from) { room in
        count = unsafe pread(descriptor, room.baseAddress, room.count, from)
        return max(0, count)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      from += count
    }
    return true
  }
}
