/// One limit in the form in which it is applied: only numbers, including where its buckets and flows begin.
struct CompiledLimit: BitwiseCopyable {
  /// Any number of calls may be in progress.
  static let anyNumber = Int32.max
  /// Any number of calls may be in progress, but they are counted, because they were counted when they began.
  static let anyNumberCounted = anyNumber - 1

  /// The whole quota, of which a bucket has its share. Not used without a rate.
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
  /// Number of buckets from one app to the next; 0 if all share one.
  var appStride: Int
  /// Number of buckets from one caller to the next; 0 if all share one.
  var callerStride: Int
  /// Number of flows from one app to the next.
  var flowAppStride: Int

  var countsCallsUnderWay: Bool { concurrency != CompiledLimit.anyNumber }
  var limitsCallsUnderWay: Bool { concurrency < CompiledLimit.anyNumberCounted }

  func bucket(_ app: Int, _ caller: Int) -> Int {
    firstBucket &+ app &* appStride &+ caller &* callerStride
  }

  func flow(_ app: Int, _ caller: Int, _ priority: CallPriority) -> Int {
    firstFlow &+ app &* flowAppStride &+ caller &* 2 &+ Int(priority.rawValue)
  }

  /// Lays out `rule` after the existing buckets and flows.
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

/// The state of one quota: of a limit, for its app and caller.
struct LimitBucket: BitwiseCopyable {
  var cell = QuotaCell()
  /// The quota that the cell is used with: the limit's whole quota, or this gateway's share of it.
  var quota: Quota
  /// Calls that may be in progress; ``CompiledLimit/anyNumber`` if they are not limited. If it is 0 or less, nothing
  /// starts (``LimitShare``).
  var places: Int32
  /// Number of gateways that share it; 0 if it belongs to this one alone.
  var sharers: Int32 = 0
  /// Calls admitted so far, immediately or after a wait.
  var admitted: UInt64 = 0
  /// Calls refused so far, immediately or after a wait; counted only for a limit that gateways share.
  var refused: UInt64 = 0
  /// Calls in progress.
  var inUse: Int32 = 0
  /// The waiting call that has claimed this quota's next call; -1 for none.
  var claim = Waiter.none
  let limit: Int32
  let app: Int32
  let caller: Int32
  /// How long a call takes, as a moving average in nanoseconds; only if calls in progress are limited.
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
  /// Calls admitted, immediately or after a wait. While the limiter runs, the quotas count them.
  package var admitted: UInt64 = 0
  /// Calls that had to wait.
  package var queued: UInt64 = 0
  /// Calls refused because of the limit, immediately or after a wait.
  package var refused: UInt64 = 0
  /// Calls that it would have stopped if it were not in shadow.
  package var shadowed: UInt64 = 0

  package init() {}
}
