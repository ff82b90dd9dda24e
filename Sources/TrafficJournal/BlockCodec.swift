internal import CZstd
internal import Memory

/// Packs and unpacks the contents of a block with Zstandard. For one thread.
///
/// At level 1, a line of the log shrinks to a twentieth of its length in half a microsecond, and is unpacked in less.
/// Higher levels save little more and cost several times as much.
@safe final class BlockCodec {
  private static let level: Int32 = 1

  // Proof of both: made on first use, used on one thread, and freed by `deinit`.
  private var packing: OpaquePointer?
  private var unpacking: OpaquePointer?

  deinit {
    // Proof: this object owns both. The functions ignore nil.
    unsafe ZSTD_freeCCtx(packing)
    unsafe ZSTD_freeDCtx(unpacking)
  }

  /// Replaces the contents of `out` with `bytes`, packed.
  func pack(_ bytes: RawSpan, into out: inout ByteBuffer) throws(DatabaseError) {
    // Proof: the context is checked before it is used.
    if unsafe packing == nil { unsafe packing = ZSTD_createCCtx() }
    guard let context = unsafe packing else { throw BlockCodec.outOfMemory }
    out.removeAll()
    out.reserve(ZSTD_compressBound(bytes.byteCount))
    var result = 0
    // Proof: Zstandard reads exactly `bytes` and writes at most what `out` lends. It keeps neither.
    unsafe bytes.withUnsafeBytes { source in
      unsafe out.refill { target in
        result = unsafe ZSTD_compressCCtx(
          context, target.baseAddress, target.count, source.baseAddress, source.count,
          BlockCodec.level)
        return ZSTD_isError(result) == 0 ? result : 0
      }
    }
    guard ZSTD_isError(result) == 0 else { throw BlockCodec.outOfMemory }
  }

  /// Replaces the contents of `out` with the unpacked `bytes`, which must be exactly `size` bytes.
  ///
  /// - Throws: if they are anything else, because the file is then damaged.
  func unpack(
    _ bytes: RawSpan, size: Int, into out: inout ByteBuffer
  ) throws(DatabaseError) {
    guard size >= 0, size <= BlockBuilder.largestBytes else { throw BlockCodec.damaged }
    // Proof: the context is checked before it is used.
    if unsafe unpacking == nil { unsafe unpacking = ZSTD_createDCtx() }
    guard let context = unsafe unpacking else { throw BlockCodec.outOfMemory }
    out.removeAll()
    out.reserve(size)
    var result = 0
    // Proof: Zstandard reads exactly `bytes` and writes at most what `out` lends. It keeps neither.
    unsafe bytes.withUnsafeBytes { source in
      unsafe out.refill { target in
        result = unsafe ZSTD_decompressDCtx(
          context, target.baseAddress, min(target.count, size), source.baseAddress, source.count)
        return ZSTD_isError(result) == 0 ? result : 0
      }
    }
    guard ZSTD_isError(result) == 0, result == size else { throw BlockCodec.damaged }
  }

  static let damaged = DatabaseError(
    code: DatabaseError.corrupt, message: "a block of records cannot be read")
  private static let outOfMemory = DatabaseError(
    code: DatabaseError.noMemory, message: "out of memory")
}
