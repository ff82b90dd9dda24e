internal import Histograms
internal import Memory

/// The counters of all loops, summed and written for Prometheus. In families with many series, those without a count
/// are omitted.
package struct FigureReport {
  private let loops: [LoopFigures]
  private let labels: FigureLabels
  private let layout: LoopFigures.Layout

  /// Nil without loops. Callers and apps can differ while the loops are switching to another configuration.
  package init?(_ loops: [LoopFigures]) {
    guard let first = loops.first else { return nil }
    self.loops = loops
    labels = first.labels
    layout = first.layout
  }

  /// The sum of one figure without labels over all loops.
  package func total(_ single: LoopFigures.Single) -> UInt64 {
    total(layout.singles + single.rawValue)
  }

  /// Ended requests by class of status: 0 for no answer, then 1xx to 5xx.
  package var requestsByStatus: [UInt64] {
    (0..<6).map { status in
      (0..<labels.rowCount).reduce(0) {
        $0 &+ total(layout.row($1) + layout.statusesInRow + status)
      }
    }
  }

  private func total(_ cell: Int) -> UInt64 { loops.reduce(0) { $0 &+ $1.cells.read(cell) } }

  /// The sum over the loops that have the pair.
  private func total(_ pair: FigurePair, _ offset: Int) -> UInt64 {
    loops.reduce(0) { sum, loop in
      guard pair.stands(in: loop.labels) else { return sum }
      return sum
        &+ loop.cells.read(loop.layout.pair(caller: pair.caller, app: pair.app) + offset)
    }
  }

  private func totals(_ start: Int, _ count: Int) -> [UInt64] {
    (0..<count).map { total(start + $0) }
  }

  package func put(into text: inout PrometheusText) {
    putExchanges(into: &text)
    putCallers(into: &text)
    putUpstream(into: &text)
    putEndings(into: &text)
    putLoops(into: &text)
  }

  private func row(_ index: Int) -> (operation: String, method: String) {
    index < labels.operations.count
      ? (labels.operations[index].name, labels.operations[index].method)
      : ("none", labels.methods[index - labels.operations.count])
  }

  private func putExchanges(into text: inout PrometheusText) {
    text.family(
      "scorm_gateway_exchanges_in_flight", .gauge, "Requests in progress.")
    text.sample(total(.exchangesUnderWay))
    text.family(
      "scorm_gateway_requests_total", .counter,
      "Requests of callers that have ended, by operation and class of the status sent. Failed are 5xx and none."
    )
    for index in 0..<labels.rowCount {
      let (operation, method) = row(index)
      for (status, name) in FigureLabels.statusClasses.enumerated() {
        let count = total(layout.row(index) + layout.statusesInRow + status)
        guard count > 0 else { continue }
        text.sample(
          [("operation", operation), ("method", method), ("status", name)], count)
      }
    }
    text.family(
      "scorm_gateway_request_duration_seconds", .histogram,
      "From a request's head to the end of its answer, by operation.")
    let width = Buckets.durations.count + 1
    for index in 0..<labels.rowCount {
      let counts = totals(layout.row(index), width)
      guard counts.dropLast().contains(where: { $0 > 0 }) else { continue }
      let (operation, method) = row(index)
      text.histogram(
        [("operation", operation), ("method", method)], .durations,
        counts: Array(counts.dropLast()), sum: counts[width - 1], isSeconds: true)
    }
    putHistogram(
      "scorm_gateway_request_body_bytes", "Bytes that callers sent: bodies of their requests.",
      layout.requestSizes, .sizes, isSeconds: false, into: &text)
    putHistogram(
      "scorm_gateway_response_body_bytes", "Bytes that callers received: bodies of answers.",
      layout.responseSizes, .sizes, isSeconds: false, into: &text)
    putHistogram(
      "scorm_gateway_token_wait_seconds",
      "How long requests waited for a token; requests that did not wait are not counted.",
      layout.tokenWaits, .durations, isSeconds: true, into: &text)
    putHistogram(
      "scorm_gateway_queue_wait_seconds",
      "How long requests waited for a limit or an upstream connection; requests that did not wait are not counted.",
      layout.queueWaits, .durations, isSeconds: true, into: &text)
  }

  private func putHistogram(
    _ name: String, _ help: String, _ start: Int, _ buckets: Buckets, isSeconds: Bool,
    into text: inout PrometheusText
  ) {
    text.family(name, .histogram, help)
    text.histogram(
      [], buckets, counts: totals(start, buckets.count), sum: total(start + buckets.count),
      isSeconds: isSeconds)
  }

  private func putCallers(into text: inout PrometheusText) {
    func pairs(_ body: (FigurePair, [PrometheusText.Label]) -> Void) {
      for caller in 0...labels.callers.count {
        for app in 0...labels.apps.count {
          let pair = FigurePair(caller: caller, app: app, labels)
          // Skips callers and apps that are no longer in the configuration.
          guard !pair.callerName.isEmpty, !pair.appName.isEmpty else { continue }
          body(pair, [("caller", pair.callerName), ("app", pair.appName)])
        }
      }
    }
    text.family(
      "scorm_gateway_caller_requests_total", .counter,
      "Requests that have ended, by caller, app and class of the status sent. Failed are 5xx and none."
    )
    pairs { pair, labels in
      for (status, name) in FigureLabels.statusClasses.enumerated() {
        let count = total(pair, status)
        if count > 0 { text.sample(labels + [("status", name)], count) }
      }
    }
    for (offset, name, help) in [
      (
        0, "scorm_gateway_caller_request_body_bytes_total",
        "Bytes that callers sent: bodies of requests."
      ),
      (
        1, "scorm_gateway_caller_response_body_bytes_total",
        "Bytes that callers received: bodies of answers."
      ),
    ] {
      text.family(name, .counter, help)
      pairs { pair, labels in
        let count = total(pair, layout.bytesInPair + offset)
        if count > 0 { text.sample(labels, count) }
      }
    }
    for (offset, name, help) in [
      (
        0, "scorm_gateway_operation_request_body_bytes_total",
        "Bytes that callers sent: bodies of requests, by operation."
      ),
      (
        1, "scorm_gateway_operation_response_body_bytes_total",
        "Bytes that callers received: bodies of answers, by operation."
      ),
    ] {
      text.family(name, .counter, help)
      for index in 0..<labels.rowCount {
        let count = total(layout.row(index) + layout.bytesInRow + offset)
        let (operation, method) = row(index)
        if count > 0 { text.sample([("operation", operation), ("method", method)], count) }
      }
    }
    text.family("scorm_gateway_caller_connections", .gauge, "Open connections of callers.")
    text.sample(total(.callerConnections))
    text.family(
      "scorm_gateway_caller_connections_accepted_total", .counter,
      "Connections that callers opened.")
    text.sample(total(.callersAccepted))
  }

  private func putUpstream(into text: inout PrometheusText) {
    text.family(
      "scorm_gateway_upstream_attempts_total", .counter,
      "Requests made to SCORM Cloud, by class of the status; none: no answer came.")
    for (status, name) in FigureLabels.statusClasses.enumerated() {
      text.sample([("status", name)], total(layout.attempts + status))
    }
    putHistogram(
      "scorm_gateway_upstream_attempt_duration_seconds",
      "From the start of a request to SCORM Cloud, connecting included, to its end.",
      layout.attemptDurations, .durations, isSeconds: true, into: &text)
    text.family(
      "scorm_gateway_upstream_retries_total", .counter,
      "Requests made to SCORM Cloud again, by the reason.")
    for (index, reason) in (labels.retryReasons.map(\.description) + ["other"]).enumerated() {
      text.sample([("reason", reason)], total(layout.retries + index))
    }
    text.family(
      "scorm_gateway_upstream_connections", .gauge,
      "Connections to SCORM Cloud, those being made among the active ones.")
    let open = total(.upstreamConnections)
    let idle = min(open, total(.idleUpstreamConnections))
    text.sample([("state", "active")], open - idle)
    text.sample([("state", "idle")], idle)
    text.family(
      "scorm_gateway_upstream_connects_total", .counter, "Connections made to SCORM Cloud.")
    text.sample([("result", "made")], total(.connectionsMade))
    text.sample([("result", "failed")], total(.connectionsFailed))
    text.family(
      "scorm_gateway_pool_waits_total", .counter,
      "Requests that found every upstream connection in use.")
    text.sample(total(.poolWaits))
    text.family(
      "scorm_gateway_pool_waiting", .gauge, "Requests that wait for an upstream connection.")
    text.sample(total(.exchangesAwaitingConnection))
  }

  private func putEndings(into text: inout PrometheusText) {
    text.family(
      "scorm_gateway_errors_total", .counter,
      "Requests that ended with an error of the gateway, by error.type.")
    for (index, name) in (labels.errors.map(\.description) + ["other"]).enumerated() {
      let count = total(layout.errors + index)
      if count > 0 { text.sample([("type", name)], count) }
    }
    text.family(
      "scorm_gateway_terminations_total", .counter, "How requests ended: who ended them, and when.")
    var seen: [(name: String, count: UInt64)] = []
    for (index, name) in labels.terminations.enumerated() {
      let count = total(layout.terminations + index)
      if let known = seen.firstIndex(where: { $0.name == name }) {
        seen[known].count &+= count
      } else {
        seen.append((name, count))
      }
    }
    for entry in seen where entry.count > 0 || entry.name == "completed" {
      text.sample([("termination", entry.name)], entry.count)
    }
  }

  private func putLoops(into text: inout PrometheusText) {
    text.family(
      "scorm_gateway_loop_turns_total", .counter, "Times an event loop waited for events.")
    for (number, loop) in loops.enumerated() {
      text.sample(
        [("loop", "\(number)")],
        loop.cells.read(layout.singles + LoopFigures.Single.turns.rawValue))
    }
  }
}

/// A caller and an app, each by its number plus one; 0 for none.
private struct FigurePair {
  let caller: Int
  let app: Int
  let callerName: String
  let appName: String

  init(caller: Int, app: Int, _ labels: FigureLabels) {
    self.caller = caller
    self.app = app
    callerName = caller == 0 ? "none" : labels.callers[caller - 1]
    appName = app == 0 ? "none" : labels.apps[app - 1]
  }

  func stands(in labels: FigureLabels) -> Bool {
    caller <= labels.callers.count && app <= labels.apps.count
      && (caller == 0 || labels.callers[caller - 1] == callerName)
      && (app == 0 || labels.apps[app - 1] == appName)
  }
}

/// The results of the last requests to the upstream, over all loops. Monotonic nanoseconds, 0 for never.
package struct UpstreamTrace: Sendable {
  package let answeredAt: Int64
  package let unansweredAt: Int64

  package init(_ loops: [LoopFigures]) {
    func latest(_ single: LoopFigures.Single) -> Int64 {
      loops.map { Int64(clamping: $0.cells.read($0.layout.singles + single.rawValue)) }.max() ?? 0
    }
    answeredAt = latest(.answeredAt)
    unansweredAt = latest(.unansweredAt)
  }

  /// Whether the last request was answered, or none was made.
  package var isWell: Bool { answeredAt >= unansweredAt }
}
