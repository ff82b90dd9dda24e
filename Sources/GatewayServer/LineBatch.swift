internal import Memory
internal import TrafficLog

/// Lines of the traffic log that were not handed over yet. Many at once cost the writing threads less.
struct LineBatch: ~Copyable {
  var text = ByteBuffer(capacity: 0)
  private var count = 0
  /// Lines of exchanges whose spans are exported.
  private var spans = ByteBuffer(capacity: 0)
  /// When the lines must be handed over; 0 when none wait.
  var flushAt: Int64 = 0

  /// The batch is handed over when it has this many bytes.
  private static let fullBytes = 64 * 1024
  /// Most lines have fewer bytes.
  private static let usualLineBytes = 2048
  /// How long a line may wait for others, in nanoseconds.
  static let delay: Int64 = 200_000_000

  var isFull: Bool { max(text.count, spans.count) >= LineBatch.fullBytes }

  @inline(__always)
  mutating func add(_ line: borrowing ByteBuffer) {
    // Room for all of them at once: growing step by step would copy each line once more.
    if text.allocatedBytes == 0 { text.reserve(LineBatch.fullBytes + LineBatch.usualLineBytes) }
    text.put(line)
    count &+= 1
  }

  mutating func addSpan(_ line: borrowing ByteBuffer) { spans.put(line) }

  mutating func flush(to shared: RelayShared, _ log: LogWriter?) {
    flushAt = 0
    if !text.isEmpty {
      shared.journal?.write(text)
      shared.logRecords?.write(text)
      log?.write(&text, count: count)
      text.removeAll()
      count = 0
      // Recorded bodies made the buffer larger than lines alone do.
      if text.allocatedBytes > 8 * LineBatch.fullBytes { text.release() }
    }
    if !spans.isEmpty {
      shared.spans?.write(spans)
      spans.removeAll()
    }
  }
}
