internal import CurlTransport
internal import Memory
internal import Synchronization
internal import System
internal import Telemetry
internal import TrafficLog

/// Sends spans or log records to a collector, OTLP over HTTP as JSON, from a separate thread.
///
/// Loops pass lines on and continue. If a collector is slow or unreachable, export data is lost and counted, and
/// nothing else is affected: at most ``waitingLimit(of:)`` bytes wait.
final class OTLPExporter: Sendable {
  /// Waiting bytes that wake the thread early.
  private static let wakingBytes = 256 * 1024
  /// Attempts to send one body. It is lost if the last one fails.
  private static let tries = 5
  /// Milliseconds before the second attempt, doubled for each further one, and the longest wait that a collector may
  /// ask for. A longer wait would only fill the queue.
  private static let firstPause: Int64 = 1_000
  private static let longestPause: Int64 = 30_000

  /// The state of the export, counted in calls.
  struct Health: Sendable, Equatable {
    var exported = 0
    /// Calls that found the queue full.
    var overflowed = 0
    /// Calls that the collector did not accept.
    var refused = 0
    /// Why the collector did not accept the last request; nil if it did.
    var failure: String?

    var lost: Int { overflowed + refused }
  }

  private struct State: ~Copyable {
    var waiting = ByteBuffer()
    var health = Health()
    var isStopping = false
    /// Whether the thread has been joined.
    var isJoined = false
  }

  private let export: SignalExport
  private let resource: [ExportSettings.Attribute]
  private let clock: TimeSource
  private let tell: @Sendable (OperatorNotice) -> Void
  private let state = Mutex(State())
  private let wake: ThreadSignal
  private let thread: WorkerThread

  /// - Parameters:
  ///   - gateway: the name of this gateway.
  ///   - tell: gets lines for the operator, on the exporter's thread.
  init(
    _ export: SignalExport, gateway: String, clock: TimeSource = .system,
    tell: @escaping @Sendable (OperatorNotice) -> Void
  ) throws(StartError) {
    self.export = export
    self.clock = clock
    self.tell = tell
    resource = export.settings.resource(version: GatewayVersion.text, gateway: gateway)
    let things = export.settings.signal.things
    do throws(SystemError) {
      wake = try ThreadSignal()
      thread = try WorkerThread()
      try thread.start(export.settings.signal.threadName, priority: .low) { [self] in run() }
    } catch {
      throw StartError("cannot start the thread that exports \(things): \(error)")
    }
  }

  var signal: ExportSignal { export.settings.signal }

  var health: Health { state.withLock { $0.health } }

  /// Bytes of lines that may wait. Every call has a log record, but few have spans.
  static func waitingLimit(of signal: ExportSignal) -> Int {
    switch signal {
    case .traces: 4 * 1024 * 1024
    case .logs: 16 * 1024 * 1024
    }
  }

  /// Asks the thread to send the waiting data and then to end.
  func beginStop() {
    state.withLock { $0.isStopping = true }
    wake.notify()
  }

  /// Sends the waiting data and ends the thread. Gives up after `seconds`.
  ///
  /// - Returns: false if the thread still runs.
  @discardableResult
  func stop(within seconds: Int32 = 2) -> Bool {
    beginStop()
    let isFirst = state.withLock { state in
      defer { state.isJoined = true }
      return !state.isJoined
    }
    return isFirst ? thread.join(within: seconds * 1000) : true
  }

  // MARK: The thread

  private func run() {
    switch signal {
    case .traces: run(SpanEncoder(resource))
    case .logs: run(LogRecordEncoder(resource))
    }
  }

  private func run<Encoder: LineEncoder & ~Copyable>(_ fresh: consuming Encoder) {
    var encoder = fresh
    let settings = export.settings
    let post = JSONPost(
      url: settings.url, headers: export.headers, timeout: settings.timeout,
      caFile: settings.caFile, compresses: settings.compresses)
    var report = ExportReport(signal.things, to: settings.shownURL)
    var batch = ByteBuffer()
    let turns = clock.onTurn { [wake] in wake.notify() }
    defer { withExtendedLifetime(turns) {} }
    while true {
      let stops = takeBatch(&batch)
      var at = 0
      while at < batch.count {
        var end = PostEnd()
        let part = encoder.encode(batch.bytes, from: at, limit: settings.batch) { body in
          end = send(body, post)
        }
        at = part.next
        let health = note(end, part.count)
        if let notice = report.notice(
          lost: health.lost, failure: health.failure, at: clock.monotonic)
        {
          tell(notice)
        }
      }
      batch.removeAll()
      if batch.allocatedBytes > OTLPExporter.wakingBytes * 2 { batch.release() }
      if stops { return }
    }
  }

  /// Waits until the delay is over or many lines wait. Returns whether this is the last batch.
  private func takeBatch(_ batch: inout ByteBuffer) -> Bool {
    // A collector gets one batch per delay, unless there is more than one to send.
    if !state.withLock({ $0.isStopping }) {
      wake.wait(until: clock.monotonic + Int64(export.settings.delay) * 1_000_000, of: clock)
    }
    return state.withLock { state in
      swap(&batch, &state.waiting)
      return state.isStopping
    }
  }

  /// The result of sending a body.
  private struct PostEnd {
    var outcome = JSONPost.Outcome.taken
    /// Spans or records of the body that the collector discarded.
    var rejected = 0
  }

  /// Sends one body, repeatedly if that may help (OTLP/HTTP Response, "Retryable Response Codes").
  private func send(_ body: RawSpan, _ post: JSONPost?) -> PostEnd {
    guard let post else { return PostEnd(outcome: .failed(reason: "libcurl refuses the settings")) }
    var pause = OTLPExporter.firstPause
    var end = PostEnd(outcome: post.post(body))
    for _ in 1..<OTLPExporter.tries {
      switch end.outcome {
      case .taken:
        end.rejected = OTLPAnswer.rejected(in: post.takeAnswer().bytes)
        return end
      case .refused(let status) where ![429, 502, 503, 504].contains(status): return end
      case .refused, .failed: break
      }
      // Random, so that gateways that lost a collector at the same time do not all return at once.
      let asked = end.outcome.isAnswer ? post.retryAfter * 1_000 : 0
      let own = pause / 2 + Int64.random(in: 0...pause / 2)
      guard waitUnlessStopping(milliseconds: min(max(asked, own), OTLPExporter.longestPause))
      else { return end }
      pause *= 2
      end.outcome = post.post(body)
    }
    return end
  }

  /// Waits. Returns false, at once, if the thread must end.
  private func waitUnlessStopping(milliseconds: Int64) -> Bool {
    let until = clock.monotonic + milliseconds * 1_000_000
    while !state.withLock({ $0.isStopping }) {
      // A filling queue also wakes the thread, but must not shorten the wait.
      if clock.monotonic >= until { return true }
      wake.wait(until: until, of: clock)
    }
    return false
  }

  private func note(_ end: PostEnd, _ count: Int) -> Health {
    state.withLock { state in
      switch end.outcome {
      case .taken:
        let rejected = min(end.rejected, count)
        state.health.exported += count - rejected
        state.health.refused += rejected
        state.health.failure =
          rejected > 0 ? "the collector threw \(end.rejected) \(signal.things) away" : nil
      case .refused(let status):
        state.health.refused += count
        state.health.failure = "the collector answered \(status)"
      case .failed(let reason):
        state.health.refused += count
        state.health.failure = reason
      }
      return state.health
    }
  }
}

extension JSONPost.Outcome {
  /// Whether a server has answered.
  fileprivate var isAnswer: Bool {
    if case .failed = self { false } else { true }
  }
}

extension ExportSignal {
  fileprivate var threadName: String {
    switch self {
    case .traces: "spans"
    case .logs: "log-records"
    }
  }
}

extension OTLPExporter: LineSink {
  func write(_ lines: borrowing ByteBuffer) {
    let limit = OTLPExporter.waitingLimit(of: signal)
    let isMuch = state.withLock { state in
      guard !state.isStopping, state.waiting.count + lines.count <= limit else {
        state.health.overflowed += lines.bytes.count(
          of: UInt8(ascii: "\n"), from: 0, to: lines.count)
        return false
      }
      let before = state.waiting.count
      state.waiting.put(lines.bytes)
      return before < OTLPExporter.wakingBytes && state.waiting.count >= OTLPExporter.wakingBytes
    }
    if isMuch { wake.notify() }
  }
}
