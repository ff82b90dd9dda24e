package import Histograms

extension Buckets {
  /// Waits for a limit, in nanoseconds.
  package static let limitWaits = Buckets(
    milliseconds: [10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000])
}

/// What the upstream's wish does to an app, or a service of it, now.
package struct PauseView: Equatable, Sendable {
  /// Index of the app.
  package var app: Int
  /// As ``LimitView/service``.
  package var service: Int?
  /// Nanoseconds until calls start again; 0 when they do.
  package var remaining: Int64
  /// The rate in sixteenths of the full one, ``UpstreamPause/fullLevel`` when nothing slows it.
  package var level: Int64

  package init(app: Int, service: Int? = nil, remaining: Int64, level: Int64) {
    self.app = app
    self.service = service
    self.remaining = remaining
    self.level = level
  }
}

/// Everything that is worth a metric, of one instant.
package struct LimiterFigures: Sendable {
  /// Per limit, then the upstream's pause.
  package var counters: [LimitCounters]
  /// How long calls waited, nanoseconds in ``Buckets/limitWaits``.
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
    // The records are fewer than the keys, and bounded.
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
