package import Configuration
package import RateLimiting
package import SCORMCloudAPI

/// The limits of a configuration in the form that the limiter uses.
extension RulesCompiler {
  /// The limits for `loopCount` loops. A removed limit may still have calls in progress, but counts no new ones.
  package func limits(loopCount: Int) -> LimiterSettings {
    var limits = LimiterSettings(
      rules: roster.limits.list.map { place in
        guard let place else { return .vacant }
        return place.isInForce ? rule(place.item) : rule(place.item).leaving()
      }, appCount: roster.apps.count, callerCount: roster.callers.count,
      callerWeights: roster.callers.list.map { $0?.item.weight ?? 1 },
      replicas: settings.replicas, loopCount: loopCount)
    // What is not in the catalogue is a separate service.
    limits.services = (0..<256).map { slot in
      slot < OperationTable.all.count
        ? OperationTable.operation(at: UInt8(slot)).service.rawValue
        : UInt8(Service.allCases.count)
    }
    return limits
  }

  /// What a pause applies to, as shown in listings and metrics: a service's name, `unknown` for operations that are not
  /// in the catalogue, `all` for the whole app.
  package static func pausedName(_ service: Int?) -> String {
    guard let service else { return "all" }
    return Service(rawValue: UInt8(clamping: service)).map { "\($0.name)" } ?? "unknown"
  }

  private func rule(_ limit: Limit) -> LimitRule {
    LimitRule(
      name: limit.name, per: scope(limit.per), operations: operations(matching: limit.match),
      rate: limit.rate.map { LimitRule.Rate(count: $0.count, period: $0.period.nanoseconds) },
      burst: limit.burst, concurrency: limit.concurrency, onExceed: excess(limit.onExceed),
      maxWait: limit.maxWait.nanoseconds, maxQueue: limit.maxQueue)
  }

  private func scope(_ scope: Limit.Scope) -> LimitRule.Scope {
    switch scope {
    case .app: .app
    case .caller: .caller
    case .appAndCaller: .appAndCaller
    case .gateway: .gateway
    }
  }

  private func excess(_ excess: Limit.Excess) -> LimitRule.Excess {
    switch excess {
    case .queue: .queue
    case .refuse: .refuse
    case .shadow: .shadow
    }
  }

  private func operations(matching match: Limit.Match) -> LimitedOperations {
    var operations = LimitedOperations()
    for operation in OperationTable.all where match.holds(for: operation) {
      operations.insert(operation.index)
    }
    // Paths that are not in the catalogue have an access, from their method, and nothing else to match.
    if match.service == nil && match.operation == nil {
      if match.access != .write { operations.insertUnknown(isWrite: false) }
      if match.access != .read { operations.insertUnknown(isWrite: true) }
    }
    return operations
  }
}

extension Limit.Match {
  /// Whether calls of `operation` count.
  package func holds(for operation: Operation) -> Bool {
    (access == nil || (access == .read) == (operation.access == .read))
      && (service == nil || service == operation.service.name.description)
      && (self.operation == nil || self.operation == operation.name.description)
  }
}
