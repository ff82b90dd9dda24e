package import GatewayServer
internal import HTTPMessages
internal import Memory
internal import Synchronization
package import Telemetry
package import TrafficLog

// The metrics of the relay and its log at `/metrics`, except for those that each loop counts.

extension LogWriter {
  package func put(into text: inout PrometheusText) {
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
  package func put(into text: inout PrometheusText) {
    guard !isEmpty else { return }
    text.family(
      "scorm_gateway_capture_bytes", .gauge,
      "Bytes of memory held by recorded bodies until their lines are written.")
    text.sample(UInt64(max(0, room.takenBytes)))
    text.family(
      "scorm_gateway_capture_no_room_total", .counter,
      "Bodies that were not recorded because other bodies used up the memory for them.")
    text.sample(room.refusals)
  }
}

extension MemoryWatch {
  package func put(into text: inout PrometheusText) {
    // Present even without a limit, so that alerts can tell "never short" from "no data".
    text.family(
      "scorm_gateway_memory_short", .gauge,
      "1 while new requests are refused because memory is low, 2 while calls in progress are ended."
    )
    text.sample(UInt64(level.rawValue))
    guard let state else { return }
    text.family(
      "scorm_gateway_memory_limit_bytes", .gauge,
      "The memory limit that is closest to being reached.")
    text.sample([("limit", state.name)], UInt64(max(0, state.limit)))
    text.family(
      "scorm_gateway_memory_used_bytes", .gauge, "Bytes in use, as that limit counts them.")
    text.sample(UInt64(max(0, state.used)))
  }
}

extension RelayShared {
  /// The metrics of connections that had to wait to be accepted, and of input that never became a request.
  package func putRefusals(into text: inout PrometheusText) {
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
    text.family(
      "scorm_gateway_tls_handshakes_failed_total", .counter,
      "Callers' connections that ended before their TLS handshake was done.")
    for reason in TLSFailures.Reason.allCases {
      text.sample([("reason", reason.name)], UInt64(tlsFailures[reason]))
    }
  }
}
