extension Limiter {
  /// Lets time pass for an app's pause. Returns whether it stops or slows calls.
  @discardableResult
  mutating func refreshUpstream(_ app: Int, at now: Int64) -> Bool {
    guard upstreams[app].pause.isActive else { return false }
    if upstreams[app].pause.advance(recovery, at: now) { levelChanged(app) }
    return upstreams[app].pause.isActive
  }

  /// Brings the quota of an app's pause to its level.
  func quotaOfLevel(_ app: Int) -> Quota { upstreams[app].pause.quota(of: upstreams[app].full) }

  private mutating func levelChanged(_ app: Int) {
    upstreams[app].quota = quotaOfLevel(app)
    buckets[upstreamBucket(app)].cell.changeQuota()
    if !upstreams[app].pause.isActive { activeUpstreams -= 1 }
  }

  /// The upstream answered `status` to a call of `app` that began at `startedAt`.
  ///
  /// - Parameter retryAfter: nanoseconds its `Retry-After` asks to wait, from ``RetryAfter/delay(_:wallTime:)``.
  package mutating func upstreamAnswered(
    app: Int, status: Int, retryAfter: Int64?, startedAt: Int64, at time: Int64
  ) {
    let now = clock(time)
    refreshUpstream(app, at: now)
    let wasActive = upstreams[app].pause.isActive
    guard
      upstreams[app].pause.answered(
        status: status, retryAfter: retryAfter, startedAt: startedAt, recovery, at: now)
    else { return }
    if !wasActive { activeUpstreams += 1 }
    upstreams[app].quota = quotaOfLevel(app)
    buckets[upstreamBucket(app)].cell.changeQuota()
  }

  /// Walks over the limits that a call must satisfy now.
  func walk(_ matched: LimitSet, app: Int) -> LimitWalk {
    LimitWalk(matched, upstream: upstreams[app].pause.isActive ? upstreamLimit : nil)
  }

  /// Nanoseconds until `bucket` has a call to give, 0 when it has one; `Int64.max` when only the end of
  /// another call can tell.
  func lack(_ bucket: Int, of limit: Int, at now: Int64) -> Int64 {
    if limit == upstreamLimit {
      let upstream = upstreams[Int(buckets[bucket].app)]
      guard upstream.pause.isActive else { return 0 }
      return max(
        upstream.pause.until &- now, buckets[bucket].cell.wait(upstream.quota, at: now), 0)
    }
    if buckets[bucket].inUse >= limits[limit].concurrency { return .max }
    return limits[limit].hasRate ? buckets[bucket].cell.wait(limits[limit].quota, at: now) : 0
  }

  /// Nanoseconds until `bucket` should have a call to give after `ahead` others were served.
  ///
  /// Exact for a rate. For calls under way an estimate from how long calls lasted so far, 0 before any ended.
  func predictedWait(_ bucket: Int, of limit: Int, ahead: Int64, at now: Int64) -> Int64 {
    let state = buckets[bucket]
    if limit == upstreamLimit {
      let upstream = upstreams[Int(state.app)]
      guard upstream.pause.isActive else { return 0 }
      let start = max(now, upstream.pause.until)
      return start &- now &+ state.cell.wait(upstream.quota, ahead: ahead, at: start)
    }
    var wait: Int64 = 0
    if limits[limit].hasRate { wait = state.cell.wait(limits[limit].quota, ahead: ahead, at: now) }
    let places = limits[limit].concurrency
    if Int64(state.inUse) + ahead >= Int64(places) {
      // Places become free evenly, one each `hold / places`.
      let turns = Int64(state.inUse) + ahead - Int64(places) + 1
      let (hold, overflow) = state.averageHold.multipliedReportingOverflow(by: turns)
      wait = max(wait, overflow ? Quota.longestPeriod : hold / Int64(places))
    }
    return wait
  }

  /// Takes a call from every limit that applies: there must be one, but for limits in shadow.
  mutating func take(_ matched: LimitSet, app: Int, caller: Int, at now: Int64) -> LimitReport {
    var report = LimitReport()
    report.matched = matched
    var walk = walk(matched, app: app)
    while let limit = walk.next() {
      let bucket = limits[limit].bucket(app, caller)
      if limit == upstreamLimit {
        let quota = upstreams[app].quota
        buckets[bucket].cell.spend(quota, at: now)
        counters[limit].admitted &+= 1
        continue
      }
      var exceeds = false
      if limits[limit].excess == .shadow, lack(bucket, of: limit, at: now) > 0 {
        // What the limit would have admitted goes on being counted as if it had stopped the others.
        exceeds = true
        report.shadowed.insert(limit)
        counters[limit].shadowed &+= 1
      } else {
        counters[limit].admitted &+= 1
      }
      var remaining = Int64.max
      var seconds: Int64 = 0
      if limits[limit].hasRate {
        let quota = limits[limit].quota
        var cell = buckets[bucket].cell
        if !exceeds {
          cell.spend(quota, at: now)
          buckets[bucket].cell = cell
        }
        remaining = cell.remaining(quota, at: now)
        seconds = remaining == 0 ? cell.wait(quota, at: now) : cell.timeUntilFull(at: now)
        seconds = (seconds &+ 999_999_999) / 1_000_000_000
      }
      if limits[limit].countsCallsUnderWay {
        buckets[bucket].inUse &+= 1
        let free = Int64(limits[limit].concurrency) &- Int64(buckets[bucket].inUse)
        if !limits[limit].hasRate { remaining = max(0, free) }
      }
      if remaining < report.remaining {
        report.remaining = remaining
        report.tightest = Int32(limit)
        report.seconds = Int32(clamping: seconds)
      }
    }
    return report
  }
}
