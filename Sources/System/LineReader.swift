internal import Glibc
internal import Memory

/// Reads a file, or standard input, line by line, in constant memory.
package struct LineReader: ~Copyable {
  /// The most bytes of a line that are kept. The rest of a longer line is dropped, and the line is reported as cut.
  package static let lineLimit = 256 * 1024
  private static let chunkBytes = 256 * 1024

  private let descriptor: Descriptor
  /// The line that is being collected.
  private var line = ByteBuffer(capacity: 4096)
  private var isCut = false

  /// Opens `path`; `-` is standard input.
  package init(path: String) throws(SystemError) {
    // Proof: the path is a C string for the call.
    let number = path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .current }
    descriptor = Descriptor(owning: number)
  }

  /// Lends each remaining line to `body`, without its line feed, and says whether it was cut. Blocks its thread.
  package mutating func readLines(
    _ body: (_ line: RawSpan, _ isCut: Bool) -> Void
  ) throws(SystemError) {
    // Not a member: it is read while the rest of self changes.
    var chunk = ByteBuffer(capacity: LineReader.chunkBytes)
    while try refill(&chunk) {
      var start = 0
      let bytes = chunk.bytes
      while start < bytes.byteCount {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start)
        let room = LineReader.lineLimit - line.count
        let length = min(end - start, room)
        if length < end - start { isCut = true }
        if end < bytes.byteCount, line.isEmpty, !isCut {
          // The usual case: the whole line is in the chunk.
          body(bytes.slice(start, end), false)
        } else {
          line.put(bytes.slice(start, start + length))
          if end < bytes.byteCount { finishLine(body) }
        }
        start = end + 1
      }
    }
    if !line.isEmpty { finishLine(body) }
  }

  private mutating func finishLine(_ body: (_ line: RawSpan, _ isCut: Bool) -> Void) {
    body(line.bytes, isCut)
    line.removeAll()
    isCut = false
  }

  /// Returns false at the end of the file.
  private func refill(_ chunk: inout ByteBuffer) throws(SystemError) -> Bool {
    var failure: SystemError?
    let number = descriptor.number
    // Proof: `memory` belongs to the buffer and is lent for the call.
    unsafe chunk.refill { memory in
      while true {
        // Proof: `memory` holds `count` bytes for the call.
        let got = unsafe read(number, memory.baseAddress, memory.count)
        if got >= 0 { return got }
        if errno == EINTR { continue }
        failure = .current
        return 0
      }
    }
    if let failure { throw failure }
    return !chunk.isEmpty
  }
}
