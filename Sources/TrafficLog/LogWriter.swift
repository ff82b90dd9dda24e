package import Memory
internal import Synchronization
package import System

/// Writes batches of whole lines to a file or to standard output, on its own thread.
///
/// Event loops hand over batches and continue, so a full disk or a reader that has stopped reading never delays a call.
/// When more than ``maximumWaitingBytes`` wait, further batches are dropped and counted. If writing fails, the lines
/// that could not be written are counted, and standard error gets a line a minute about it. Writing resumes by itself
/// when it works again.
package final class LogWriter: Sendable {
  /// Maximum bytes that wait for the thread.
  package static let maximumWaitingBytes = 16 * 1024 * 1024
  /// Bytes of memory that the buffer of rendered lines keeps between two batches.
  private static let keptBytes = 1024 * 1024
  /// Nanoseconds between two checks whether lost lines can be reported.
  private static let reportDelay: Int64 = 1_000_000_000

  /// Where lines go.
  package enum Destination: Sendable, Equatable {
    case standardOutput
    case file(path: String)
  }

  /// Why the log cannot be opened.
  package struct OpenError: Error, CustomStringConvertible {
    package let description: String
  }

  /// The state of the log.
  package struct Health: Sendable, Equatable {
    package var writtenLines = 0
    /// Lines lost because too many waited or because the file could not be written.
    package var droppedLines = 0
    package var waitingBytes = 0
    /// Why writing fails at the moment; nil if it works.
    package var failure: String?
  }

  private struct State: ~Copyable {
    /// Waiting lines; always whole lines.
    var waiting = WaitingBatches()
    var waitingLines = 0
    var health = Health()
    var wantsReopen = false
    var isStopping = false
    /// The opened file, until the thread takes it.
    var opened: LogFile?
  }

  private let state: Mutex<State>
  private let wake: ThreadSignal
  private let thread: WorkerThread
  private let destination: Destination
  private let format: LogFormat
  private let clock: TimeSource
  private let tell: @Sendable (String) -> Void

  /// Opens the log and starts its thread.
  ///
  /// - Parameter tell: receives lines for the operator, on the log's thread.
  package init(
    _ destination: Destination, format: LogFormat = .json, clock: TimeSource = .system,
    tell: @escaping @Sendable (String) -> Void = {
      StandardError.write(line: "scorm-gateway: \($0)")
    }
  ) throws(OpenError) {
    self.destination = destination
    self.format = format
    self.clock = clock
    self.tell = tell
    do throws(SystemError) {
      wake = try ThreadSignal()
      thread = try WorkerThread()
    } catch {
      throw OpenError(description: "cannot start the log's thread: \(error)")
    }
    // Opened here, so that an invalid path stops the start.
    do throws(SystemError) {
      state = Mutex(State(opened: try LogFile(destination)))
    } catch {
      throw OpenError(
        description: "cannot open the traffic log \(destination.name): "
          + AppendingFile.reason(of: error))
    }
    do throws(SystemError) {
      try thread.start("traffic-log", priority: .low) { [self] in run() }
    } catch {
      throw OpenError(description: "cannot start the log's thread: \(error)")
    }
  }

  /// The current state.
  package var health: Health {
    state.withLock { state in
      var health = state.health
      health.waitingBytes = state.waiting.byteCount
      return health
    }
  }

  /// Lines lost because too many waited or because the file could not be written.
  package var droppedLines: Int { state.withLock { $0.health.droppedLines } }

  /// Hands over `lines`, which are `count` whole JSON lines, and leaves an empty buffer. Never blocks on the file.
  package func write(_ lines: inout ByteBuffer, count: Int) {
    guard lines.count > 0 else { return }
    state.withLock { state in
      // After the stop, no thread would write them.
      guard !state.isStopping,
        state.waiting.byteCount + lines.count <= LogWriter.maximumWaitingBytes
      else {
        state.health.droppedLines += count
        lines.removeAll()
        return
      }
      state.waitingLines += count
      state.waiting.take(&lines)
    }
    wake.notify()
  }

  /// Closes the file and opens it again under its name, after a rotation. Waiting lines go to the old file.
  package func reopen() {
    state.withLock { $0.wantsReopen = true }
    wake.notify()
  }

  /// Writes waiting lines and ends the thread. Gives up after `seconds`.
  ///
  /// - Returns: false if the thread is still running.
  @discardableResult
  package func stop(within seconds: Int32 = 5) -> Bool {
    let isFirst = state.withLock { state in
      defer { state.isStopping = true }
      return !state.isStopping
    }
    guard isFirst else { return true }
    wake.notify()
    return thread.join(within: seconds * 1000)
  }

  // MARK: The thread

  private func run() {
    guard var file = state.withLock({ $0.opened.take() }) else { return }
    var report = LossReport()
    var renderer = LineRenderer(format)
    // Filled by swapping with the waiting lines, so the lock is held only for a moment.
    var batches = WaitingBatches()
    var rendered = ByteBuffer()
    var looksAt = Int64.max
    let turns = clock.onTurn { [wake] in wake.notify() }
    defer { withExtendedLifetime(turns) {} }
    while true {
      wake.wait(until: looksAt, of: clock)
      var reopens = false
      var stops = false
      var lineCount = 0
      state.withLock { state in
        swap(&batches, &state.waiting)
        swap(&lineCount, &state.waitingLines)
        reopens = state.wantsReopen
        stops = state.isStopping
        state.wantsReopen = false
      }
      var lost = 0
      for index in 0..<batches.count {
        if format == .json {
          lost += write(batches[index], to: &file)
        } else {
          renderer.put(batches[index], into: &rendered)
          lost += write(rendered.bytes, to: &file)
          rendered.removeAll()
        }
      }
      batches.removeAll()
      if rendered.allocatedBytes > LogWriter.keptBytes { rendered.release() }
      let health = note(written: lineCount - lost, lost: lost, file.failure)
      if let line = report.line(
        lost: health.droppedLines, failure: health.failure, log: destination.name,
        at: clock.monotonic)
      {
        tell(line)
      }
      looksAt =
        report.isBehind(lost: health.droppedLines)
        ? clock.monotonic + LogWriter.reportDelay : .max
      if reopens, let error = file.reopen() {
        tell(
          "cannot open the traffic log \(destination.name): \(error); going on with the old file")
      }
      if stops { return }
    }
  }

  /// Writes `bytes`. Returns how many of their lines could not be written.
  private func write(_ bytes: RawSpan, to file: inout LogFile) -> Int {
    let written = file.append(bytes)
    return written == bytes.byteCount
      ? 0 : bytes.count(of: UInt8(ascii: "\n"), from: written, to: bytes.byteCount)
  }

  /// Adds to the counters. Returns the log's state afterwards.
  private func note(written: Int, lost: Int, _ failure: String?) -> Health {
    state.withLock { state in
      state.health.writtenLines += written
      state.health.droppedLines += lost
      state.health.failure = failure
      return state.health
    }
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
