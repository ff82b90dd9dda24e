/// One limit of the configuration, in the form the ``Limiter`` takes it.
package struct LimitRule: Sendable {
  /// Which calls share one quota.
  package enum Scope: UInt8, Sendable, BitwiseCopyable {
    case gateway, app, caller, appAndCaller
  }

  /// What happens to a call that exceeds the limit.
  package enum Excess: UInt8, Sendable, BitwiseCopyable {
    /// It waits in a fair queue.
    case queue
    /// It is refused immediately.
    case refuse
    /// It passes and is counted, to try a limit out.
    case shadow
  }

  /// Calls in a period.
  package struct Rate: Equatable, Sendable, BitwiseCopyable {
    /// 1 to 1,000,000.
    package var count: Int
    /// Nanoseconds: 1 ms to 1 day.
    package var period: Int64

    package init(count: Int, period: Int64) {
      self.count = count
      self.period = period
    }
  }

  /// The name in the configuration. It appears in the fields and the problem body of an answer.
  package var name: String
  package var per: Scope
  package var operations: LimitedOperations
  /// Nil if only ``concurrency`` limits.
  package var rate: Rate?
  /// Calls that may start at once after a rest, at least 1.
  package var burst: Int
  /// Calls that may be in progress at the same time, at least 1; nil for any number.
  package var concurrency: Int?
  package var onExceed: Excess
  /// The longest wait in the queue, in nanoseconds.
  package var maxWait: Int64
  /// The most calls that may wait for one quota of this limit.
  package var maxQueue: Int
  /// False for a removed limit: it applies to no new call, but calls to which it applied may still be in progress.
  package var isInForce = true
  /// Whether several gateways share it. This gateway's share is then set from outside
  /// (``Limiter/setShare(_:_:of:moves:missing:until:at:)``), and until that happens no call starts.
  package var isShared = false

  package init(
    name: String, per: Scope, operations: LimitedOperations = .all, rate: Rate? = nil,
    burst: Int = 1, concurrency: Int? = nil, onExceed: Excess = .queue,
    maxWait: Int64 = 5_000_000_000, maxQueue: Int = 200
  ) {
    self.name = name
    self.per = per
    self.operations = operations
    self.rate = rate
    self.burst = burst
    self.concurrency = concurrency
    self.onExceed = onExceed
    self.maxWait = maxWait
    self.maxQueue = maxQueue
  }

  /// What remains of a removed limit.
  package func leaving() -> LimitRule {
    var rule = LimitRule(name: name, per: per, operations: LimitedOperations())
    rule.isInForce = false
    return rule
  }

  /// The entry for a number without a limit.
  package static let vacant = LimitRule(name: "", per: .gateway).leaving()

  /// The rate and burst that one of `replicas` gateways enforces; for a shared limit, those of all together. Nil
  /// without a rate.
  func quota(replicas: Int) -> Quota? {
    rate.map {
      Quota(count: Int64($0.count), period: $0.period, burst: Int64(burst))
        .divided(among: isShared ? 1 : replicas)
    }
  }

  /// Calls in progress that one of `replicas` gateways allows, rounded down, at least 1; for a shared limit, those of
  /// all together.
  func concurrency(replicas: Int) -> Int? {
    concurrency.map { max(1, $0 / max(1, isShared ? 1 : replicas)) }
  }
}

/// A set of limits, by their index in the ``LimiterSettings``.
package struct LimitSet: Equatable, Sendable, BitwiseCopyable {
  /// One bit for each limit, the first one lowest.
  package var bits: UInt64

  package init(bits: UInt64 = 0) { self.bits = bits }

  package var isEmpty: Bool { bits == 0 }

  package func contains(_ limit: Int) -> Bool { bits >> UInt64(limit) & 1 != 0 }

  mutating func insert(_ limit: Int) { bits |= 1 << UInt64(limit) }

  /// Removes and returns the lowest limit; nil if none is left. For iteration.
  package mutating func popFirst() -> Int? {
    guard bits != 0 else { return nil }
    let limit = bits.trailingZeroBitCount
    bits &= bits &- 1
    return limit
  }
}
