internal import Glibc

/// Files that the kernel generates.
enum SmallFile {
  /// The most bytes that are read. A group's path has at most 4096, and there are a dozen of them.
  private static let limit = 16 * 1024

  /// The text of the file at `path`; nil when it cannot be read.
  static func text(_ path: String) -> String? {
    // Proof: the path is a C string for the call.
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { return nil }
    let file = Descriptor(owning: number)
    var bytes = [UInt8](repeating: 0, count: limit)
    var used = 0
    while used < limit {
      // Proof: limit - used bytes follow `used`.
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe read(file.number, buffer.baseAddress?.advanced(by: used), limit - used)
      }
      if count == 0 { break }
      if count < 0 {
        if errno == EINTR { continue }
        return nil
      }
      used += count
    }
    return String(decoding: bytes[..<used], as: UTF8.self)
  }
}
