internal import EventLoop
package import Memory
internal import Synchronization

/// Writes batches of whole lines to a file or to standard output, on a thread of its own.
///
/// Event loops hand batches over and go on: a full disk or a reader that stopped reading never holds up a
/// call. When more than ``maximumWaitingBytes`` wait, further batches are dropped and counted; when writing
/// fails, what could not be written is counted, and a line a minute on standard error says so.
package final class LogWriter: Sendable {
  /// Bytes that may wait for the thread.
  package static let maximumWaitingBytes = 16 * 1024 * 1024
  /// Bytes of memory kept between two batches, for each of the two buffers.
  private static let keptBytes = 1024 * 1024
  /// Between two complaints about lost lines.
  private static let complaintInterval = Duration.seconds(60)

  /// Where lines go.
  package enum Destination: Sendable, Equatable {
    case standardOutput
    case file(path: String)
  }

  /// Why the log cannot be opened.
  package struct OpenError: Error, CustomStringConvertible {
    package let description: String
  }

  private struct State: ~Copyable {
    /// What waits; whole lines.
    var waiting = ByteBuffer()
    var droppedLines = 0
    var wantsReopen = false
    var isStopping = false
    /// The opened file on its way to the thread.
    var opened: AppendingFile?
  }

  private let state: Mutex<State>
  private let wake: ThreadSignal
  private let stopped: ThreadSignal
  private let destination: Destination

  /// Opens the log and starts its thread.
  package init(_ destination: Destination) throws(OpenError) {
    self.destination = destination
    do throws(SystemError) {
      wake = try ThreadSignal()
      stopped = try ThreadSignal()
    } catch {
      throw OpenError(description: "cannot start the log's thread: \(error)")
    }
    // Opened here, so that a path that does not work stops the start.
    let file = try LogWriter.open(destination)
    state = Mutex(State(opened: file))
    do throws(SystemError) {
      _ = try SystemThread("traffic-log") { [self] in run() }
    } catch {
      throw OpenError(description: "cannot start the log's thread: \(error)")
    }
  }

  /// Lines that were lost, because too many waited or the file could not be written.
  package var droppedLines: Int { state.withLock { $0.droppedLines } }

  /// Hands over `lines`, whole ones only. Never blocks on the file.
  package func write(_ lines: borrowing ByteBuffer) {
    guard lines.count > 0 else { return }
    state.withLock { state in
      // After the stop nobody is left to write them.
      if !state.isStopping,
        state.waiting.count + lines.count <= LogWriter.maximumWaitingBytes
      {
        state.waiting.put(lines.bytes)
      } else {
        state.droppedLines += LogWriter.lineCount(lines.bytes, from: 0)
      }
    }
    wake.notify()
  }

  /// Closes the file and opens it again under its name, after a rotation. What waits goes to the old one.
  package func reopen() {
    state.withLock { $0.wantsReopen = true }
    wake.notify()
  }

  /// Writes what waits and ends the thread; gives up after `seconds`.
  package func stop(within seconds: Int32 = 5) {
    let isFirst = state.withLock { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
    guard isFirst else { return }
    wake.notify()
    stopped.wait(milliseconds: seconds * 1000)
  }

  private static func lineCount(_ lines: RawSpan, from start: Int) -> Int {
    var count = 0
    for i in start..<lines.byteCount where lines[i] == UInt8(ascii: "\n") { count += 1 }
    return count
  }

  private static func open(_ destination: Destination) throws(OpenError) -> AppendingFile {
    do throws(SystemError) {
      switch destination {
      case .standardOutput: return try AppendingFile(standardOutput: ())
      case .file(let path): return try AppendingFile(path: path)
      }
    } catch {
      throw OpenError(description: "cannot open the traffic log \(destination.name): \(error)")
    }
  }

  // MARK: The thread

  private func run() {
    var lastComplaint: ContinuousClock.Instant?
    var file = state.withLock { $0.opened.take() }
    // Filled by swapping with what waits, so that the lock is held for a moment only.
    var batch = ByteBuffer()
    var isTorn = false
    while true {
      wake.wait(milliseconds: -1)
      var reopens = false
      var stops = false
      state.withLock { state in
        swap(&batch, &state.waiting)
        reopens = state.wantsReopen
        stops = state.isStopping
        state.wantsReopen = false
      }
      let lost = write(batch, to: file, isTorn: &isTorn)
      batch.removeAll()
      // What a burst or a slow disk piled up is given back.
      if batch.allocatedBytes > LogWriter.keptBytes { batch.release() }
      if lost > 0 {
        let total = state.withLock { state in
          state.droppedLines += lost
          return state.droppedLines
        }
        if lastComplaint.map({ $0.duration(to: .now) > LogWriter.complaintInterval }) ?? true {
          lastComplaint = .now
          StandardError.write(
            line: "scorm-gateway: \(total) lines of the traffic log are lost so far: "
              + "\(destination.name) cannot be written")
        }
      }
      if reopens, case .file = destination {
        do throws(OpenError) {
          file = try LogWriter.open(destination)
          isTorn = false
        } catch {
          StandardError.write(line: "scorm-gateway: \(error); going on with the old file")
        }
      }
      if stops {
        stopped.notify()
        return
      }
    }
  }

  /// Writes `batch` and returns how many of its lines were lost. A line cut short is ended, now or as soon
  /// as that works, so that the next one stands by itself; `isTorn` says that this is still to be done.
  private func write(
    _ batch: borrowing ByteBuffer, to file: borrowing AppendingFile?, isTorn: inout Bool
  ) -> Int {
    let bytes = batch.bytes
    guard bytes.byteCount > 0 else { return 0 }
    var written = 0
    switch file {
    case .some(let file):
      if isTorn { isTorn = !LogWriter.endLine(of: file) }
      if isTorn { break }
      written = file.append(bytes)
      if written < bytes.byteCount, written > 0, bytes[written - 1] != UInt8(ascii: "\n") {
        isTorn = !LogWriter.endLine(of: file)
      }
    case .none: break
    }
    return LogWriter.lineCount(bytes, from: written)
  }

  private static func endLine(of file: borrowing AppendingFile) -> Bool {
    var feed = ByteBuffer(capacity: 1)
    feed.put(UInt8(ascii: "\n"))
    return file.append(feed.bytes) == 1
  }
}

extension LogWriter.Destination {
  /// For messages.
  var name: String {
    switch self {
    case .standardOutput: "standard output"
    case .file(let path): path
    }
  }
}
