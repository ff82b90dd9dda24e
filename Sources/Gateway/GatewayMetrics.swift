internal import GatewayServer
internal import HTTPMessages
internal import Synchronization
internal import TrafficLog

/// The figures at `/metrics`, in Prometheus' text format.
enum GatewayMetrics {
  static func text(_ relays: RelayShared) -> String {
    let underWay = relays.exchangesUnderWay.load(ordering: .relaxed)
    let dropped = relays.log?.droppedLines ?? 0
    let putOff = relays.acceptsPutOff.load(ordering: .relaxed)
    var faults = ""
    for fault in RequestFault.allCases {
      faults +=
        "\nscorm_gateway_malformed_requests_total{reason=\"\(fault.name)\"} \(relays.faults[fault])"
    }
    return """
      # HELP scorm_gateway_exchanges_in_flight Requests of callers that are under way.
      # TYPE scorm_gateway_exchanges_in_flight gauge
      scorm_gateway_exchanges_in_flight \(underWay)
      # HELP scorm_gateway_log_lines_dropped_total Lines of the traffic log that were lost.
      # TYPE scorm_gateway_log_lines_dropped_total counter
      scorm_gateway_log_lines_dropped_total \(dropped)
      # HELP scorm_gateway_accepts_put_off_total Times that new callers had to wait because descriptors ran out.
      # TYPE scorm_gateway_accepts_put_off_total counter
      scorm_gateway_accepts_put_off_total \(putOff)
      # HELP scorm_gateway_malformed_requests_total Requests refused because their bytes break a rule or a bound.
      # TYPE scorm_gateway_malformed_requests_total counter\(faults)
      \(LimitMetrics.text(relays))
      """
  }
}
