/// The difference between the settings of a running limiter and new ones.
package struct LimiterChange: Sendable {
  /// Numbers of limits, apps and callers whose meaning has changed: what was counted under them is forgotten.
  package var limits: Set<Int>
  package var apps: Set<Int>
  package var callers: Set<Int>

  package init(limits: Set<Int> = [], apps: Set<Int> = [], callers: Set<Int> = []) {
    self.limits = limits
    self.apps = apps
    self.callers = callers
  }
}

/// Changes of settings while the limiter runs.
///
/// Limits, apps and callers keep their numbers. What calls have used of a limit stays used under its new rate. Calls in
/// progress are still counted. Waiting calls keep their places in time, and pauses of the upstream continue.
extension Limiter {
  /// Uses `settings` from now on.
  ///
  /// Calls still wait at the limits that applied when they arrived; a removed limit no longer stops any.
  package mutating func adopt(
    _ settings: LimiterSettings, _ change: LimiterChange, at time: Int64
  ) throws(LimiterProblem) {
    var next = try Limiter(settings)
    adopt(&next, change, at: time)
  }

  /// The same with a limiter that was built from the other settings and is unused. `next` receives what this one was:
  /// building a limiter, and releasing one, is most of the work.
  mutating func adopt(_ next: inout Limiter, _ change: LimiterChange, at time: Int64) {
    let now = clock(time)
    next.latest = latest
    next.sequence = sequence
    next.loopsToWake = loopsToWake
    next.hasNews = true
    let map = Renumbering(
      change: change, upstream: (upstreamLimit, next.upstreamLimit), lanes: (lanes, next.lanes))
    let all = counters
    for limit in limits.indices {
      guard let other = map.limit(limit) else { continue }
      next.counted[other] = all[limit]
      next.waits[other] = waits[limit]
    }
    carryPauses(to: &next, map)
    let places = carryBuckets(to: &next, map, at: now)
    carryWaiters(to: &next, map, places)
    swap(&self, &next)
    for bucket in buckets.indices where queues.count(bucket) > 0 {
      unsettled.append(Int32(bucket))
    }
    settle(at: now)
  }

  private func carryPauses(to next: inout Limiter, _ map: Renumbering) {
    for lane in upstreams.indices {
      guard let other = map.lane(lane), next.upstreams.indices.contains(other) else { continue }
      next.upstreams[other].pause = upstreams[lane].pause
      guard upstreams[lane].pause.isActive else { continue }
      next.upstreams[other].quota = next.quotaOfLevel(other)
      next.activeUpstreams += 1
    }
  }

  /// Returns the new place of each bucket; -1 for a removed one.
  private func carryBuckets(
    to next: inout Limiter, _ map: Renumbering, at now: Int64
  ) -> [Int32] {
    var places = [Int32](repeating: -1, count: buckets.count)
    for (place, bucket) in buckets.enumerated() {
      let old = limits[Int(bucket.limit)]
      // What all share belongs to no app and no caller.
      guard let limit = map.limit(Int(bucket.limit)),
        let app = old.appStride == 0 ? 0 : map.app(Int(bucket.app), of: Int(bucket.limit)),
        let caller = old.callerStride == 0 ? 0 : map.caller(Int(bucket.caller))
      else { continue }
      let other = next.limits[limit].bucket(app, caller)
      places[place] = Int32(other)
      let isPause = limit == next.upstreamLimit
      if next.limits[limit].isShared, old.isShared, next.limits[limit].quota == old.quota,
        next.limits[limit].concurrency == old.concurrency
      {
        // This gateway keeps its share.
        next.buckets[other].quota = bucket.quota
        next.buckets[other].places = bucket.places
        next.buckets[other].sharers = bucket.sharers
        if let end = shareEnds[place] {
          next.shareEnds[other] = end
          next.firstShareEnd = min(next.firstShareEnd, end)
        }
      }
      next.buckets[other].cell = bucket.cell.used(
        of: isPause ? upstreams[Int(bucket.app)].quota : bucket.quota,
        as: isPause ? next.upstreams[app].quota : next.buckets[other].quota, at: now)
      next.buckets[other].inUse = bucket.inUse
      next.buckets[other].averageHold = bucket.averageHold
      next.buckets[other].claim = bucket.claim
      if bucket.inUse > 0, !next.limits[limit].countsCallsUnderWay { next.goOnCounting(limit) }
    }
    return places
  }

  private mutating func carryWaiters(
    to next: inout Limiter, _ map: Renumbering, _ places: [Int32]
  ) {
    let isCountedAnew = LimitSet(bits: next.counting.bits & ~counting.bits)
    var waiting: [Int32] = []
    for index in queues.waiters.records.indices {
      let record = queues.waiters.records[index]
      guard record.generation & 1 == 1 else { continue }
      let bucket = buckets[Int(record.bucket)]
      let place = places[Int(record.bucket)]
      let waiter = Int32(index)
      queues.waiters[waiter].lane = Int32(
        map.lane(Int(record.lane)) ?? next.lanes.whole(Int(record.app)))
      // If the place where it waited no longer exists, such as the pause of a service, it waits where the app's calls
      // wait.
      let limit = map.limit(Int(bucket.limit)) ?? next.upstreamLimit
      let app = map.app(Int(bucket.app), of: Int(bucket.limit)) ?? next.lanes.whole(Int(record.app))
      queues.waiters[waiter].bucket =
        place >= 0 ? place : Int32(next.limits[limit].bucket(app, Int(record.caller)))
      queues.waiters[waiter].flow = Int32(
        next.limits[limit].flow(app, Int(record.caller), record.priority))
      if record.state == .waiting {
        queues.waiters[waiter].previous = Waiter.none
        queues.waiters[waiter].next = Waiter.none
        waiting.append(waiter)
      } else if record.state == .started {
        // It was not counted there, so it gives nothing back.
        queues.waiters[waiter].matched.bits &= ~isCountedAnew.bits
      }
    }
    next.queues.takeWaiters(of: &queues)
    swap(&next.patience, &patience)
    next.due = due
    waiting.sort { next.queues.waiters[$0].sequence < next.queues.waiters[$1].sequence }
    for waiter in waiting {
      let record = next.queues.waiters[waiter]
      next.queues.join(waiter, bucket: Int(record.bucket), flow: Int(record.flow))
    }
  }

  /// Maps the numbers of a limiter to those of the next one.
  private struct Renumbering {
    let change: LimiterChange
    /// The number of the upstream's pause among the limits.
    let upstream: (old: Int, new: Int)
    let lanes: (old: PauseLanes, new: PauseLanes)

    func limit(_ limit: Int) -> Int? {
      if limit == upstream.old { return upstream.new }
      return change.limits.contains(limit) || limit >= upstream.new ? nil : limit
    }

    func lane(_ lane: Int) -> Int? {
      change.apps.contains(lanes.old.app(of: lane)) ? nil : lanes.new.lane(lane, of: lanes.old)
    }

    /// The number of the app in a bucket of `limit`; for pauses, a lane.
    func app(_ app: Int, of limit: Int) -> Int? {
      if limit == upstream.old { return lane(app) }
      return change.apps.contains(app) ? nil : app
    }

    func caller(_ caller: Int) -> Int? { change.callers.contains(caller) ? nil : caller }
  }
}
