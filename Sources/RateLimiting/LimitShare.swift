/// What one gateway may use of a limit that it shares with others.
package enum LimitShare: Equatable, Sendable {
  /// So much of its rate and burst, and so many of its calls under way; each nil where the limit has none.
  case part(quota: Quota?, places: Int32?)
  /// Nothing for now: calls wait for their turn.
  case notYet
  /// Nothing until further notice: calls that would have to wait for less than ``closedWait`` are refused.
  case closed

  /// Places of a bucket that stand for the two.
  static let placesNotYet: Int32 = 0
  static let placesClosed: Int32 = -1
  /// What a call is told that it would wait, nanoseconds: the first answer of the store comes soon; a store that is gone
  /// comes back nobody knows when.
  static let notYetWait: Int64 = 1_000_000_000
  /// In about this time a share follows the calls.
  static let timeToFollow: Int64 = 500_000_000
  package static let closedWait: Int64 = 60_000_000_000

  static func wait(_ places: Int32) -> Int64 { places == placesNotYet ? notYetWait : closedWait }
}

/// One quota of a shared limit: whose it is, by the numbers of the limiter.
package struct ShareKey: Hashable, Sendable {
  package var limit: Int
  package var app: Int
  package var caller: Int

  package init(limit: Int, app: Int, caller: Int) {
    self.limit = limit
    self.app = app
    self.caller = caller
  }

  /// For lists.
  package var order: (Int, Int, Int) { (limit, app, caller) }
}

/// How one quota of a shared limit is used.
package struct ShareUse: Equatable, Sendable {
  package var key: ShareKey
  /// Calls admitted so far.
  package var admitted: UInt64
  /// Calls refused so far, at once or after a wait.
  package var refused: UInt64
  package var waiting: Int
  package var inUse: Int
  /// What of the burst is used, thousandths of a call, rounded up.
  package var used: Int64
}

extension Limiter {
  /// The quotas of shared limits that calls use or have used, in the order of the limits; of a limit with few quotas all,
  /// so that each has its share before its first call comes. At most `most`.
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

  /// Quotas of a limit up to which all are told of by ``shareUses(at:most:)``.
  private static let smallLimit = 64

  /// This gateway has another share of a quota from now on. What its calls have used stays used.
  ///
  /// - Parameters:
  ///   - members: gateways that share the quota, where the share follows the calls; 0 where it does not.
  ///   - moves: whether burst moves with it. A share with more burst has it all but for `missing`; one with less gives
  ///     back what is not used of the difference, and the rest of it is used up there.
  ///   - missing: thousandths of a call that a bigger burst comes without.
  ///   - end: from then on nothing starts by it, whether or not whoever set it has come to set another.
  /// - Returns: thousandths of a call that the difference of a smaller burst comes back without; nil for a quota that
  ///   there is not.
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

  /// This gateway's share of a quota is its own until then.
  ///
  /// - Returns: false when it has ended already, or has no end: then it is as it was.
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

  /// Shares whose time is over let nothing start any more. A process that stood still, or whose threads waited for a
  /// processor, would go on by them otherwise, until the thread that asks the store has its turn.
  @inline(never)
  mutating func endShares() {
    for (bucket, end) in shareEnds where end <= latest {
      buckets[bucket].places = LimitShare.placesNotYet
      shareEnds[bucket] = nil
    }
    firstShareEnd = shareEnds.values.min() ?? .max
    hasNews = true
  }

  /// Nanoseconds until a call would start after `ahead` others with an even part of a shared limit: that much each
  /// gateway gets that has calls, however small its share was before it had any.
  func waitWithEvenShare(_ state: LimitBucket, _ limit: Int, ahead: Int64, at now: Int64) -> Int64 {
    let even = limits[limit].quota.divided(among: Int(state.sharers))
    return LimitShare.timeToFollow
      &+ state.cell.used(of: state.quota, as: even, at: now).wait(even, ahead: ahead, at: now)
  }

  /// An app recovers from a pause to its share of the rate.
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
  /// What of the burst is used, thousandths of a call, rounded up.
  func used(of quota: Quota, at now: Int64) -> Int64 {
    let ahead = timeUntilFull(at: now)
    guard ahead > 0 else { return 0 }
    let thousandths =
      (Int128(ahead) * Int128(quota.count) * 1000 + Int128(quota.period) - 1)
      / Int128(quota.period)
    return Int64(min(thousandths, 1 << 50))
  }

  /// A cell of which so much is used, rounded up to whole nanoseconds.
  init(used thousandths: Int64, of quota: Quota, at now: Int64) {
    self.init()
    guard thousandths > 0 else { return }
    let pace = Int128(quota.count) * 1000
    let time = (Int128(thousandths) * Int128(quota.period) + pace - 1) / pace
    self.init(words: (now &+ Int64(min(time, Int128(Quota.longestPeriod))), 0))
  }
}

extension SharedLimiter {
  /// As ``Limiter/shareUses(at:most:)``.
  package func shareUses(at now: Int64, most: Int) -> [ShareUse] {
    inspect { $0.shareUses(at: now, most: most) }
  }

  /// As ``Limiter/setShare(_:_:of:moves:missing:until:at:)``; from any thread.
  package func setShare(
    _ key: ShareKey, _ share: LimitShare, of members: Int = 0, moves: Bool, missing: Int64 = 0,
    until end: Int64 = .max, at now: Int64
  ) -> Int64? {
    changeFromOutside {
      $0.setShare(key, share, of: members, moves: moves, missing: missing, until: end, at: now)
    }
  }

  /// As ``Limiter/extendShare(_:until:at:)``; from any thread.
  package func extendShare(_ key: ShareKey, until end: Int64, at now: Int64) -> Bool {
    changeFromOutside { $0.extendShare(key, until: end, at: now) }
  }
}
