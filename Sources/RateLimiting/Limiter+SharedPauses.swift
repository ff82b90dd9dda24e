/// Pauses that several gateways share: if the upstream asks one to pause, all pause.
extension Limiter {
  /// What currently stops or slows apps and services.
  package mutating func activePauses(at time: Int64) -> [PauseView] {
    let now = clock(time)
    guard activeUpstreams > 0 else { return [] }
    var pauses: [PauseView] = []
    for lane in upstreams.indices {
      refreshUpstream(lane, at: now)
      guard upstreams[lane].pause.isActive else { continue }
      pauses.append(
        PauseView(
          app: lanes.app(of: lane), service: lanes.service(of: lane),
          remaining: max(now, upstreams[lane].pause.until) &- now,
          level: upstreams[lane].pause.level))
    }
    return pauses
  }

  /// Applies a pause that another gateway was asked for. A longer pause of this gateway continues.
  ///
  /// - Returns: Whether anything has changed.
  @discardableResult
  package mutating func joinPause(_ pause: PauseView, at time: Int64) -> Bool {
    let now = clock(time)
    let lane = lanes.whole(pause.app) + (pause.service.map { $0 + 1 } ?? 0)
    guard pause.app >= 0, upstreams.indices.contains(lane), lanes.app(of: lane) == pause.app,
      lanes.service(of: lane) == pause.service
    else { return false }
    refreshUpstream(lane, at: now)
    let wasActive = upstreams[lane].pause.isActive
    guard upstreams[lane].pause.join(pause.remaining, level: pause.level, recovery, at: now) else {
      return false
    }
    if !wasActive { activeUpstreams += 1 }
    upstreams[lane].quota = quotaOfLevel(lane)
    buckets[upstreamBucket(lane)].cell.changeQuota()
    unsettled.append(Int32(upstreamBucket(lane)))
    settle(at: now)
    return true
  }
}

extension UpstreamPause {
  /// Applies the pause of another gateway with the same upstream: its remaining time, and the level that it recovers
  /// from.
  mutating func join(
    _ remaining: Int64, level other: Int64, _ policy: RecoveryPolicy, at now: Int64
  ) -> Bool {
    guard other < UpstreamPause.fullLevel else { return false }
    let end = now.addingClamped(min(max(0, remaining), policy.longestPause))
    // A pause that is repeated a moment later, with different rounding, is not new. After a pause, each gateway
    // recovers by itself.
    guard end > max(until, now).addingClamped(UpstreamPause.sameMoment) else { return false }
    let before = max(now, until) &+ recoveryTime(policy)
    until = end
    level = min(level, max(1, other))
    loweredAt = now
    steppedAt = end
    extensions &+= max(0, steppedAt &+ recoveryTime(policy) &- before)
    return true
  }

  /// The difference up to which two ends count as equal, in nanoseconds.
  private static let sameMoment: Int64 = 50_000_000
}

extension SharedLimiter {
  /// Like ``Limiter/activePauses(at:)``.
  package func activePauses(at now: Int64) -> [PauseView] { inspect { $0.activePauses(at: now) } }

  /// Like ``Limiter/joinPause(_:at:)``. May be called on any thread.
  @discardableResult
  package func joinPause(_ pause: PauseView, at now: Int64) -> Bool {
    changeFromOutside { $0.joinPause(pause, at: now) }
  }
}
