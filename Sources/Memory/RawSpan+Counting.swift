internal import Glibc

extension RawSpan {
  /// How many of the bytes in `start..<end` are `byte`. For long lines: it uses `memchr`, which checks many bytes at a
  /// time.
  ///
  /// - Precondition: `0 <= start <= end <= byteCount`.
  package func count(of byte: UInt8, from start: Int, to end: Int) -> Int {
    precondition(0 <= start && start <= end && end <= byteCount)
    guard start < end else { return 0 }
    // Proof: the search stays in start..<end, which was just checked, and the bytes are lent for the closure.
    return unsafe withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return 0 }
      var count = 0
      var next = unsafe base + start
      let limit = unsafe base + end
      while unsafe next < limit,
        let found = unsafe memchr(next, Int32(byte), limit - next)
      {
        count += 1
        unsafe next = UnsafeRawPointer(found) + 1
      }
      return count
    }
  }
}
