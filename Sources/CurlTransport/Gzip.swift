internal import CZlib
package import Memory

/// Bodies for `Content-Encoding: gzip` (RFC 1952).
package enum Gzip {
  /// Appends `bytes`, compressed: quickly rather than well, because they are very repetitive.
  ///
  /// - Returns: false when there is not enough memory; `out` is then unchanged.
  package static func put(_ bytes: RawSpan, into out: inout ByteBuffer) -> Bool {
    let before = out.count
    // Proof: both regions have the given lengths, and live until the call is over.
    unsafe out.put(upTo: cz_gzip_room(bytes.byteCount)) { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe cz_gzip(target.baseAddress, target.count, source.baseAddress, source.count)
      }
    }
    return out.count > before
  }
}
