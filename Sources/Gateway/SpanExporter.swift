internal import CurlTransport
internal import Memory
internal import Synchronization
internal import System
internal import Telemetry
internal import TrafficLog

/// Sends spans to a collector, OTLP over HTTP as JSON, from a thread of its own.
///
/// Loops hand lines over and go on. A collector that is slow or away costs spans, which are counted, and
/// nothing else: at most ``maximumWaitingBytes`` wait for it.
final class SpanExporter: Sendable {
  /// Bytes of lines that may wait.
  static let maximumWaitingBytes = 4 * 1024 * 1024
  /// Bytes that wake the thread before its time.
  private static let wakingBytes = 256 * 1024
  /// Tries of one body, and milliseconds before the second; twice as many before each further one.
  private static let tries = 3
  private static let firstPause: Int32 = 1000

  /// How the export does. Counted in exchanges.
  struct Health: Sendable, Equatable {
    var exported = 0
    /// Too many waited.
    var overflowed = 0
    /// The collector did not take them.
    var refused = 0
    /// Why the last body was not taken; nil when it was.
    var failure: String?
  }

  private struct State: ~Copyable {
    var waiting = ByteBuffer()
    var health = Health()
    var isStopping = false
  }

  private let export: SpanExport
  private let clock: TimeSource
  private let state = Mutex(State())
  private let wake: ThreadSignal
  private let thread: WorkerThread

  init(_ export: SpanExport, clock: TimeSource = .system) throws(StartError) {
    self.export = export
    self.clock = clock
    do throws(SystemError) {
      wake = try ThreadSignal()
      thread = try WorkerThread()
      try thread.start("spans", priority: .low) { [self] in run() }
    } catch { throw StartError("cannot start the thread that exports spans: \(error)") }
  }

  var health: Health { state.withLock { $0.health } }

  /// Sends what waits and ends the thread; gives up after `seconds`.
  ///
  /// - Returns: false when the thread still runs.
  @discardableResult
  func stop(within seconds: Int32 = 2) -> Bool {
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
    let settings = export.settings
    let post = JSONPost(
      url: settings.url, headers: export.headers, timeout: settings.timeout,
      caFile: settings.caFile)
    var encoder = SpanEncoder(settings)
    var batch = ByteBuffer()
    let turns = clock.onTurn { [wake] in wake.notify() }
    defer { withExtendedLifetime(turns) {} }
    while true {
      let stops = takeBatch(&batch)
      var at = 0
      while at < batch.count {
        var outcome = JSONPost.Outcome.taken
        let part = encoder.encode(batch.bytes, from: at, limit: settings.batch) { body in
          outcome = send(body, post)
        }
        at = part.next
        note(outcome, part.count)
      }
      batch.removeAll()
      if batch.allocatedBytes > SpanExporter.wakingBytes * 2 { batch.release() }
      if stops { return }
    }
  }

  /// Waits for lines, until the delay is over or many are there. Returns whether these are the last.
  private func takeBatch(_ batch: inout ByteBuffer) -> Bool {
    // A collector gets a batch a delay, unless there is more than one to send.
    wait(milliseconds: Int64(export.settings.delay))
    return state.withLock { state in
      swap(&batch, &state.waiting)
      return state.isStopping
    }
  }

  /// Sends one body, more than once where that may help.
  private func send(_ body: RawSpan, _ post: JSONPost?) -> JSONPost.Outcome {
    guard let post else { return .failed(reason: "libcurl refuses the settings") }
    var pause = SpanExporter.firstPause
    var outcome = post.post(body)
    for _ in 1..<SpanExporter.tries {
      switch outcome {
      case .taken: return outcome
      case .refused(let status) where ![429, 502, 503, 504].contains(status): return outcome
      case .refused, .failed: break
      }
      if state.withLock({ $0.isStopping }) { return outcome }
      // Woken only by the stop or by a queue that is filling up: then trying sooner is right as well.
      wait(milliseconds: Int64(pause))
      pause *= 2
      outcome = post.post(body)
    }
    return outcome
  }

  private func wait(milliseconds: Int64) {
    wake.wait(until: clock.monotonic + milliseconds * 1_000_000, of: clock)
  }

  private func note(_ outcome: JSONPost.Outcome, _ count: Int) {
    state.withLock { state in
      switch outcome {
      case .taken:
        state.health.exported += count
        state.health.failure = nil
      case .refused(let status):
        state.health.refused += count
        state.health.failure = "the collector answered \(status)"
      case .failed(let reason):
        state.health.refused += count
        state.health.failure = reason
      }
    }
  }
}

extension SpanExporter: LineSink {
  func write(_ lines: borrowing ByteBuffer) {
    let isMuch = state.withLock { state in
      guard !state.isStopping,
        state.waiting.count + lines.count <= SpanExporter.maximumWaitingBytes
      else {
        state.health.overflowed += lines.bytes.count(
          of: UInt8(ascii: "\n"), from: 0, to: lines.count)
        return false
      }
      let before = state.waiting.count
      state.waiting.put(lines.bytes)
      return before < SpanExporter.wakingBytes && state.waiting.count >= SpanExporter.wakingBytes
    }
    if isMuch { wake.notify() }
  }
}

extension SpanExporter {
  func put(into text: inout PrometheusText) {
    let health = health
    text.family(
      "scorm_gateway_traces_exported_total", .counter,
      "Exchanges whose spans the collector took.")
    text.sample(UInt64(health.exported))
    text.family(
      "scorm_gateway_traces_dropped_total", .counter, "Exchanges whose spans were lost.")
    text.sample([("reason", "queue")], UInt64(health.overflowed))
    text.sample([("reason", "collector")], UInt64(health.refused))
  }
}
