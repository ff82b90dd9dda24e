/// The settings of a ``Limiter``.
package struct LimiterSettings: Sendable {
  /// The most limits: each takes one bit.
  package static let maximumRules = 64
  /// The most keys of all limits, which are pairs of a quota and a caller that may wait for it. 32 MiB of memory.
  package static let maximumKeys = 1 << 20

  package var rules: [LimitRule]
  package var appCount: Int
  package var callerCount: Int
  /// A caller's turns in a round, 1 to 100, by index. Missing callers have 1.
  package var callerWeights: [Int]
  /// Number of gateways that share the limits. This gateway enforces its part.
  package var replicas: Int
  package var loopCount: Int
  /// The most calls that may wait at the same time, over all limits.
  package var maximumWaiters: Int
  package var recovery: RecoveryPolicy
  /// The service of each slot of ``LimitedOperations``, numbered from 0. A refusal by the upstream pauses that service.
  /// If empty, all operations are one service.
  package var services: [UInt8] = []

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

extension LimiterSettings {
  /// Why there can be no limiter with these settings; nil if there can. Allocates nothing.
  package var problem: LimiterProblem? {
    guard rules.count <= LimiterSettings.maximumRules else { return .tooManyRules(rules.count) }
    let keys = keys(lanes: 1)
    return keys <= LimiterSettings.maximumKeys ? nil : .tooManyKeys(keys)
  }

  /// Number of pauses of one app: its own, and one for each service. If that would be too many keys, only its own,
  /// which then applies to every service.
  var lanesPerApp: Int {
    guard let last = services.max() else { return 1 }
    let lanes = 1 + Int(last) + 1
    return keys(lanes: lanes) <= LimiterSettings.maximumKeys ? lanes : 1
  }

  /// The keys of all limits. The upstream's pauses have keys too, one for each caller.
  private func keys(lanes: Int) -> Int {
    let pause = CompiledLimit(
      LimitRule(name: "", per: .app), self, firstBucket: 0, firstFlow: 0)
    return rules.reduce(pause.flowCount * lanes) { sum, rule in
      sum + CompiledLimit(rule, self, firstBucket: 0, firstFlow: 0).flowCount
    }
  }
}

/// Why there can be no limiter with these settings.
package enum LimiterProblem: Error, Equatable, CustomStringConvertible {
  /// More than ``LimiterSettings/maximumRules``.
  case tooManyRules(Int)
  /// More than ``LimiterSettings/maximumKeys``: limits times apps times callers.
  case tooManyKeys(Int)

  package var description: String {
    switch self {
    case .tooManyRules(let count):
      "there are \(count) limits; at most \(LimiterSettings.maximumRules) can be enforced"
    case .tooManyKeys(let count):
      "limits, apps and callers make \(count) combinations to keep count of; at most "
        + "\(LimiterSettings.maximumKeys) can be"
    }
  }
}
