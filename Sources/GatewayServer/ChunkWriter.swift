internal import Memory

/// Frames data as chunks: RFC 9112 section 7.1.
enum ChunkWriter {
  static func put(whole data: borrowing ByteBuffer, into out: inout ByteBuffer) {
    put(data.bytes, into: &out)
  }

  static func put(_ data: RawSpan, into out: inout ByteBuffer) {
    out.reserve(data.byteCount + 24)
    out.put(hexadecimal: data.byteCount)
    out.put("\r\n")
    out.put(data)
    out.put("\r\n")
  }
}
