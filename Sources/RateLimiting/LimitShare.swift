/// What one gateway may use of a limit that it shares with others.
package enum LimitShare: Equatable, Sendable {
  /// This part of its rate and burst, and this many of its calls in progress; each is nil if the limit has none.
  case part(quota: Quota?, places: Int32?)
  /// Nothing for now: calls wait for their turn.
  case notYet
  /// Nothing until further notice: calls that may wait for less than ``closedWait`` are refused.
  case closed

  /// The places of a bucket in these two cases.
  static let placesNotYet: Int32 = 0
  static let placesClosed: Int32 = -1
  /// The predicted wait in nanoseconds if there is no share: the store's first answer comes soon, but when an
  /// unreachable store comes back is not known.
  static let notYetWait: Int64 = 1_000_000_000
  /// About how long a share takes to follow the calls, in nanoseconds.
  static let timeToFollow: Int64 = 500_000_000
  package static let closedWait: Int64 = 60_000_000_000

  static func wait(_ places: Int32) -> Int64 { places == placesNotYet ? notYetWait : closedWait }
}

/// One quota of a shared limit, by the limiter's numbers.
package struct ShareKey: Hashable, Sendable {
  package var limit: Int
  package var app: Int
  package var caller: Int

  package init(limit: Int, app: Int, caller: Int) {
    self.limit = limit
    self.app = app
    self.caller = caller
  }

  /// The order in lists.
  package var order: (Int, Int, Int) { (limit, app, caller) }
}

/// How one quota of a shared limit is used.
package struct ShareUse: Equatable, Sendable {
  package var key: ShareKey
  /// Calls admitted so far.
  package var admitted: UInt64
  /// Calls refused so far, immediately or after a wait.
  package var refused: UInt64
  package var waiting: Int
  package var inUse: Int
  /// How much of the burst is used, in thousandths of a call, rounded up.
  package var used: Int64
}

extension Limiter {
  /// The quotas of shared limits that calls use or have used, in the order of the limits. A limit with few quotas has
  /// all of them listed, so that each has its share before its first call arrives. At most `most`.
  package mutating func shareUses(at time: Int64, most: Int) -> [ShareUse] {
    let now = clock(time)
    var uses: [ShareUse] = []
    for limit in limits.indices where limits[limit].isShared && limits[limit].isInForce {
      let isSmall = limits[limit].bucketCount <= Limiter.smallLimit
      let first = limits[limit].firstBucket
      for bucket in first..<first + limits[limit].bucketCount where uses.count < most {
        let state = buckets[bucket]
        guard
          isSmall || state.admitted > 0 || state.refused > 0 || state.inUse > 0
            || queues.count(bucket) > 0
        else { continue }
        uses.append(
          ShareUse(
            key: ShareKey(limit: limit, app: Int(state.app), caller: Int(state.caller)),
            admitted: state.admitted, refused: state.refused, waiting: queues.count(bucket),
            inUse: Int(state.inUse),
            used: limits[limit].hasRate ? state.cell.used(of: state.quota, at: now) : 0))
      }
    }
    return uses
  }

  /// The most quotas of a limit for which ``shareUses(at:most:)`` lists all of them.
  private static let smallLimit = 64

  /// Sets this gateway's share of a quota. What its calls have used stays used.
  ///
  /// - Parameters:
  ///   - members: Number of gateways that share the quota, if the share follows the calls; 0 if it does not.
  ///   - moves: Whether burst moves with the share. A share with more burst has all of it available except `missing`. A
  ///     share with less burst gives back the difference. The part of it that is already used then counts as used
  ///     there, and no longer here.
  ///   - missing: Thousandths of a call that are not available of a larger burst.
  ///   - end: No call starts with the share after this time, whether or not a new share has been set by then.
  /// - Returns: Thousandths of a call that were already used of the burst that is given back; nil for a quota that does
  ///   not exist.
  package mutating func setShare(
    _ key: ShareKey, _ share: LimitShare, of members: Int = 0, moves: Bool, missing: Int64 = 0,
    until end: Int64 = .max, at time: Int64
  ) -> Int64? {
    let now = clock(time)
    guard let bucket = sharedBucket(key) else { return nil }
    setShareEnd(bucket, end)
    buckets[bucket].sharers = Int32(clamping: members)
    let old = buckets[bucket].quota
    let hasRate = limits[key.limit].hasRate
    let used = hasRate ? buckets[bucket].cell.used(of: old, at: now) : 0
    var owed: Int64 = 0
    switch share {
    case .notYet, .closed:
      if moves { owed = min(used, old.burst * 1000) }
      if hasRate { buckets[bucket].cell = QuotaCell(used: used - owed, of: old, at: now) }
      buckets[bucket].places =
        share == .closed ? LimitShare.placesClosed : LimitShare.placesNotYet
    case .part(let quota, let places):
      if let quota, hasRate {
        if moves, quota.burst < old.burst {
          owed = min(used, (old.burst - quota.burst) * 1000)
        }
        buckets[bucket].quota = quota
        buckets[bucket].cell = QuotaCell(
          used: used - owed &+ max(0, missing), of: quota, at: now)
        shareRecovery(key, quota)
      }
      buckets[bucket].places = max(1, places ?? limits[key.limit].concurrency)
    }
    unsettled.append(Int32(bucket))
    settle(at: now)
    return owed
  }

  /// Extends the time for which this gateway's share of a quota is its own.
  ///
  /// - Returns: False if the share has ended already, or has no end. Then nothing changes.
  package mutating func extendShare(_ key: ShareKey, until end: Int64, at time: Int64) -> Bool {
    _ = clock(time)
    guard let bucket = sharedBucket(key), shareEnds[bucket] != nil else { return false }
    setShareEnd(bucket, end)
    return true
  }

  private func sharedBucket(_ key: ShareKey) -> Int? {
    guard limits.indices.contains(key.limit), limits[key.limit].isShared else { return nil }
    let bucket = limits[key.limit].bucket(max(0, key.app), max(0, key.caller))
    guard buckets.indices.contains(bucket), Int(buckets[bucket].limit) == key.limit else {
      return nil
    }
    return bucket
  }

  private mutating func setShareEnd(_ bucket: Int, _ end: Int64) {
    shareEnds[bucket] = end == .max ? nil : end
    firstShareEnd = shareEnds.values.min() ?? .max
  }

  /// Ends shares whose time is over, so that no call starts with them. A process that was stopped, or whose threads
  /// waited for a processor, would otherwise continue with them until the thread that asks the store has its turn.
  @inline(never)
  mutating func endShares() {
    for (bucket, end) in shareEnds where end <= latest {
      buckets[bucket].places = LimitShare.placesNotYet
      shareEnds[bucket] = nil
    }
    firstShareEnd = shareEnds.values.min() ?? .max
    hasNews = true
  }

  /// Nanoseconds until a call would start after `ahead` others with an even part of a shared limit. Each gateway with
  /// calls gets that much, however small its share was before it had any.
  func waitWithEvenShare(_ state: LimitBucket, _ limit: Int, ahead: Int64, at now: Int64) -> Int64 {
    let even = limits[limit].quota.divided(among: Int(state.sharers))
    return LimitShare.timeToFollow
      &+ state.cell.used(of: state.quota, as: even, at: now).wait(even, ahead: ahead, at: now)
  }

  /// After a pause, an app recovers to this gateway's share of the rate.
  private mutating func shareRecovery(_ key: ShareKey, _ quota: Quota) {
    guard key.limit == recoveryLimit else { return }
    for lane in lanes.all(key.app) {
      upstreams[lane].full = quota
      if upstreams[lane].pause.isActive {
        upstreams[lane].quota = quotaOfLevel(lane)
        buckets[upstreamBucket(lane)].cell.changeQuota()
      }
    }
  }
}

extension QuotaCell {
  /// How much of the burst is used, in thousandths of a call, rounded up.
  func used(of quota: Quota, at now: Int64) -> Int64 {
    let ahead = timeUntilFull(at: now)
    guard ahead > 0 else { return 0 }
    let thousandths =
      (Int128(ahead) * Int128(quota.count) * 1000 + Int128(quota.period) - 1)
      / Int128(quota.period)
    return Int64(min(thousandths, 1 << 50))
  }

  /// Creates a cell of which this much is used, rounded up to whole nanoseconds.
  init(used thousandths: Int64, of quota: Quota, at now: Int64) {
    self.init()
    guard thousandths > 0 else { return }
    let pace = Int128(quota.count) * 1000
    let time = (Int128(thousandths) * Int128(quota.period) + pace - 1) / pace
    self.init(words: (now &+ Int64(min(time, Int128(Quota.longestPeriod))), 0))
  }
}

extension SharedLimiter {
  /// Like ``Limiter/shareUses(at:most:)``.
  package func shareUses(at now: Int64, most: Int) -> [ShareUse] {
    inspect { $0.shareUses(at: now, most: most) }
  }

  /// Like ``Limiter/setShare(_:_:of:moves:missing:until:at:)``. May be called on any thread.
  package func setShare(
    _ key: ShareKey, _ share: LimitShare, of members: Int = 0, moves: Bool, missing: Int64 = 0,
    until end: Int64 = .max, at now: Int64
  ) -> Int64? {
    changeFromOutside {
      $0.setShare(key, share, of: members, moves: moves, missing: missing, until: end, at: now)
    }
  }

  /// Like ``Limiter/extendShare(_:until:at:)``. May be called on any thread.
  package func extendShare(_ key: ShareKey, until end: Int64, at now: Int64) -> Bool {
    changeFromOutside { $0.extendShare(key, until: end, at: now) }
  }
}
