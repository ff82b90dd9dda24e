package import Memory
internal import Synchronization
package import System
internal import TrafficLog

/// Why the journal cannot be opened.
package struct JournalError: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// Writes lines of traffic into the journal, on its own thread.
///
/// Event loops hand over batches of whole lines and continue. At most ``maximumWaitingBytes`` wait. Beyond that, for
/// example if the disk is full or another program has the file locked, lines are dropped here and counted; the traffic
/// log still has them. Waiting lines are written once the file can be written again.
package final class JournalWriter: LineSink, Sendable {
  /// Maximum bytes of waiting lines, including those that the thread has taken.
  package static let maximumWaitingBytes = 16 * 1024 * 1024
  /// With this many bytes waiting, the thread writes without waiting for more.
  static let gatheredBytes = 1024 * 1024

  struct State: ~Copyable {
    /// Whole lines.
    var waiting = ByteBuffer()
    /// Bytes that the thread has taken and not yet written.
    var held = 0
    var isStopping = false
    /// Whether the thread runs.
    var hasBegun = false
    /// Monotonic nanoseconds until which the thread keeps trying after a stop was requested.
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
  ///   - tell: receives a line for the operator now and then, on the journal's thread.
  package convenience init(
    path: String, limits: JournalLimits, clock: TimeSource = .system,
    tell: @escaping @Sendable (String) -> Void
  ) throws(JournalError) {
    try self.init(waitingFor: path, limits: limits, clock: clock, tell: tell)
    try begin()
  }

  /// Takes lines, but does not touch the file before ``begin()``, because another process writes it.
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

  /// Opens the file and begins to write waiting lines. Call this once.
  package func begin() throws(JournalError) {
    // Opened here once, so that an invalid path stops the start. A failing disk does not, just as it would not later:
    // calls are served, and the thread tries again.
    do throws(DatabaseError) {
      if let news = try JournalFile.open(path, limits, clock).setAside {
        tell(news)
        state.withLock { $0.statistics.setAside += 1 }
      }
    } catch {
      if error.isOfTheDisk {
        state.withLock { $0.statistics.note(error) }
        tell(
          "the journal \(path) cannot be opened for now: \(error); calls are served, and the gateway tries again"
        )
      } else if error.kind != .busy {
        // Another program may have locked it for a while.
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

  /// Applies other limits to the file from now on.
  package func use(_ limits: JournalLimits) {
    bounds.withLock { $0 = limits }
    wake.notify()
  }

  /// Hands over `lines`, which must be whole lines. Never waits for the file.
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
      // The thread checks by itself while it gathers. It is woken for the first line, and when there are enough.
      return waiting == 0
        || waiting < JournalWriter.gatheredBytes
          && state.waiting.count >= JournalWriter.gatheredBytes
    }
    if wakes { wake.notify() }
  }

  /// The current figures.
  package var statistics: JournalStatistics {
    state.withLock { state in
      var result = state.statistics
      result.waitingBytes = state.waiting.count + state.held
      return result
    }
  }

  /// Writes waiting lines and ends the thread. Gives up after `seconds`, and then counts what is lost.
  ///
  /// - Returns: false if the thread is still running.
  @discardableResult
  package func stop(within seconds: Int32 = 5) -> Bool {
    let isFirst = state.withLock { state in
      guard !state.isStopping else { return false }
      state.isStopping = true
      guard state.hasBegun else {
        // No thread will write the waiting lines.
        state.statistics.droppedAtStop += LineCount.lines(state.waiting.bytes)
        state.waiting = ByteBuffer()
        return false
      }
      state.stopDeadline = clock.monotonic + Int64(seconds) * 1_000_000_000
      return true
    }
    guard isFirst else { return true }
    wake.notify()
    // The thread itself keeps the deadline, unless the disk blocks it.
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
