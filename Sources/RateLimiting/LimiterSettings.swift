/// Everything a ``Limiter`` is made from.
package struct LimiterSettings: Sendable {
  /// Most limits there may be: one bit each.
  package static let maximumRules = 64
  /// Most keys over all limits: pairs of a quota and a caller that may wait for it. 32 MiB of memory.
  package static let maximumKeys = 1 << 20

  package var rules: [LimitRule]
  package var appCount: Int
  package var callerCount: Int
  /// A caller's turns in a round, 1 to 100, by index; those missing have 1.
  package var callerWeights: [Int]
  /// Gateways that share the limits; this one enforces its part.
  package var replicas: Int
  package var loopCount: Int
  /// Calls that may wait at once over all limits.
  package var maximumWaiters: Int
  package var recovery: RecoveryPolicy

  package init(
    rules: [LimitRule], appCount: Int, callerCount: Int, callerWeights: [Int] = [],
    replicas: Int = 1, loopCount: Int = 1, maximumWaiters: Int = 65_536,
    recovery: RecoveryPolicy = RecoveryPolicy()
  ) {
    self.rules = rules
    self.appCount = appCount
    self.callerCount = callerCount
    self.callerWeights = callerWeights
    self.replicas = replicas
    self.loopCount = loopCount
    self.maximumWaiters = maximumWaiters
    self.recovery = recovery
  }
}

/// Why there can be no limiter of these settings.
package enum LimiterProblem: Error, Equatable {
  /// More than ``LimiterSettings/maximumRules``.
  case tooManyRules(Int)
  /// More than ``LimiterSettings/maximumKeys``: limits times apps times callers.
  case tooManyKeys(Int)
}
