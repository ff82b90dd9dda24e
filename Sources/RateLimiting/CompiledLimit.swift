/// One limit in the form it is applied: numbers only, and where its buckets and flows begin.
struct CompiledLimit: BitwiseCopyable {
  /// No number of calls under way is too many.
  static let anyNumber = Int32.max
  /// No number is too many, but calls under way are counted, for they were when they began.
  static let anyNumberCounted = anyNumber - 1

  /// The whole of it, of which a bucket has its share. Without a rate, never looked at.
  let quota: Quota
  var hasRate: Bool
  var concurrency: Int32
  var excess: LimitRule.Excess
  var isInForce: Bool
  let isShared: Bool
  var maxWait: Int64
  var maxQueue: Int32
  var firstBucket: Int
  var firstFlow: Int
  /// Buckets from one app to the next: 0 when all share one.
  var appStride: Int
  /// Buckets from one caller to the next: 0 when all share one.
  var callerStride: Int
  /// Flows from one app to the next.
  var flowAppStride: Int

  var countsCallsUnderWay: Bool { concurrency != CompiledLimit.anyNumber }
  var limitsCallsUnderWay: Bool { concurrency < CompiledLimit.anyNumberCounted }

  func bucket(_ app: Int, _ caller: Int) -> Int {
    firstBucket &+ app &* appStride &+ caller &* callerStride
  }

  func flow(_ app: Int, _ caller: Int, _ priority: CallPriority) -> Int {
    firstFlow &+ app &* flowAppStride &+ caller &* 2 &+ Int(priority.rawValue)
  }

  /// Lays out `rule` behind the buckets and flows laid out so far.
  init(_ rule: LimitRule, _ settings: LimiterSettings, firstBucket: Int, firstFlow: Int) {
    let quota = rule.quota(replicas: settings.replicas)
    self.quota = quota ?? Quota(count: 1, period: 1, burst: 1)
    hasRate = quota != nil
    concurrency =
      rule.concurrency(replicas: settings.replicas).map {
        Int32(clamping: min($0, Int(CompiledLimit.anyNumberCounted) - 1))
      } ?? CompiledLimit.anyNumber
    excess = rule.onExceed
    isInForce = rule.isInForce
    isShared = rule.isShared
    maxWait = min(max(0, rule.maxWait), Quota.longestPeriod)
    maxQueue = Int32(clamping: max(0, rule.maxQueue))
    self.firstBucket = firstBucket
    self.firstFlow = firstFlow
    let byApp = rule.per == .app || rule.per == .appAndCaller
    let byCaller = rule.per == .caller || rule.per == .appAndCaller
    callerStride = byCaller ? 1 : 0
    appStride = byApp ? (byCaller ? settings.callerCount : 1) : 0
    flowAppStride = byApp ? settings.callerCount * 2 : 0
    bucketCount = (byApp ? settings.appCount : 1) * (byCaller ? settings.callerCount : 1)
    flowCount = (byApp ? settings.appCount : 1) * settings.callerCount * 2
  }

  let bucketCount: Int
  let flowCount: Int
}

/// The state of one quota: a limit, and whose it is.
struct LimitBucket: BitwiseCopyable {
  var cell = QuotaCell()
  /// What the cell is used with: the limit's own, or this gateway's share of it.
  var quota: Quota
  /// Calls that may be under way, ``CompiledLimit/anyNumber`` where they are not limited. With none, or fewer, nothing
  /// starts (``LimitShare``).
  var places: Int32
  /// Gateways that share it; 0 when it is this one's alone.
  var sharers: Int32 = 0
  /// Calls admitted so far, at once or after a wait.
  var admitted: UInt64 = 0
  /// Calls refused so far, at once or in vain; only of a limit that gateways share.
  var refused: UInt64 = 0
  /// Calls under way.
  var inUse: Int32 = 0
  /// The waiting call that keeps this quota's next call for itself; -1 for none.
  var claim = Waiter.none
  let limit: Int32
  let app: Int32
  let caller: Int32
  /// How long a call lasts, moving average, nanoseconds; only where calls under way are limited.
  var averageHold: Int64 = 0

  init(_ compiled: CompiledLimit, limit: Int, app: Int, caller: Int) {
    quota = compiled.quota
    places = compiled.isShared ? LimitShare.placesNotYet : compiled.concurrency
    self.limit = Int32(limit)
    self.app = Int32(app)
    self.caller = Int32(caller)
  }
}

/// What one limit has done so far.
package struct LimitCounters: Equatable, Sendable, BitwiseCopyable {
  /// Calls admitted, at once or after a wait. Of a limit that runs its quotas count them.
  package var admitted: UInt64 = 0
  /// Calls that had to wait.
  package var queued: UInt64 = 0
  /// Calls refused because of it, at once or in vain.
  package var refused: UInt64 = 0
  /// Calls that it would have stopped, were it not in shadow.
  package var shadowed: UInt64 = 0

  package init() {}
}
