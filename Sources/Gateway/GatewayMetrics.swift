internal import GatewayServer
internal import RateLimiting
internal import Synchronization
internal import TrafficLog

/// The figures at `/metrics`, in Prometheus' text format.
enum GatewayMetrics {
  static func text(_ relays: RelayShared) -> String {
    let underWay = relays.exchangesUnderWay.load(ordering: .relaxed)
    var limits = ""
    for (index, counters) in relays.limiter.counters.enumerated() {
      let name =
        index < relays.limitNames.count ? relays.limitNames[index] : "upstream-pause"
      for (outcome, count) in [
        ("admitted", counters.admitted), ("queued", counters.queued),
        ("refused", counters.refused), ("would_queue", counters.shadowed),
      ] {
        limits +=
          "scorm_gateway_limit_calls_total{limit=\"\(name)\",outcome=\"\(outcome)\"} \(count)\n"
      }
    }
    let dropped = relays.log?.droppedLines ?? 0
    return """
      # HELP scorm_gateway_exchanges_in_flight Requests of callers that are under way.
      # TYPE scorm_gateway_exchanges_in_flight gauge
      scorm_gateway_exchanges_in_flight \(underWay)
      # HELP scorm_gateway_log_lines_dropped_total Lines of the traffic log that were lost.
      # TYPE scorm_gateway_log_lines_dropped_total counter
      scorm_gateway_log_lines_dropped_total \(dropped)
      # HELP scorm_gateway_limit_waiting Calls that wait for a limit.
      # TYPE scorm_gateway_limit_waiting gauge
      scorm_gateway_limit_waiting \(relays.limiter.waiting)
      # HELP scorm_gateway_limit_calls_total What limits did with calls.
      # TYPE scorm_gateway_limit_calls_total counter
      \(limits)
      """
  }
}
