internal import Admin
internal import GatewayServer
internal import HTTPMessages
internal import Memory
internal import Synchronization
internal import Telemetry
internal import TokenFetching
internal import TrafficJournal
internal import TrafficLog

/// The figures at `/metrics`, in Prometheus' text format. What each part counts stands in files of its own.
struct GatewayMetrics: Sendable {
  let relays: RelayShared
  let readiness: Readiness
  let spans: SpanExporter?
  let tokens: TokenService
  let journal: JournalWriter?
  let facts: ProcessFacts

  var text: String {
    var text = PrometheusText()
    facts.put(into: &text)
    readiness.put(into: &text)
    FigureReport(relays.figures)?.put(into: &text)
    relays.log?.put(into: &text)
    spans?.put(into: &text)
    relays.putRefusals(into: &text)
    relays.settings.memory.put(into: &text)
    relays.settings.captures.put(into: &text)
    text.append(LimitMetrics.text(relays))
    text.append(TokenMetrics.text(tokens.listing()))
    text.append(ScopeMetrics.text(relays))
    text.append(JournalMetrics.text(journal))
    facts.putProcess(into: &text)
    return text.text
  }
}

extension Readiness {
  func put(into text: inout PrometheusText) {
    text.family("scorm_gateway_ready", .gauge, "1 when requests can be served, as /readyz says.")
    text.sample(isReady ? 1 : 0)
    text.family("scorm_gateway_check_ok", .gauge, "1 for each check of /readyz that is well.")
    for check in checks { text.sample([("check", check.name)], check.isReady ? 1 : 0) }
    text.family("scorm_gateway_draining", .gauge, "1 while the gateway is shutting down.")
    text.sample(isDraining ? 1 : 0)
  }
}

extension LogWriter {
  func put(into text: inout PrometheusText) {
    let health = health
    text.family(
      "scorm_gateway_log_lines_written_total", .counter, "Lines of the traffic log written.")
    text.sample(UInt64(health.writtenLines))
    text.family(
      "scorm_gateway_log_lines_dropped_total", .counter, "Lines of the traffic log that were lost.")
    text.sample(UInt64(health.droppedLines))
    text.family("scorm_gateway_log_up", .gauge, "1 while the traffic log can be written.")
    text.sample(health.failure == nil ? 1 : 0)
    text.family(
      "scorm_gateway_log_waiting_bytes", .gauge, "Bytes that wait for the traffic log's thread.")
    text.sample(UInt64(health.waitingBytes))
  }
}

extension BodyCaptures {
  func put(into text: inout PrometheusText) {
    guard !isEmpty else { return }
    text.family(
      "scorm_gateway_capture_bytes", .gauge,
      "Bytes of memory that bodies on record take until their lines are written.")
    text.sample(UInt64(max(0, room.takenBytes)))
    text.family(
      "scorm_gateway_capture_no_room_total", .counter,
      "Bodies that were not recorded because others took all the memory there is for them.")
    text.sample(room.refusals)
  }
}

extension MemoryWatch {
  func put(into text: inout PrometheusText) {
    // Also without a limit, so that an alert tells "never short" from "not asked".
    text.family(
      "scorm_gateway_memory_short", .gauge,
      "1 while new requests are refused for want of memory, 2 while some under way are ended.")
    text.sample(UInt64(level.rawValue))
    guard let state else { return }
    text.family(
      "scorm_gateway_memory_limit_bytes", .gauge, "The limit of memory that is nearest.")
    text.sample([("limit", state.name)], UInt64(max(0, state.limit)))
    text.family(
      "scorm_gateway_memory_used_bytes", .gauge, "Bytes in use, as that limit counts them.")
    text.sample(UInt64(max(0, state.used)))
  }
}

extension RelayShared {
  /// What never became a request, or had to wait at the door.
  fileprivate func putRefusals(into text: inout PrometheusText) {
    text.family(
      "scorm_gateway_accepts_put_off_total", .counter,
      "Times that new callers had to wait because descriptors ran out.")
    text.sample(acceptsPutOff.load(ordering: .relaxed))
    text.family(
      "scorm_gateway_malformed_requests_total", .counter,
      "Requests refused because their bytes break a rule or a bound.")
    for fault in RequestFault.allCases {
      text.sample([("reason", "\(fault.name)")], UInt64(faults[fault]))
    }
  }
}
