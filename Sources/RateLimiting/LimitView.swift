/// One quota as a listing shows it: of a limit, for its app and caller.
package struct LimitView: Equatable, Sendable {
  /// Index of the limit; nil for a pause that the upstream asked for.
  package var limit: Int?
  /// Index of the app whose quota it is; nil if apps share it.
  package var app: Int?
  /// For a pause, the service that it applies to, numbered as in ``LimiterSettings/services``; nil for the whole app's
  /// pause.
  package var service: Int?
  /// Index of the caller whose quota it is; nil if callers share it.
  package var caller: Int?
  /// The rate enforced here: this gateway's part of the configured one, or the current rate of a recovery; for a shared
  /// limit, the rate of all gateways together. Nil if only calls in progress are limited.
  package var quota: Quota?
  /// Calls that may start now; nil without a rate.
  package var remaining: Int64?
  /// Calls in progress; 0 if they are not limited.
  package var inUse: Int
  /// Calls that may be in progress; nil for any number.
  package var concurrency: Int?
  /// Calls in its queue.
  package var waiting: Int
  /// Nanoseconds that a new call would wait after all others.
  package var predictedWait: Int64
  /// No call of the app starts before this time, in monotonic nanoseconds; nil if the app is not paused.
  package var pausedUntil: Int64?
  /// Whether any call ever used it.
  package var isUsed: Bool
}

/// What would happen to a call. Asking takes nothing.
package struct LimitForecast: Equatable, Sendable {
  /// The limits that apply.
  package var matched: LimitSet
  /// The limits that it would wait for or be refused by.
  package var violated: LimitSet
  package var isUpstreamPaused: Bool
  /// Nanoseconds until it would start; 0 if it would start immediately.
  package var predictedWait: Int64
  /// Nil if it would start or wait.
  package var refusal: LimitRefusal?
}

extension Limiter {
  /// What would happen to `request` now.
  package mutating func forecast(_ request: LimitedRequest, at time: Int64) -> LimitForecast {
    let now = clock(time)
    let matched = matched(request)
    refreshUpstreams(request.app, at: now)
    guard let obstacle = obstacle(request, matched, at: now) else {
      return LimitForecast(
        matched: matched, violated: LimitSet(), isUpstreamPaused: false, predictedWait: 0)
    }
    return LimitForecast(
      matched: matched, violated: obstacle.violated, isUpstreamPaused: obstacle.isUpstreamPaused,
      predictedWait: obstacle.wait,
      refusal: obstacle.refusalReason.map { obstacle.refusal($0, upstreamLimit: upstreamLimit) })
  }

  /// At most `most` quotas, in the order of the limits. If there are more, those are preferred in which calls are in
  /// progress or waiting, or whose burst is not full; then those that were ever used. A limit that was never used has
  /// one quota, whose ``LimitView/isUsed`` is false.
  package mutating func views(at time: Int64, most: Int = 1000) -> [LimitView] {
    let now = clock(time)
    for lane in upstreams.indices { refreshUpstream(lane, at: now) }
    var shown: [Int] = []
    var used: [Int] = []
    var limitsShown = Set<Int>()
    for bucket in buckets.indices
    where limits[Int(buckets[bucket].limit)].isInForce
      && (isBusy(bucket, at: now) || isUsed(bucket))
    {
      if isBusy(bucket, at: now) {
        shown.append(bucket)
      } else if used.count < most {
        used.append(bucket)
      }
      limitsShown.insert(Int(buckets[bucket].limit))
    }
    shown += used
    for limit in limits.indices
    where limits[limit].isInForce && limit != upstreamLimit && !limitsShown.contains(limit) {
      shown.append(limits[limit].firstBucket)
    }
    return shown.prefix(most).sorted().map { view(of: $0, at: now) }
  }

  private func isBusy(_ bucket: Int, at now: Int64) -> Bool {
    let state = buckets[bucket]
    if queues.count(bucket) > 0 || state.inUse > 0 { return true }
    if Int(state.limit) == upstreamLimit { return upstreams[Int(state.app)].pause.isActive }
    return state.cell.timeUntilFull(at: now) > 0
  }

  /// Whether calls have used it. A pause that is over is not listed.
  private func isUsed(_ bucket: Int) -> Bool {
    let state = buckets[bucket]
    return Int(state.limit) != upstreamLimit
      && (state.cell.isUsed || state.averageHold > 0 || state.inUse > 0)
  }

  private func view(of bucket: Int, at now: Int64) -> LimitView {
    let state = buckets[bucket]
    let index = Int(state.limit)
    let limit = limits[index]
    let isUpstream = index == upstreamLimit
    let lane = isUpstream ? Int(state.app) : lanes.whole(Int(state.app))
    let app = isUpstream ? lanes.app(of: lane) : Int(state.app)
    let pausedUntil = limit.appStride > 0 ? upstreams[lane].pause.until : .min
    // For a shared limit, the quota of all gateways is shown, with what is left here.
    let quota: Quota? =
      isUpstream ? upstreams[Int(state.app)].quota : limit.hasRate ? limit.quota : nil
    let own = isUpstream ? upstreams[Int(state.app)].quota : state.quota
    return LimitView(
      limit: isUpstream ? nil : index, app: limit.appStride > 0 ? app : nil,
      service: isUpstream ? lanes.service(of: lane) : nil,
      caller: limit.callerStride > 0 ? Int(state.caller) : nil, quota: quota,
      remaining: quota.map { _ in state.places <= 0 ? 0 : state.cell.remaining(own, at: now) },
      inUse: Int(state.inUse),
      concurrency: limit.limitsCallsUnderWay ? max(0, Int(state.places)) : nil,
      waiting: queues.count(bucket),
      predictedWait: predictedWait(
        bucket, of: index, ahead: Int64(queues.count(bucket)), at: now),
      pausedUntil: pausedUntil > now ? pausedUntil : nil, isUsed: isUpstream || isUsed(bucket))
  }
}
