package import Histograms
internal import Memory

/// All limits of a gateway: decides which call may start, and which one waits how long.
///
/// A pure machine. Time is an argument, monotonic nanoseconds; what it decides for waiting calls it keeps per
/// event loop until ``takeDue(loop:)`` asks for it. ``SharedLimiter`` makes it one truth for many threads.
///
/// **A call** may fall under several limits. It takes a call from all of them at once, or from none.
///
/// **A waiting call** stands in the queue of one bucket, the one it is expected to wait for longest. When its
/// turn comes there and something else is missing, it moves to the queue of that. So that two scarce quotas
/// cannot starve the calls that need both, it gives way like this only once; from then on it claims each
/// bucket whose turn it had, and nobody else is served there until it has started. A claim is made or kept
/// only while moving to a bucket that nobody claims. Claims therefore cannot wait for each other: around a
/// circle of waiting claims, each would have to be younger than the one before.
///
/// **Time**: a bucket that has waiters and lacks only time has one alarm, in one heap. ``nextDue`` is the one
/// instant anybody must wake up for.
package struct Limiter: ~Copyable {
  private let staysInPlace = StaysInPlace()
  /// The limits in the order of the settings, then the upstream's pause.
  private(set) var limits: [CompiledLimit]
  /// Some call falls under a limit.
  private let hasLimits: Bool
  /// Per slot of ``LimitedOperations``, the limits that count it.
  private let matching: [LimitSet]
  /// Limits that count calls under way.
  private(set) var counting: LimitSet
  let recovery: RecoveryPolicy
  /// The limit whose rate an app recovers to after a pause; nil when there is none with a rate.
  let recoveryLimit: Int?

  var buckets: [LimitBucket]
  var queues: FairQueues
  /// By lane.
  var upstreams: [UpstreamLimit]
  /// When to look at a bucket again, by bucket.
  var alarms: AlarmHeap
  /// When a waiting call has waited long enough, by record.
  var patience = AlarmHeap(count: 0)
  /// Buckets to look at before returning to the caller.
  var unsettled: [Int32] = []
  /// Calls whose wait has ended, by loop.
  var due: [DueList]
  /// Loops whose list of due calls is no longer empty: bit `loop % 64`.
  var loopsToWake: UInt64 = 0
  /// Something has come up that other gateways want to know, or to give: a pause, or a call that waits for a share.
  var hasNews = false
  /// Per limit, then the upstream's pause, without what the quotas count.
  var counted: [LimitCounters]
  /// Per limit, then the upstream's pause: how long calls have waited that had their last turn there.
  package internal(set) var waits: [BucketCounts]
  /// Which of the upstream's pauses a call meets.
  let lanes: PauseLanes
  /// Pauses that stop or slow calls.
  var activeUpstreams = 0
  var sequence: UInt64 = 0
  /// When this gateway's shares of quotas end, by bucket; without those that do not.
  var shareEnds: [Int: Int64] = [:]
  /// The first of them; `Int64.max` without any.
  var firstShareEnd = Int64.max
  /// The latest instant heard of. Loops look at their clocks at slightly different times.
  var latest: Int64 = .min

  /// What stands between a service of an app, or the whole app, and the upstream.
  struct UpstreamLimit: BitwiseCopyable {
    var pause = UpstreamPause()
    /// The quota of the present level.
    var quota: Quota
    /// The configured rate: what it recovers to.
    var full: Quota
  }

  /// A loop's due calls, in order.
  struct DueList: BitwiseCopyable {
    var head = Waiter.none
    var tail = Waiter.none
  }

  /// A limiter in which nothing is used.
  package init(_ settings: LimiterSettings) throws(LimiterProblem) {
    if let problem = settings.problem { throw problem }
    let waitForUpstream = LimitRule(
      name: "", per: .app, maxWait: settings.recovery.maxWait,
      maxQueue: settings.recovery.maxQueue)
    var limits: [CompiledLimit] = []
    var buckets: [LimitBucket] = []
    var flowCount = 0
    lanes = PauseLanes(settings)
    // The upstream's pauses are one limit, whose apps are the lanes.
    var pausing = settings
    pausing.appCount = settings.appCount * lanes.perApp
    for rule in settings.rules + [waitForUpstream] {
      let limit = CompiledLimit(
        rule, limits.count == settings.rules.count ? pausing : settings,
        firstBucket: buckets.count, firstFlow: flowCount)
      flowCount += limit.flowCount
      for place in 0..<limit.bucketCount {
        let callers = limit.callerStride == 0 ? 1 : settings.callerCount
        buckets.append(
          LimitBucket(
            limit, limit: limits.count, app: place / callers, caller: place % callers))
      }
      limits.append(limit)
    }
    let flows = (0..<flowCount).map { place in
      let caller = place / 2 % settings.callerCount
      let weights = settings.callerWeights
      let weight = caller < weights.count ? min(max(1, weights[caller]), 100) : 1
      return CallerFlow(weight: Int32(weight))
    }
    self.limits = limits
    matching = (0..<LimitedOperations.slotCount).map { slot in
      var set = LimitSet()
      for (index, rule) in settings.rules.enumerated() where rule.operations.contains(slot: slot) {
        set.insert(index)
      }
      return set
    }
    hasLimits = settings.rules.contains { $0.isInForce }
    var counting = LimitSet()
    for index in settings.rules.indices where limits[index].countsCallsUnderWay {
      counting.insert(index)
    }
    self.counting = counting
    recovery = settings.recovery
    self.buckets = buckets
    queues = FairQueues(
      bucketCount: buckets.count, flows: flows,
      waiterLimit: min(max(0, settings.maximumWaiters), Int(Int32.max) - 1))
    let full = Limiter.fullRate(settings)
    recoveryLimit = Limiter.recoveryLimit(settings)
    upstreams = Array(
      repeating: UpstreamLimit(quota: full, full: full), count: pausing.appCount)
    alarms = AlarmHeap(count: buckets.count)
    due = Array(repeating: DueList(), count: max(1, settings.loopCount))
    counted = Array(repeating: LimitCounters(), count: limits.count)
    waits = Array(repeating: BucketCounts(.limitWaits), count: limits.count)
  }

  /// Per limit, then the upstream's pause.
  package var counters: [LimitCounters] {
    var counters = counted
    for bucket in buckets.indices where buckets[bucket].admitted > 0 {
      counters[Int(buckets[bucket].limit)].admitted &+= buckets[bucket].admitted
    }
    return counters
  }

  /// The rate an app recovers to: the highest of the limits per app, since the others go on holding.
  private static func fullRate(_ settings: LimiterSettings) -> Quota {
    if let limit = recoveryLimit(settings) {
      let rule = settings.rules[limit]
      // Of a shared one an even part, until the share is known.
      let quota = rule.quota(replicas: settings.replicas)
      if let quota { return rule.isShared ? quota.divided(among: settings.replicas) : quota }
    }
    let other = settings.recovery.rateWithoutLimit
    return Quota(count: Int64(other.count), period: other.period, burst: 1)
      .divided(among: settings.replicas)
  }

  private static func recoveryLimit(_ settings: LimiterSettings) -> Int? {
    var highest: (limit: Int, quota: Quota)?
    for (limit, rule) in settings.rules.enumerated()
    where rule.per == .app && rule.onExceed != .shadow {
      guard let quota = rule.quota(replicas: settings.replicas) else { continue }
      if let known = highest?.quota,
        Int128(known.count) * Int128(quota.period) >= Int128(quota.count) * Int128(known.period)
      {
        continue
      }
      highest = (limit, quota)
    }
    return highest?.limit
  }

  /// Index of the upstream's pause among ``limits``.
  var upstreamLimit: Int { limits.count &- 1 }

  /// The bucket of a pause.
  func upstreamBucket(_ lane: Int) -> Int { limits[limits.count &- 1].firstBucket &+ lane }

  /// Whose calls `request` is one of.
  func party(of request: LimitedRequest) -> LimitedParty {
    LimitedParty(app: request.app, caller: request.caller, lane: lanes.lane(request))
  }

  /// The limits that apply to a call.
  func matched(_ request: LimitedRequest) -> LimitSet {
    matching[LimitedOperations.slot(request.operation, isWrite: request.isWrite)]
  }

  /// Calls that wait, or that have ended waiting and were not taken yet.
  package var waiting: Int { queues.waiters.count }

  /// Whether it would admit everything: no limits, no pause, nobody waiting.
  package var isIdle: Bool { !hasLimits && activeUpstreams == 0 && waiting == 0 }

  /// The next instant at which ``advance(to:)`` has something to do; `Int64.max` when nothing waits.
  package var nextDue: Int64 { min(alarms.earliest, patience.earliest) }

  /// The loops with due calls since this was last asked: bit `loop % 64`.
  mutating func takeLoopsToWake() -> UInt64 {
    let loops = loopsToWake
    loopsToWake = 0
    return loops
  }

  /// Whether anything has come up for other gateways since this was last asked.
  mutating func takeNews() -> Bool {
    let news = hasNews
    hasNews = false
    return news
  }

  /// Goes on counting the calls under way that fall under a limit, though any number may be.
  mutating func goOnCounting(_ limit: Int) {
    limits[limit].concurrency = CompiledLimit.anyNumberCounted
    counting.insert(limit)
  }

  /// Time never goes back.
  mutating func clock(_ now: Int64) -> Int64 {
    latest = max(latest, now)
    if latest >= firstShareEnd { endShares() }
    return latest
  }
}
