internal import Memory
internal import System

/// The log's file, owned by the log's thread. Whole lines are appended, and no incomplete line stays in the file.
struct LogFile: ~Copyable {
  private let destination: LogWriter.Destination
  private var file: AppendingFile
  /// Whether the file ends in an incomplete line that could not be removed or ended yet.
  private var isTorn: Bool
  /// Why the last attempt to write failed; nil if it succeeded.
  private(set) var failure: String?

  init(_ destination: LogWriter.Destination) throws(SystemError) {
    self.destination = destination
    file = try LogFile.open(destination)
    isTorn = LogFile.endsWithinLine(destination)
  }

  /// Whether the file ends in an incomplete line, from a process that was killed. The next line must then start on a
  /// new one.
  private static func endsWithinLine(_ destination: LogWriter.Destination) -> Bool {
    guard case .file(let path) = destination else { return false }
    return AppendingFile.endsWithinLine(path: path)
  }

  private static func open(_ destination: LogWriter.Destination) throws(SystemError)
    -> AppendingFile
  {
    switch destination {
    case .standardOutput: try AppendingFile(standardOutput: ())
    case .file(let path): try AppendingFile(path: path)
    }
  }

  /// Opens the file again under its name. If that fails, keeps the old file and returns why.
  mutating func reopen() -> SystemError? {
    guard case .file = destination else { return nil }
    do throws(SystemError) {
      file = try LogFile.open(destination)
      isTorn = LogFile.endsWithinLine(destination)
      return nil
    } catch {
      return error
    }
  }

  /// Appends `bytes`, which are whole lines, at once.
  ///
  /// - Returns: how many of the bytes, from the start, are in the file as whole lines.
  mutating func append(_ bytes: RawSpan) -> Int {
    guard bytes.byteCount > 0 else { return 0 }
    var kind = file.kind
    if kind == .removed {
      // The file was deleted, or its folder was removed.
      if let error = reopen() {
        failure = "it was removed, and cannot be made again: \(AppendingFile.reason(of: error))"
        return 0
      }
      kind = file.kind
    }
    if isTorn { isTorn = !endLine() }
    if isTorn { return 0 }
    var error: SystemError?
    let written = file.append(bytes, failure: &error)
    failure = error.map { "\($0)" }
    guard written < bytes.byteCount else { return written }
    var whole = written
    while whole > 0, bytes[whole - 1] != UInt8(ascii: "\n") { whole -= 1 }
    if whole < written { takeBack(to: whole, of: written, kind) }
    return whole
  }

  /// Removes the incomplete line at the end. If that is not possible, ends it with a line feed, now or before the next
  /// line.
  private mutating func takeBack(to whole: Int, of written: Int, _ before: AppendingFile.Kind) {
    // Only if no other process has appended meanwhile.
    if case .file(let size) = before, file.kind == .file(size: size + written),
      file.truncate(to: size + whole)
    {
      return
    }
    isTorn = !endLine()
  }

  private mutating func endLine() -> Bool {
    var feed = ByteBuffer(capacity: 1)
    feed.put(UInt8(ascii: "\n"))
    var error: SystemError?
    let isEnded = file.append(feed.bytes, failure: &error) == 1
    if let error { failure = "\(error)" }
    return isEnded
  }
}
