internal import Memory

/// Buffers of exchanges that have ended, kept with their memory for the next ones.
///
/// As many are kept as are needed: when more exchanges are under way at once than before, their buffers are made
/// once, and not anew with each. Those that nobody took for a while go (``trim()``), down to a few that stay.
struct SpareBuffers: ~Copyable {
  private var buffers = OwnedStack<ByteBuffer>(capacity: SpareBuffers.few)
  /// Bytes of memory that they hold.
  private(set) var bytes = 0
  /// The fewest there were since the last look: so many were not needed.
  private var fewest = 0

  /// Bytes of memory that are kept, at most: for 2,000 exchanges at once, which is more than wait or are served at
  /// once by the defaults.
  static let byteLimit = 4 * 1024 * 1024
  /// A larger buffer is not kept.
  static let largestKept = 8 * 1024
  /// Buffers that stay when nothing happens.
  static let few = 64
  /// Bytes of a new buffer.
  private static let newBytes = 512

  var count: Int { buffers.count }

  /// Whether there are more than stay.
  var areMany: Bool { buffers.count > SpareBuffers.few }

  /// An empty buffer, its memory kept from an earlier use where there is one.
  mutating func take() -> ByteBuffer {
    guard let buffer = buffers.pop() else { return ByteBuffer(capacity: SpareBuffers.newBytes) }
    bytes &-= buffer.allocatedBytes
    fewest = min(fewest, buffers.count)
    return buffer
  }

  /// Keeps a buffer for the next exchange; its bytes go.
  mutating func keep(_ buffer: consuming ByteBuffer) {
    let size = buffer.allocatedBytes
    guard size > 0, size <= SpareBuffers.largestKept, bytes &+ size <= SpareBuffers.byteLimit else {
      return
    }
    buffer.removeAll()
    bytes &+= size
    buffers.push(buffer)
  }

  /// Lets all go.
  mutating func release() {
    while buffers.pop() != nil {}
    bytes = 0
    fewest = 0
  }

  /// Lets those go that were not needed since this was last called.
  mutating func trim() {
    var surplus = min(fewest, buffers.count - SpareBuffers.few)
    while surplus > 0, let buffer = buffers.pop() {
      bytes -= buffer.allocatedBytes
      surplus -= 1
    }
    fewest = buffers.count
  }
}
