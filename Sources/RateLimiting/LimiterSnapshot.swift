/// What is used of all limits, for the limiter of a process that takes over.
///
/// **Calls that wait** here count as taken when the snapshot is made. They take the next calls of each quota in this
/// process, at the times at which they conform; calls of the other process come after them. So both processes together
/// keep to each quota, whichever is faster. If a call gives up waiting, its part stays unused.
///
/// **Calls in progress**, including waiting ones, hold their places in the other process until they have ended here.
package struct LimiterSnapshot: Equatable, Sendable {
  /// One quota, by the numbers of its limiter.
  package struct Key: Hashable, Sendable {
    /// Index of the limit; nil for a pause that the upstream asked for.
    package var limit: Int?
    package var app: Int
    package var caller: Int
    /// For a pause, the service that it applies to, numbered as in ``LimiterSettings/services``; nil for the whole
    /// app's pause.
    package var service: Int?

    package init(limit: Int?, app: Int, caller: Int = 0, service: Int? = nil) {
      self.limit = limit
      self.app = app
      self.caller = caller
      self.service = service
    }
  }

  package struct Used: Equatable, Sendable {
    package var key: Key
    package var cell: QuotaCell
    /// Calls in progress.
    package var underWay: Int32
    /// How long a call takes, in nanoseconds.
    package var averageHold: Int64
    /// Set if it is a pause that stops or slows calls.
    package var pause: UpstreamPause.Words?
    /// The quota that the cell was used with; nil without a rate.
    package var rate: Quota?

    package init(
      key: Key, cell: QuotaCell, underWay: Int32 = 0, averageHold: Int64 = 0,
      pause: UpstreamPause.Words? = nil, rate: Quota? = nil
    ) {
      self.rate = rate
      self.key = key
      self.cell = cell
      self.underWay = underWay
      self.averageHold = averageHold
      self.pause = pause
    }
  }

  package var used: [Used] = []

  package init(used: [Used] = []) { self.used = used }
}

extension Limiter {
  /// What is used now. Taking a snapshot changes nothing.
  package mutating func snapshot(at time: Int64) -> LimiterSnapshot {
    let now = clock(time)
    for lane in upstreams.indices { refreshUpstream(lane, at: now) }
    var after = buckets
    for record in queues.waiters.records
    where record.generation & 1 == 1 && record.state == .waiting {
      countAsTaken(record, &after, at: now)
    }
    return LimiterSnapshot(used: after.compactMap { used($0, at: now) })
  }

  private func countAsTaken(_ record: Waiter, _ after: inout [LimitBucket], at now: Int64) {
    let party = record.party
    var walk = walk(record.matched, party)
    while let step = walk.next(limits, party) {
      if step.limit == upstreamLimit {
        after[step.bucket].cell.spend(upstreams[step.app].quota, at: now)
      } else {
        if limits[step.limit].hasRate {
          after[step.bucket].cell.spend(after[step.bucket].quota, at: now)
        }
        if limits[step.limit].countsCallsUnderWay { after[step.bucket].inUse &+= 1 }
      }
    }
  }

  private func used(_ bucket: LimitBucket, at now: Int64) -> LimiterSnapshot.Used? {
    let limit = Int(bucket.limit)
    guard limit == upstreamLimit else {
      guard bucket.cell.timeUntilFull(at: now) > 0 || bucket.inUse > 0 || bucket.averageHold > 0
      else { return nil }
      return LimiterSnapshot.Used(
        key: .init(limit: limit, app: Int(bucket.app), caller: Int(bucket.caller)),
        cell: bucket.cell, underWay: bucket.inUse, averageHold: bucket.averageHold,
        rate: limits[limit].hasRate ? bucket.quota : nil)
    }
    let lane = Int(bucket.app)
    guard upstreams[lane].pause.isActive else { return nil }
    return LimiterSnapshot.Used(
      key: .init(limit: nil, app: lanes.app(of: lane), service: lanes.service(of: lane)),
      cell: bucket.cell, pause: upstreams[lane].pause.words, rate: upstreams[lane].quota)
  }

  /// Starts with what another limiter has used; keys are this limiter's numbers. Call it once, before the first call.
  /// Keys that do not exist here are skipped.
  package mutating func adopt(_ snapshot: LimiterSnapshot, at time: Int64) {
    let now = clock(time)
    for used in snapshot.used {
      if let limit = used.key.limit {
        guard let bucket = bucket(limit, used.key) else { continue }
        buckets[bucket].cell = used.cell
        if let rate = used.rate, limits[limit].hasRate {
          buckets[bucket].cell = used.cell.used(of: rate, as: buckets[bucket].quota, at: now)
        }
        buckets[bucket].averageHold = max(0, used.averageHold)
        buckets[bucket].inUse &+= max(0, used.underWay)
      } else if let words = used.pause, let lane = lane(used.key) {
        adopt(UpstreamPause(words: words, recovery, at: now), used.cell, lane)
      }
    }
  }

  private mutating func adopt(_ pause: UpstreamPause, _ cell: QuotaCell, _ lane: Int) {
    guard pause.isActive, !upstreams[lane].pause.isActive else { return }
    activeUpstreams += 1
    upstreams[lane].pause = pause
    upstreams[lane].quota = quotaOfLevel(lane)
    buckets[upstreamBucket(lane)].cell = cell
  }

  private func bucket(_ limit: Int, _ key: LimiterSnapshot.Key) -> Int? {
    guard limits.indices.contains(limit), limit != upstreamLimit else { return nil }
    let place = limits[limit].bucket(max(0, key.app), max(0, key.caller))
    guard buckets.indices.contains(place), Int(buckets[place].limit) == limit else { return nil }
    return place
  }

  private func lane(_ key: LimiterSnapshot.Key) -> Int? {
    let lane = lanes.whole(key.app) + (key.service.map { $0 + 1 } ?? 0)
    guard upstreams.indices.contains(lane), lanes.app(of: lane) == key.app,
      lanes.service(of: lane) == key.service
    else { return nil }
    return lane
  }

  /// The number of calls in progress and waiting in each of these quotas; 0 for a quota that does not exist.
  package func underWay(_ keys: [LimiterSnapshot.Key]) -> [Int32] {
    var waiting: [Int: Int32] = [:]
    for record in queues.waiters.records
    where record.generation & 1 == 1 && record.state == .waiting {
      let party = record.party
      var walk = walk(record.matched, party)
      while let step = walk.next(limits, party) { waiting[step.bucket, default: 0] += 1 }
    }
    return keys.map { key in
      guard let limit = key.limit, let bucket = bucket(limit, key) else { return 0 }
      return buckets[bucket].inUse + waiting[bucket, default: 0]
    }
  }

  /// Notes that `count` calls of the other process have ended, so their places are free.
  package mutating func releaseForeign(_ key: LimiterSnapshot.Key, count: Int32, at time: Int64) {
    guard let limit = key.limit, let bucket = bucket(limit, key) else { return }
    let now = clock(time)
    buckets[bucket].inUse = max(0, buckets[bucket].inUse - count)
    unsettled.append(Int32(bucket))
    settle(at: now)
  }
}

extension Int64 {
  /// The sum, clamped to the range.
  func addingClamped(_ other: Int64) -> Int64 {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? (other > 0 ? .max : .min) : sum
  }
}

extension SharedLimiter {
  /// Like ``Limiter/snapshot(at:)``.
  package func snapshot(at now: Int64) -> LimiterSnapshot { inspect { $0.snapshot(at: now) } }

  /// Like ``Limiter/adopt(_:at:)``.
  package func adopt(_ snapshot: LimiterSnapshot, at now: Int64) {
    change(by: 0) { $0.adopt(snapshot, at: now) }
  }

  /// Like ``Limiter/underWay(_:)``.
  package func underWay(_ keys: [LimiterSnapshot.Key]) -> [Int32] { inspect { $0.underWay(keys) } }

  /// Like ``Limiter/releaseForeign(_:count:at:)``.
  package func releaseForeign(_ key: LimiterSnapshot.Key, count: Int32, at now: Int64) {
    change(by: 0) { $0.releaseForeign(key, count: count, at: now) }
  }
}
