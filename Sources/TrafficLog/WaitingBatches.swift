internal import Memory

/// Batches of lines that wait for the log's thread, in order.
///
/// A batch is taken by exchanging buffers, so no byte is copied. Only if the thread is so far behind that every place is
/// in use, the last batch grows.
struct WaitingBatches: ~Copyable {
  private static let placeCount = 8
  /// Places whose memory is kept for the next batches, and the most bytes of each.
  private static let keptPlaces = 2
  private static let keptBytes = 1024 * 1024

  private var places = InlineArray<8, ByteBuffer> { _ in ByteBuffer() }
  private(set) var count = 0
  private(set) var byteCount = 0

  /// Takes `lines`, and leaves an empty buffer.
  mutating func take(_ lines: inout ByteBuffer) {
    byteCount += lines.count
    if count < WaitingBatches.placeCount {
      swap(&places[count], &lines)
      count += 1
    } else {
      places[count - 1].put(long: lines.bytes)
    }
    lines.removeAll()
  }

  /// The bytes of batch `index`.
  subscript(index: Int) -> RawSpan {
    @_lifetime(borrow self)
    get { places[index].bytes }
  }

  /// Discards all batches, and frees the memory that a burst or a slow disk made necessary.
  mutating func removeAll() {
    for index in 0..<count {
      places[index].removeAll()
      if index >= WaitingBatches.keptPlaces
        || places[index].allocatedBytes > WaitingBatches.keptBytes
      {
        places[index].release()
      }
    }
    count = 0
    byteCount = 0
  }
}
