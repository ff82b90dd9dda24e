internal import Memory
internal import Operator
package import System
internal import TrafficJournal

/// Imports a traffic log into a journal through the writer's queue, as the gateway writes it.
package enum JournalImport {
  package struct Outcome: Sendable {
    package let written: Int
    package let skipped: Int
    /// Nanoseconds until everything was written.
    package let time: Int64

    package var text: String {
      let rate = Double(written) / (Double(max(1, time)) / 1_000_000_000)
      return "\(written) records written, \(skipped) lines skipped, in \(Seconds.text(time)) s: "
        + "\(Int(rate)) records a second"
    }
  }

  /// Bytes of lines that are passed on at once, as by an event loop.
  private static let batchBytes = 64 * 1024
  /// Waiting bytes above which reading pauses.
  private static let highWater = JournalWriter.maximumWaitingBytes / 2
  /// Seconds to wait for the remaining lines at the end.
  private static let patience: Int32 = 600

  /// Imports the file at `log`, or standard input for `-`. Nothing is removed from the journal meanwhile.
  package static func run(
    log: String, journal: String, clock: TimeSource = .system,
    tell: @escaping @Sendable (String) -> Void
  ) throws(StartError) -> Outcome {
    var reader: LineReader
    do { reader = try LineReader(path: log) } catch {
      throw StartError("cannot open the traffic log \(log): \(error)")
    }
    let writer: JournalWriter
    do {
      writer = try JournalWriter(
        path: journal, limits: JournalLimits(maxAge: .max / 2, maxSize: .max / 2), clock: clock,
        tell: tell)
    } catch { throw StartError(error.description) }
    // A gateway would serve anyway; an import must fail now.
    guard writer.statistics.isWell else {
      let reason = writer.statistics.lastError ?? "unknown reason"
      writer.stop()
      throw StartError("cannot open the journal \(journal): \(reason)")
    }
    let pause: ThreadSignal
    do { pause = try ThreadSignal() } catch { throw StartError("out of descriptors: \(error)") }
    let began = clock.monotonic
    var batch = ByteBuffer(capacity: batchBytes)
    var cut = 0
    do {
      try reader.readLines { line, isCut in
        if isCut {
          cut += 1
          return
        }
        batch.put(line)
        batch.put(UInt8(ascii: "\n"))
        guard batch.count >= batchBytes else { return }
        while writer.statistics.waitingBytes > highWater { pause.wait(milliseconds: 5) }
        writer.write(batch)
        batch.removeAll()
      }
    } catch {
      writer.stop()
      throw StartError("cannot read the traffic log \(log): \(error)")
    }
    writer.write(batch)
    writer.stop(within: patience)
    let statistics = writer.statistics
    guard statistics.droppedAtStop + statistics.droppedQueueFull + statistics.droppedRefused == 0
    else {
      throw StartError(
        "\(statistics.dropped) records could not be written: \(statistics.lastError ?? "unknown reason")"
      )
    }
    return Outcome(
      written: statistics.written, skipped: statistics.droppedMalformed + cut,
      time: clock.monotonic - began)
  }
}
