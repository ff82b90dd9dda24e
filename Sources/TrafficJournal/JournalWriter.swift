package import Memory
internal import Synchronization
package import System
internal import TrafficLog

/// Why the journal cannot be opened.
package struct JournalError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Writes lines of traffic into the journal, on a thread of its own.
///
/// Event loops hand batches of whole lines over and go on. At most ``maximumWaitingBytes`` wait; beyond that,
/// as when the disk is full or another program holds the file, lines are dropped here and counted. The traffic
/// log has them all the same. What waits is written once the file can be written again.
package final class JournalWriter: LineSink, Sendable {
  /// Bytes of lines that may wait, those in the thread's hands included.
  package static let maximumWaitingBytes = 16 * 1024 * 1024
  /// Bytes that are written without waiting for more.
  static let gatheredBytes = 1024 * 1024

  struct State: ~Copyable {
    /// Whole lines.
    var waiting = ByteBuffer()
    /// Bytes that the thread has taken and not yet written.
    var held = 0
    var isStopping = false
    /// The thread runs.
    var hasBegun = false
    /// Monotonic nanoseconds until which the thread goes on trying, once it stops.
    var stopDeadline = Int64.max
    var statistics = JournalStatistics()
  }

  let state = Mutex(State())
  let wake: ThreadSignal
  private let thread: WorkerThread
  let path: String
  private let bounds: Mutex<JournalLimits>
  let clock: TimeSource
  let tell: @Sendable (String) -> Void

  /// Opens the journal and starts its thread.
  ///
  /// - Parameters:
  ///   - path: the file, created if it does not exist; its folder must exist.
  ///   - tell: gets a line for the operator now and then, from the journal's thread.
  package convenience init(
    path: String, limits: JournalLimits, clock: TimeSource = .system,
    tell: @escaping @Sendable (String) -> Void
  ) throws(JournalError) {
    try self.init(waitingFor: path, limits: limits, clock: clock, tell: tell)
    try begin()
  }

  /// Takes lines, and leaves the file alone until ``begin()``: another process writes it.
  package init(
    waitingFor path: String, limits: JournalLimits, clock: TimeSource = .system,
    tell: @escaping @Sendable (String) -> Void
  ) throws(JournalError) {
    self.path = path
    bounds = Mutex(limits)
    self.clock = clock
    self.tell = tell
    do throws(SystemError) {
      wake = try ThreadSignal()
      thread = try WorkerThread()
    } catch {
      throw JournalError("cannot start the journal's thread: \(error)")
    }
  }

  /// Opens the file and writes what waits, from now on. To be called once.
  package func begin() throws(JournalError) {
    // Opened here once, so that a path that does not work stops the start. A disk that does not work does not,
    // as it would not later either: calls are served, and the thread tries again.
    do throws(DatabaseError) {
      if let news = try JournalFile.open(path, limits, clock).setAside {
        tell(news)
        state.withLock { $0.statistics.setAside += 1 }
      }
    } catch {
      if error.isOfTheDisk {
        state.withLock { $0.statistics.note(error) }
        tell(
          "the journal \(path) cannot be opened for now: \(error); calls are served, and it is tried again"
        )
      } else if error.kind != .busy {
        // Another program may hold it for a while.
        throw JournalError("cannot open the journal \(path): \(error.message)")
      }
    }
    do throws(SystemError) {
      try thread.start("journal", priority: .low) { [self] in
        var loop = JournalLoop(self)
        loop.run()
      }
    } catch {
      throw JournalError("cannot start the journal's thread: \(error)")
    }
    state.withLock { $0.hasBegun = true }
  }

  /// What is removed from the file, and when.
  var limits: JournalLimits { bounds.withLock { $0 } }

  /// Keeps the file within other limits from now on.
  package func use(_ limits: JournalLimits) {
    bounds.withLock { $0 = limits }
    wake.notify()
  }

  /// Hands over `lines`, whole ones only. Never waits for the file.
  package func write(_ lines: borrowing ByteBuffer) {
    guard lines.count > 0 else { return }
    let wakes = state.withLock { state in
      let waiting = state.waiting.count
      guard !state.isStopping,
        waiting + state.held + lines.count <= JournalWriter.maximumWaitingBytes
      else {
        let count = LineCount.lines(lines.bytes)
        if state.isStopping {
          state.statistics.droppedAtStop += count
        } else {
          state.statistics.droppedQueueFull += count
        }
        return false
      }
      state.waiting.put(lines.bytes)
      // The thread looks by itself while it gathers; it is woken for the first line and for enough of them.
      return waiting == 0
        || waiting < JournalWriter.gatheredBytes
          && state.waiting.count >= JournalWriter.gatheredBytes
    }
    if wakes { wake.notify() }
  }

  /// The figures now.
  package var statistics: JournalStatistics {
    state.withLock { state in
      var result = state.statistics
      result.waitingBytes = state.waiting.count + state.held
      return result
    }
  }

  /// Writes what waits and ends the thread; gives up after `seconds`, and counts what is lost then.
  ///
  /// - Returns: false when the thread still runs.
  @discardableResult
  package func stop(within seconds: Int32 = 5) -> Bool {
    let isFirst = state.withLock { state in
      guard !state.isStopping else { return false }
      state.isStopping = true
      guard state.hasBegun else {
        // Nobody writes what waits.
        state.statistics.droppedAtStop += LineCount.lines(state.waiting.bytes)
        state.waiting = ByteBuffer()
        return false
      }
      state.stopDeadline = clock.monotonic + Int64(seconds) * 1_000_000_000
      return true
    }
    guard isFirst else { return true }
    wake.notify()
    // The thread keeps to the deadline itself, but for the disk.
    return thread.join(within: seconds * 1000 + 1000)
  }
}

/// Counts line feeds.
enum LineCount {
  static func lines(_ bytes: RawSpan) -> Int {
    var count = 0
    var at = bytes.firstIndex(of: UInt8(ascii: "\n"), from: 0)
    while at < bytes.byteCount {
      count += 1
      at = bytes.firstIndex(of: UInt8(ascii: "\n"), from: at + 1)
    }
    return count
  }
}
