internal import Memory
internal import Synchronization
internal import System

/// The journal's thread: takes waiting lines, writes them, and copes with a file that cannot be written.
struct JournalLoop: ~Copyable {
  /// How long lines may wait for more lines, in nanoseconds.
  private static let gatherTime: Int64 = 200_000_000
  /// How often age and size are checked while nothing is written, in nanoseconds.
  private static let idleTime: Int64 = 10_000_000_000
  /// Pause between attempts while another program has the file locked, in nanoseconds.
  private static let busyPause: Int64 = 100_000_000
  /// Pause after a failure, in nanoseconds; it doubles up to ``lastPause``.
  private static let firstPause: Int64 = 250_000_000
  private static let lastPause: Int64 = 30_000_000_000
  /// Least time between two log lines about losses, in nanoseconds.
  private static let complaintInterval: Int64 = 60_000_000_000
  /// Bytes of memory kept between batches.
  private static let keptBytes = 4 * 1024 * 1024

  private let writer: JournalWriter
  private let clock: TimeSource
  private var file: JournalFile?
  /// Lines that were taken and are not yet written. Each is written once.
  private var batch = ByteBuffer()
  /// Identifies this writer, to recognize its transactions.
  private let number = Int64.random(in: 1...Int64.max)
  /// Records written. Increases when a transaction is committed, not when it fails.
  private var counter: Int64 = 0
  private var pause = JournalLoop.firstPause
  private var lastComplaint: Int64?
  private var complained = 0
  private var moreToTrim = false
  /// The journal of an earlier version that is being converted.
  private var conversion: JournalConversion?
  private var moreToConvert = false

  init(_ writer: JournalWriter) {
    self.writer = writer
    clock = writer.clock
  }

  mutating func run() {
    let turns = clock.onTurn { [wake = writer.wake] in wake.notify() }
    defer { withExtendedLifetime(turns) {} }
    while true {
      let isStopping = batch.isEmpty ? gather() : writer.state.withLock { $0.isStopping }
      if batch.isEmpty {
        if isStopping { break }
        maintain()
      } else {
        let isDone = writeBatch()
        complainAboutLosses()
        if isStopping, !isDone, clock.monotonic >= stopDeadline { break }
      }
    }
    giveUp()
    finishFile()
  }

  private var stopDeadline: Int64 { writer.state.withLock { $0.stopDeadline } }

  /// Waits for lines, then a little for more, and takes them. Returns whether the gateway is stopping.
  private mutating func gather() -> Bool {
    let (waiting, isStopping) = look()
    if waiting == 0, !isStopping {
      let time = moreToTrim || moreToConvert ? 1_000_000 : JournalLoop.idleTime
      writer.wake.wait(until: clock.monotonic + time, of: clock)
    }
    let deadline = clock.monotonic + JournalLoop.gatherTime
    while true {
      let (waiting, isStopping) = look()
      guard waiting > 0, waiting < JournalWriter.gatheredBytes, !isStopping,
        clock.monotonic < deadline
      else { break }
      writer.wake.wait(until: deadline, of: clock)
    }
    return writer.state.withLock { state in
      swap(&batch, &state.waiting)
      state.held = batch.count
      return state.isStopping
    }
  }

  private func look() -> (waiting: Int, isStopping: Bool) {
    writer.state.withLock { ($0.waiting.count, $0.isStopping) }
  }

  /// Writes the current batch, one transaction after the other. If it must be tried again later, waits and returns
  /// false.
  private mutating func writeBatch() -> Bool {
    do throws(DatabaseError) {
      while !batch.isEmpty {
        let file = try openFile()
        let began = clock.monotonic
        let insertion = try insert(into: file)
        note(insertion, took: clock.monotonic - began)
        pause = JournalLoop.firstPause
        afterWriting(file)
      }
      batch.removeAll()
      if batch.allocatedBytes > JournalLoop.keptBytes { batch.release() }
      return true
    } catch {
      failed(error)
      return false
    }
  }

  private mutating func insert(into file: JournalFile) throws(DatabaseError)
    -> JournalFile.Insertion
  {
    do throws(DatabaseError) {
      let insertion = try file.insert(batch.bytes, writer: number, counter: counter)
      batch.consume(insertion.bytes)
      counter += Int64(insertion.written)
      return insertion
    } catch {
      guard error.kind == .other else { throw error }
      // It would fail the same way forever, so the lines of one transaction are dropped.
      let refused = dropTransaction()
      writer.state.withLock {
        $0.statistics.droppedRefused += refused
        $0.statistics.failures += 1
        $0.statistics.lastError = error.description
      }
      return JournalFile.Insertion()
    }
  }

  /// Drops as many lines as fit in a transaction, and returns their number.
  private mutating func dropTransaction() -> Int {
    var end = 0
    var count = 0
    while end < batch.count, count < JournalFile.recordsPerTransaction {
      end = min(batch.count, batch.bytes.firstIndex(of: UInt8(ascii: "\n"), from: end) + 1)
      count += 1
    }
    batch.consume(end)
    return count
  }

  private func note(_ insertion: JournalFile.Insertion, took time: Int64) {
    let held = batch.count
    writer.state.withLock { state in
      state.held = held
      state.statistics.written += insertion.written
      state.statistics.droppedMalformed += insertion.malformed
      state.statistics.isWell = true
      guard insertion.written > 0 else { return }
      state.statistics.transactions += 1
      state.statistics.transactionTime += time
      state.statistics.longestTransaction = max(state.statistics.longestTransaction, time)
    }
  }

  private mutating func openFile() throws(DatabaseError) -> JournalFile {
    if let file {
      file.limits = writer.limits
      return file
    }
    let opened = try JournalFile.open(writer.path, writer.limits, clock)
    if let news = opened.setAside {
      writer.tell(news)
      writer.state.withLock { $0.statistics.setAside += 1 }
    }
    file = opened.file
    conversion = JournalConversion.open(beside: writer.path)
    moreToConvert = conversion != nil
    return opened.file
  }

  /// Removes what exceeds age or size. A failure here loses nothing that was written.
  private mutating func afterWriting(_ file: JournalFile) {
    do throws(DatabaseError) {
      let trimmed = try file.trim(now: clock.wall / 1000)
      moreToTrim = trimmed.more
      writer.state.withLock {
        $0.statistics.removed += trimmed.removed
        $0.statistics.isWell = true
      }
    } catch {
      moreToTrim = false
      record(error)
      // A damaged file is set aside when it is opened again.
      if error.kind == .corrupt { reopenDamaged(error) }
    }
    let sizes = file.sizes
    writer.state.withLock { state in
      state.statistics.fileBytes = Int(sizes.file)
      state.statistics.logBytes = Int(sizes.log)
    }
  }

  private mutating func maintain() {
    guard let file = try? openFile() else { return }
    afterWriting(file)
    convert(into: file)
    // There is nothing else to do: now a copy of the file is complete, and the next burst can use the whole log.
    if !moreToTrim, !moreToConvert { try? file.settle() }
  }
}

// MARK: An earlier version

extension JournalLoop {
  /// Converts some lines of an earlier version's journal. A journal that cannot be read is left where it is.
  private mutating func convert(into file: JournalFile) {
    guard moreToConvert else { return }
    do throws(DatabaseError) {
      moreToConvert = try conversion?.goOn(into: file) ?? false
      guard !moreToConvert else { return }
      conversion.take()?.finish()
      writer.tell("the journal \(writer.path) was from an earlier version and has been converted")
    } catch {
      moreToConvert = error.kind == .busy
      if moreToConvert { return }
      conversion = nil
      writer.tell(
        "what the journal \(writer.path) had before this version can be converted no further: \(error)"
      )
    }
  }
}

// MARK: Trouble

extension JournalLoop {
  private func record(_ error: DatabaseError) {
    writer.state.withLock { $0.statistics.note(error) }
  }

  /// Waits as the failure requires, and keeps the current batch.
  private mutating func failed(_ error: DatabaseError) {
    record(error)
    switch error.kind {
    case .busy, .interrupted: wait(JournalLoop.busyPause)
    case .corrupt: reopenDamaged(error)
    case .storage, .other:
      // Opens a new connection next time, because the old one may have lost its lock or its log.
      file = nil
      complain(about: error)
      wait(pause)
      pause = min(pause * 2, JournalLoop.lastPause)
    }
  }

  private mutating func reopenDamaged(_ error: DatabaseError) {
    file = nil
    do throws(DatabaseError) {
      // If the check on opening finds the damage, the file is set aside there.
      let name = try JournalFile.setAside(writer.path, because: error, at: clock.wall)
      writer.tell(
        "the journal \(writer.path) is damaged (\(error.message)); it is now \(name), "
          + "and a new one was started")
      writer.state.withLock { $0.statistics.setAside += 1 }
    } catch {
      record(error)
      complain(about: error)
      wait(pause)
      pause = min(pause * 2, JournalLoop.lastPause)
    }
  }

  /// Waits, but not beyond the deadline of a stop.
  private func wait(_ time: Int64) {
    let end = clock.monotonic + time
    while true {
      let (deadline, isStopping) = writer.state.withLock { ($0.stopDeadline, $0.isStopping) }
      // The last attempts follow each other quickly.
      let now = clock.monotonic
      let until = isStopping ? min(end, deadline, now + 50_000_000) : end
      guard now < until else { return }
      writer.wake.wait(until: until, of: clock)
      if isStopping { return }
    }
  }

  /// Logs one line a minute while records are lost.
  private mutating func complainAboutLosses() {
    let statistics = writer.statistics
    guard statistics.dropped > complained else { return }
    complain(about: nil)
  }

  private mutating func complain(about error: DatabaseError?) {
    let now = clock.monotonic
    if let lastComplaint, now - lastComplaint < JournalLoop.complaintInterval { return }
    lastComplaint = now
    let statistics = writer.statistics
    complained = statistics.dropped
    let reason = error?.description ?? statistics.lastError
    writer.tell(
      "the journal \(writer.path) cannot be written" + (reason.map { ": \($0)" } ?? " fast enough")
        + "; \(statistics.dropped) of its records are lost so far; calls and the traffic log go on")
  }

  /// Counts the lines that could not be written before the end.
  private mutating func giveUp() {
    let left = LineCount.lines(batch.bytes)
    let lost = writer.state.withLock { state in
      let waiting = LineCount.lines(state.waiting.bytes)
      state.waiting.release()
      state.held = 0
      state.statistics.droppedAtStop += left + waiting
      return state.statistics.dropped
    }
    if lost > complained {
      writer.tell("\(lost) records of the journal are lost: \(writer.path) could not be written")
    }
  }

  /// Leaves a file without a log next to it, if possible.
  private mutating func finishFile() {
    guard let file else { return }
    try? file.database.checkpoint()
    self.file = nil
  }
}
