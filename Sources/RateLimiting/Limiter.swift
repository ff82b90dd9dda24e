package import Histograms
internal import Memory

/// All limits of a gateway: decides which calls may start, and how long others wait.
///
/// A pure state machine. Time is an argument, in monotonic nanoseconds. Decisions about waiting calls are kept by event
/// loop until ``takeDue(loop:)`` fetches them. ``SharedLimiter`` shares one limiter among threads.
///
/// **A call** may fall under several limits. It takes a call from all of them at the same time, or from none.
///
/// **A waiting call** is in the queue of one bucket: the one it is expected to wait for longest. If another bucket has
/// no call for it when its turn comes, it moves to the queue of that bucket. It gives way like this only once, so that
/// two scarce quotas cannot starve the calls that need both. From then on it claims each bucket whose turn it had, and
/// no other call is served there until it has started. A claim is made or kept only while moving to a bucket that is
/// not claimed. So claims cannot wait for each other: in a circle of waiting claims, each would have to be younger than
/// the one before.
///
/// **Time**: a bucket that has waiters and lacks only time has one alarm, and all alarms are in one heap. ``nextDue``
/// is the only time at which a thread must wake up.
package struct Limiter: ~Copyable {
  private let staysInPlace = StaysInPlace()
  /// The limits in the order of the settings, then the upstream's pause.
  private(set) var limits: [CompiledLimit]
  /// Whether some call can fall under a limit.
  private let hasLimits: Bool
  /// By slot of ``LimitedOperations``, the limits that count it.
  private let matching: [LimitSet]
  /// Limits that count calls in progress.
  private(set) var counting: LimitSet
  let recovery: RecoveryPolicy
  /// The limit to whose rate an app recovers after a pause; nil if no limit for apps has a rate.
  let recoveryLimit: Int?

  var buckets: [LimitBucket]
  var queues: FairQueues
  /// By lane.
  var upstreams: [UpstreamLimit]
  /// When to serve a bucket again, by bucket.
  var alarms: AlarmHeap
  /// When a waiting call has waited long enough, by record.
  var patience = AlarmHeap(count: 0)
  /// Buckets to serve before returning to the caller.
  var unsettled: [Int32] = []
  /// Calls whose wait has ended, by loop.
  var due: [DueList]
  /// Loops whose list of due calls is no longer empty: bit `loop % 64`.
  var loopsToWake: UInt64 = 0
  /// Something is new that concerns other gateways: a pause, or a call that waits for a share.
  var hasNews = false
  /// By limit, then the upstream's pause. The calls that buckets count are not included.
  var counted: [LimitCounters]
  /// By limit, then the upstream's pause: how long calls waited whose last turn was there.
  package internal(set) var waits: [BucketCounts]
  /// Determines which of the upstream's pauses apply to a call.
  let lanes: PauseLanes
  /// Number of pauses that stop or slow calls.
  var activeUpstreams = 0
  var sequence: UInt64 = 0
  /// When this gateway's shares of quotas end, by bucket; without those that do not end.
  var shareEnds: [Int: Int64] = [:]
  /// The earliest of them; `Int64.max` if there is none.
  var firstShareEnd = Int64.max
  /// The latest time seen. Loops read their clocks at slightly different times.
  var latest: Int64 = .min

  /// The pause between a service of an app, or the whole app, and the upstream.
  struct UpstreamLimit: BitwiseCopyable {
    var pause = UpstreamPause()
    /// The quota at the current level.
    var quota: Quota
    /// The configured rate, which it recovers to.
    var full: Quota
  }

  /// The due calls of a loop, in order.
  struct DueList: BitwiseCopyable {
    var head = Waiter.none
    var tail = Waiter.none
  }

  /// Creates a limiter in which nothing is used.
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

  /// By limit, then the upstream's pause.
  package var counters: [LimitCounters] {
    var counters = counted
    for bucket in buckets.indices where buckets[bucket].admitted > 0 {
      counters[Int(buckets[bucket].limit)].admitted &+= buckets[bucket].admitted
    }
    return counters
  }

  /// The rate to which an app recovers: the highest of the limits for apps, because the others still apply.
  private static func fullRate(_ settings: LimiterSettings) -> Quota {
    if let limit = recoveryLimit(settings) {
      let rule = settings.rules[limit]
      // For a shared limit, an even part until the share is known.
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

  /// The app, caller and lane of `request`.
  func party(of request: LimitedRequest) -> LimitedParty {
    LimitedParty(app: request.app, caller: request.caller, lane: lanes.lane(request))
  }

  /// The limits that apply to a call.
  func matched(_ request: LimitedRequest) -> LimitSet {
    matching[LimitedOperations.slot(request.operation, isWrite: request.isWrite)]
  }

  /// Number of calls that wait, or whose wait has ended but which were not taken yet.
  package var waiting: Int { queues.waiters.count }

  /// Whether every call would be admitted: there are no limits, no pause and no waiting calls.
  package var isIdle: Bool { !hasLimits && activeUpstreams == 0 && waiting == 0 }

  /// The next time at which ``advance(to:)`` has something to do; `Int64.max` if nothing waits.
  package var nextDue: Int64 { min(alarms.earliest, patience.earliest) }

  /// Returns the loops that got due calls since the last call: bit `loop % 64`.
  mutating func takeLoopsToWake() -> UInt64 {
    let loops = loopsToWake
    loopsToWake = 0
    return loops
  }

  /// Returns whether anything is new for other gateways since the last call.
  mutating func takeNews() -> Bool {
    let news = hasNews
    hasNews = false
    return news
  }

  /// Continues to count the calls in progress under a limit, although any number is allowed.
  mutating func goOnCounting(_ limit: Int) {
    limits[limit].concurrency = CompiledLimit.anyNumberCounted
    counting.insert(limit)
  }

  /// The current time, which never goes back.
  mutating func clock(_ now: Int64) -> Int64 {
    latest = max(latest, now)
    if latest >= firstShareEnd { endShares() }
    return latest
  }
}
