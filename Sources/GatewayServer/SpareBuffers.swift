internal import Memory

/// Buffers of exchanges that have ended, kept with their memory for the next ones.
///
/// As many are kept as are needed: when more exchanges are under way at once than before, their buffers are allocated
/// once, and not again for each exchange. Buffers that were not used for a while are freed (``trim()``), except for a
/// few.
struct SpareBuffers: ~Copyable {
  private var buffers = OwnedStack<ByteBuffer>(capacity: SpareBuffers.few)
  /// Bytes of memory that the buffers hold.
  private(set) var bytes = 0
  /// The lowest count since the last trim: so many buffers were not needed.
  private var fewest = 0

  /// The most bytes of memory that are kept: enough for 2,000 exchanges at once, more than wait or are served at once
  /// with the defaults.
  static let byteLimit = 4 * 1024 * 1024
  /// A larger buffer is not kept.
  static let largestKept = 8 * 1024
  /// Buffers that are kept even when nothing happens.
  static let few = 64
  /// Bytes of a new buffer.
  private static let newBytes = 512

  var count: Int { buffers.count }

  /// Whether there are more buffers than are always kept.
  var areMany: Bool { buffers.count > SpareBuffers.few }

  /// Returns an empty buffer, with memory from an earlier use if possible.
  mutating func take() -> ByteBuffer {
    guard let buffer = buffers.pop() else { return ByteBuffer(capacity: SpareBuffers.newBytes) }
    bytes &-= buffer.allocatedBytes
    fewest = min(fewest, buffers.count)
    return buffer
  }

  /// Keeps a buffer for the next exchange, without its bytes.
  mutating func keep(_ buffer: consuming ByteBuffer) {
    let size = buffer.allocatedBytes
    guard size > 0, size <= SpareBuffers.largestKept, bytes &+ size <= SpareBuffers.byteLimit else {
      return
    }
    buffer.removeAll()
    bytes &+= size
    buffers.push(buffer)
  }

  /// Frees all buffers.
  mutating func release() {
    while buffers.pop() != nil {}
    bytes = 0
    fewest = 0
  }

  /// Frees the buffers that were not needed since the last call.
  mutating func trim() {
    var surplus = min(fewest, buffers.count - SpareBuffers.few)
    while surplus > 0, let buffer = buffers.pop() {
      bytes -= buffer.allocatedBytes
      surplus -= 1
    }
    fewest = buffers.count
  }
}
