internal import GatewayServer
internal import Synchronization
internal import TrafficLog

/// The figures at `/metrics`, in Prometheus' text format.
enum GatewayMetrics {
  static func text(_ relays: RelayShared) -> String {
    let underWay = relays.exchangesUnderWay.load(ordering: .relaxed)
    let dropped = relays.log?.droppedLines ?? 0
    return """
      # HELP scorm_gateway_exchanges_in_flight Requests of callers that are under way.
      # TYPE scorm_gateway_exchanges_in_flight gauge
      scorm_gateway_exchanges_in_flight \(underWay)
      # HELP scorm_gateway_log_lines_dropped_total Lines of the traffic log that were lost.
      # TYPE scorm_gateway_log_lines_dropped_total counter
      scorm_gateway_log_lines_dropped_total \(dropped)
      \(LimitMetrics.text(relays))
      """
  }
}
