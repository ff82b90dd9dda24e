extension Limiter {
  /// Advances time for all pauses of an app, so that the pause of a service that is not called ends too.
  mutating func refreshUpstreams(_ app: Int, at now: Int64) {
    guard activeUpstreams > 0 else { return }
    for lane in lanes.all(app) { refreshUpstream(lane, at: now) }
  }

  /// Advances time for a pause.
  mutating func refreshUpstream(_ lane: Int, at now: Int64) {
    guard upstreams[lane].pause.isActive else { return }
    if upstreams[lane].pause.advance(recovery, at: now) { levelChanged(lane) }
  }

  /// The quota of a pause at its current level.
  func quotaOfLevel(_ lane: Int) -> Quota {
    upstreams[lane].pause.quota(of: upstreams[lane].full)
  }

  private mutating func levelChanged(_ lane: Int) {
    upstreams[lane].quota = quotaOfLevel(lane)
    buckets[upstreamBucket(lane)].cell.changeQuota()
    if !upstreams[lane].pause.isActive { activeUpstreams -= 1 }
  }

  /// Notes that the upstream answered `status` to `request`, sent at `startedAt`.
  ///
  /// - Parameter retryAfter: Nanoseconds that its `Retry-After` asks to wait, from `RetryAfter`.
  package mutating func upstreamAnswered(
    _ request: LimitedRequest, status: Int, retryAfter: Int64?, startedAt: Int64, at time: Int64
  ) {
    let now = clock(time)
    refreshUpstreams(request.app, at: now)
    let lane = lanes.lane(request)
    guard pause(lane, status: status, retryAfter: retryAfter, startedAt: startedAt, at: now) else {
      return
    }
    hasNews = true
    // Until when another service is paused too.
    var other = Int64.min
    let whole = lanes.whole(request.app)
    for service in lanes.all(request.app) where service != lane && service != whole {
      other = max(other, upstreams[service].pause.until)
    }
    let both = min(other, upstreams[lane].pause.until) &- now
    guard lane != whole, other > now, both > 0 else { return }
    _ = pause(whole, status: 429, retryAfter: both, startedAt: startedAt, at: now)
  }

  private mutating func pause(
    _ lane: Int, status: Int, retryAfter: Int64?, startedAt: Int64, at now: Int64
  ) -> Bool {
    let wasActive = upstreams[lane].pause.isActive
    guard
      upstreams[lane].pause.answered(
        status: status, retryAfter: retryAfter, startedAt: startedAt, recovery, at: now)
    else { return false }
    if !wasActive { activeUpstreams += 1 }
    upstreams[lane].quota = quotaOfLevel(lane)
    buckets[upstreamBucket(lane)].cell.changeQuota()
    return true
  }

  /// Ends the pauses of an app and of its services. Calls that wait for them start, as far as other limits allow.
  ///
  /// - Returns: Whether anything was paused or slowed.
  package mutating func resume(app: Int, at time: Int64) -> Bool {
    let now = clock(time)
    var isNews = false
    refreshUpstreams(app, at: now)
    for lane in lanes.all(app) where upstreams[lane].pause.isActive {
      isNews = true
      upstreams[lane].pause.end()
      levelChanged(lane)
      unsettled.append(Int32(upstreamBucket(lane)))
    }
    settle(at: now)
    return isNews
  }

  /// How much pauses have extended the patience of calls of a service so far.
  func extensions(_ app: Int, lane: Int) -> Int64 {
    let whole = lanes.whole(app)
    let ofApp = upstreams[whole].pause.extensions
    return lane == whole ? ofApp : ofApp &+ upstreams[lane].pause.extensions
  }

  /// Iterates over the limits that a call must satisfy now.
  func walk(_ matched: LimitSet, _ party: LimitedParty) -> LimitWalk {
    guard activeUpstreams > 0 else { return LimitWalk(matched, whole: nil, service: nil) }
    let whole = lanes.whole(party.app)
    let isWhole = upstreams[whole].pause.isActive
    let isService = party.lane != whole && upstreams[party.lane].pause.isActive
    return LimitWalk(
      matched, whole: isWhole ? whole : nil, service: isService ? party.lane : nil)
  }

  /// Nanoseconds until `bucket` has a call to give; 0 if it has one. `Int64.max` if only the end of another call can
  /// provide one.
  func lack(_ bucket: Int, of limit: Int, at now: Int64) -> Int64 {
    if limit == upstreamLimit {
      let upstream = upstreams[Int(buckets[bucket].app)]
      guard upstream.pause.isActive else { return 0 }
      return max(
        upstream.pause.until &- now, buckets[bucket].cell.wait(upstream.quota, at: now), 0)
    }
    if buckets[bucket].inUse >= buckets[bucket].places { return .max }
    return limits[limit].hasRate ? buckets[bucket].cell.wait(buckets[bucket].quota, at: now) : 0
  }

  /// Nanoseconds until `bucket` should have a call to give after `ahead` others were served.
  ///
  /// Exact for a rate. For calls in progress it is an estimate from how long calls took so far, 0 before any ended.
  func predictedWait(_ bucket: Int, of limit: Int, ahead: Int64, at now: Int64) -> Int64 {
    let state = buckets[bucket]
    if limit == upstreamLimit {
      let upstream = upstreams[Int(state.app)]
      guard upstream.pause.isActive else { return 0 }
      let start = max(now, upstream.pause.until)
      return start &- now &+ state.cell.wait(upstream.quota, ahead: ahead, at: start)
    }
    var wait: Int64 = 0
    if limits[limit].hasRate {
      wait = state.cell.wait(state.quota, ahead: ahead, at: now)
      if state.sharers > 0 {
        wait = min(wait, waitWithEvenShare(state, limit, ahead: ahead, at: now))
      }
    }
    let places = state.places
    if places <= 0 { return max(wait, LimitShare.wait(places)) }
    if Int64(state.inUse) + ahead >= Int64(places) {
      // Places become free evenly, one every `hold / places`.
      let turns = Int64(state.inUse) + ahead - Int64(places) + 1
      let (hold, overflow) = state.averageHold.multipliedReportingOverflow(by: turns)
      wait = max(wait, overflow ? Quota.longestPeriod : hold / Int64(places))
    }
    return wait
  }

  /// Takes a call from every limit that applies. Each must have one, except limits in shadow.
  mutating func take(_ matched: LimitSet, _ party: LimitedParty, at now: Int64) -> LimitReport {
    var report = LimitReport()
    report.matched = matched
    var walk = walk(matched, party)
    while let step = walk.next(limits, party) {
      let (limit, bucket) = (step.limit, step.bucket)
      if limit == upstreamLimit {
        let quota = upstreams[step.app].quota
        buckets[bucket].cell.spend(quota, at: now)
        if step.app == party.lane || !upstreams[party.lane].pause.isActive {
          buckets[bucket].admitted &+= 1
        }
        continue
      }
      var exceeds = false
      if limits[limit].excess == .shadow, lack(bucket, of: limit, at: now) > 0 {
        // What the limit would have admitted is still counted as if it had stopped the others.
        exceeds = true
        report.shadowed.insert(limit)
        counted[limit].shadowed &+= 1
      } else {
        buckets[bucket].admitted &+= 1
      }
      var remaining = Int64.max
      var seconds: Int64 = 0
      if limits[limit].hasRate {
        let quota = buckets[bucket].quota
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
        let free = Int64(buckets[bucket].places) &- Int64(buckets[bucket].inUse)
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
