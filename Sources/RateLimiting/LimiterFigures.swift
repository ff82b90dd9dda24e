package import Histograms

extension Buckets {
  /// How long calls wait for a limit, in nanoseconds.
  package static let limitWaits = Buckets(
    milliseconds: [10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000])
}

/// How the upstream's request currently affects an app, or one of its services.
package struct PauseView: Equatable, Sendable {
  /// Index of the app.
  package var app: Int
  /// Numbered as ``LimitView/service``.
  package var service: Int?
  /// Nanoseconds until calls start again; 0 if they do already.
  package var remaining: Int64
  /// The rate in sixteenths of the full one; ``UpstreamPause/fullLevel`` if nothing slows it.
  package var level: Int64

  package init(app: Int, service: Int? = nil, remaining: Int64, level: Int64) {
    self.app = app
    self.service = service
    self.remaining = remaining
    self.level = level
  }
}

/// Everything that metrics need, at one point in time.
package struct LimiterFigures: Sendable {
  /// By limit, then the upstream's pause.
  package var counters: [LimitCounters]
  /// How long calls waited, in nanoseconds, in ``Buckets/limitWaits``.
  package var waits: [BucketCounts]
  /// Calls in the queues of each limit.
  package var waiting: [Int]
  /// One for each app as a whole, and one for each of its services that is stopped or slowed.
  package var pauses: [PauseView]
}

extension Limiter {
  /// Figures for metrics.
  package mutating func figures(at time: Int64) -> LimiterFigures {
    let now = clock(time)
    for lane in upstreams.indices { refreshUpstream(lane, at: now) }
    var waiting = Array(repeating: 0, count: limits.count)
    // There are fewer records than keys, and their number is bounded.
    for record in queues.waiters.records
    where record.generation & 1 == 1 && record.state == .waiting {
      waiting[Int(buckets[Int(record.bucket)].limit)] += 1
    }
    var pauses: [PauseView] = []
    for (lane, upstream) in upstreams.enumerated() {
      let service = lanes.service(of: lane)
      guard service == nil || upstream.pause.isActive else { continue }
      pauses.append(
        PauseView(
          app: lanes.app(of: lane), service: service,
          remaining: max(now, upstream.pause.until) &- now, level: upstream.pause.level))
    }
    return LimiterFigures(counters: counters, waits: waits, waiting: waiting, pauses: pauses)
  }
}
