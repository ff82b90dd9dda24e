internal import Forwarding
package import GatewayServer
internal import RateLimiting
internal import Rules
internal import System

/// The metrics of limits at `/metrics`. The label `limit` is a limit's name, or `upstream-pause` for calls that wait
/// because SCORM Cloud asked for a pause.
package enum LimitMetrics {
  package static func text(_ relays: RelayShared) -> String {
    let figures = relays.limiter.figures(at: relays.clock.monotonic)
    let generation = relays.current
    // During a reload there can be more counters than names, or fewer.
    let names =
      generation.limitNames.prefix(figures.counters.count - 1)
      + Array(
        repeating: "", count: max(0, figures.counters.count - 1 - generation.limitNames.count))
      + ["upstream-pause"]
    var calls = ""
    var waiting = ""
    var waits = ""
    for (index, name) in names.enumerated() where !name.isEmpty {
      let counters = figures.counters[index]
      for (outcome, count) in [
        ("admitted", counters.admitted), ("queued", counters.queued),
        ("refused", counters.refused), ("would_queue", counters.shadowed),
      ] {
        calls +=
          "\nscorm_gateway_limit_calls_total{limit=\"\(name)\",outcome=\"\(outcome)\"} \(count)"
      }
      waiting += "\nscorm_gateway_limit_waiting{limit=\"\(name)\"} \(figures.waiting[index])"
      waits += Seconds.histogram(
        "scorm_gateway_limit_wait_seconds", "limit=\"\(name)\"", figures.waits[index])
    }
    var paused = ""
    var share = ""
    for pause in figures.pauses where generation.isAppInForce(pause.app) {
      let labels =
        "app=\"\(generation.rules.apps[pause.app].name)\",service=\"\(RulesCompiler.pausedName(pause.service))\""
      paused +=
        "\nscorm_gateway_upstream_pause_seconds{\(labels)} \(Seconds.text(pause.remaining))"
      let level = Int64(1000) * pause.level / UpstreamPause.fullLevel
      share +=
        "\nscorm_gateway_upstream_rate_ratio{\(labels)} \(Seconds.text(level * 1_000_000))"
    }
    return """
      # HELP scorm_gateway_limit_calls_total What limits did with calls.
      # TYPE scorm_gateway_limit_calls_total counter\(calls)
      # HELP scorm_gateway_limit_waiting Calls that wait for a limit.
      # TYPE scorm_gateway_limit_waiting gauge\(waiting)
      # HELP scorm_gateway_limit_wait_seconds How long calls waited that had to, until they started or were refused.
      # TYPE scorm_gateway_limit_wait_seconds histogram\(waits)
      # HELP scorm_gateway_upstream_pause_seconds Time until calls of a service of an app, or of all, start again that SCORM Cloud asked to pause.
      # TYPE scorm_gateway_upstream_pause_seconds gauge\(paused)
      # HELP scorm_gateway_upstream_rate_ratio Part of the rate that is used while a service, or all of an app, recovers from a pause.
      # TYPE scorm_gateway_upstream_rate_ratio gauge\(share)

      """
  }
}
