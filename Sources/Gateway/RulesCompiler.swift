internal import AccessTokens
internal import Configuration
internal import EventLoop
internal import Forwarding
internal import GatewayServer
internal import HTTPMessages
internal import RateLimiting
internal import SCORMCloudAPI
internal import System

/// Compiles checked settings into the values that the data plane works with: what each operation needs is
/// decided here, once, and not per call.
struct RulesCompiler {
  let settings: Settings
  /// Where each listener was bound, with its real port.
  let addresses: [SocketAddress]

  struct Compiled {
    var rules: ForwardingRules
    var slots: TokenSlotTable
    /// Per token slot, its scopes.
    var scopeTexts: [String]
    var identities: CallerIdentities
    /// Per ordinary app, the slot whose token shows that its credential works.
    var probes: [(app: String, slot: TokenSlot)]
  }

  /// By chance, and one for the process: gateways behind one another are told apart, reloads are not.
  private static let hop = UInt32.random(in: .min ... .max)

  func compile() throws(TokenSlotTable.Refusal) -> Compiled {
    var slots = TokenSlotTable()
    var apps: [ForwardingRules.App] = []
    var probes: [(app: String, slot: TokenSlot)] = []
    for (index, app) in settings.apps.enumerated() {
      let credentials = try credentials(of: app, index, &slots)
      apps.append(
        ForwardingRules.App(
          name: app.name, isManagement: app.kind == .management, credentials: credentials,
          ladders: try ladders(of: index, credentials, &slots),
          unknownCredential: try unknownCredential(of: app, index, &slots)))
      if let probe = probe(app, credentials) { probes.append((app.name, probe)) }
    }
    var scopeTexts: [String] = []
    for index in 0..<slots.count { scopeTexts.append(slots[TokenSlot(index: index)].scopes) }
    let url = settings.upstream.url
    var rules = ForwardingRules(
      listeners: listeners, apps: apps,
      defaultApp: settings.apps.firstIndex { $0.name == settings.defaultApp } ?? 0,
      managementApp: settings.apps.firstIndex { $0.kind == .management }, callers: callers,
      forwardsUnknownOperations: settings.policy.unknownOperations == .forward,
      forwardsOutsideBasePath: settings.policy.outsideBasePath == .forward,
      passedSensitive: passedSensitive,
      upstreamAuthority: url.authority, upstreamOrigin: "\(url.scheme.rawValue)://\(url.authority)",
      upstreamBasePath: url.path)
    rules.hop = RulesCompiler.hop
    return Compiled(
      rules: rules, slots: slots, scopeTexts: scopeTexts, identities: identities, probes: probes)
  }

  // MARK: Credentials

  private func credentials(
    of app: App, _ index: Int, _ slots: inout TokenSlotTable
  ) throws(TokenSlotTable.Refusal) -> [CredentialChoice] {
    var result: [CredentialChoice] = []
    for operation in OperationTable.all {
      result.append(try credential(for: operation, app, index, &slots))
    }
    return result
  }

  private func credential(
    for operation: Operation, _ app: App, _ index: Int, _ slots: inout TokenSlotTable
  ) throws(TokenSlotTable.Refusal) -> CredentialChoice {
    switch operation.credential {
    case .none: return .none
    case .eitherApplication: return .basic
    case .application where app.kind == .management, .management where app.kind != .management:
      // The planner refuses the combination; a token for it could not even be fetched.
      return .basic
    case .application, .management:
      // SCORM Cloud takes Basic for every operation, so it serves where nobody knows the scope.
      guard operation.certainty != .unknown, let least = operation.scopes.first else {
        return .basic
      }
      let scopes =
        firstScopes(of: operation, least)?.text
        ?? settings.tokens.scopesList.joined(separator: " ")
      return .token(try slots.slot(for: index, scopes: scopes))
    }
  }

  /// What no service of its own is needed for: `read`, `write` and `delete` hold for all of them. Not `admin`, which is
  /// the account's. A fixed list is the operator's word for this too. None for the App Management application, which
  /// can do nothing but its own operations.
  ///
  /// Whatever the policy is now: a reload may change that, and slots have to keep their numbers.
  private func unknownCredential(
    of app: App, _ index: Int, _ slots: inout TokenSlotTable
  ) throws(TokenSlotTable.Refusal) -> UnknownCredential? {
    if app.kind == .management { return nil }
    if settings.tokens.scopes == .fixed {
      let slot = try slots.slot(
        for: index, scopes: settings.tokens.scopesList.joined(separator: " "))
      return UnknownCredential(reads: slot, writes: slot)
    }
    return UnknownCredential(
      reads: try slots.slot(for: index, scopes: ScopeList(.read).text),
      writes: try slots.slot(for: index, scopes: ScopeList(.read, .write, .delete).text))
  }

  /// Sensitive operations that the policy lets pass: all, or those that it names.
  private var passedSensitive: OperationSet {
    if settings.policy.sensitiveOperations == .forward { return .all }
    var set = OperationSet()
    for name in settings.policy.sensitiveForwarded {
      if let operation = OperationTable.named(name) { set.insert(operation.index) }
    }
    return set
  }

  /// The token of the cheapest call, or of any.
  private func probe(_ app: App, _ credentials: [CredentialChoice]) -> TokenSlot? {
    let name = app.kind == .management ? "GetApplicationInfo" : "PingAppId"
    guard let operation = OperationTable.named(name),
      case .token(let slot) = credentials[Int(operation.index)]
    else { return nil }
    return slot
  }

  // MARK: Listeners and callers

  private var listeners: [ForwardingRules.Listener] {
    settings.listeners.map { listener in
      switch listener.address {
      case .unix: ForwardingRules.Listener(hosts: .any)
      case .tcp:
        ForwardingRules.Listener(
          hosts: HostAllowList(
            extra: listener.allowedHosts, takesAnyAddress: listener.allowRemote))
      }
    }
  }

  /// Without `callers[]` there is one, who may use every app for everything that policy allows.
  private var callers: [ForwardingRules.Caller] {
    if settings.callers.isEmpty {
      return [
        ForwardingRules.Caller(
          name: "anonymous", apps: settings.apps.indices.filter { !settings.apps[$0].isWithdrawn },
          defaultApp: nil,
          operations: .all, mayUseUnknownOperations: true, mode: .normal)
      ]
    }
    return settings.callers.map { caller in
      let apps = caller.apps.compactMap { name in
        settings.apps.firstIndex { $0.name == name && !$0.isWithdrawn }
      }
      return ForwardingRules.Caller(
        name: caller.name, apps: apps,
        defaultApp: apps.first { settings.apps[$0].kind != .management },
        operations: operations(allowedBy: caller.allow),
        mayUseUnknownOperations: caller.allow.contains(.everything), mode: mode(caller.mode),
        isBatch: caller.priority == .batch)
    }
  }

  private func mode(_ mode: Caller.Mode) -> ForwardingRules.Caller.Mode {
    switch mode {
    case .normal: .normal
    case .readOnly: .readOnly
    case .dryRun: .dryRun
    case .frozen: .frozen
    }
  }

  private func operations(allowedBy rules: [AllowRule]) -> OperationSet {
    var set = OperationSet()
    for operation in OperationTable.all where rules.contains(where: { $0.allows(operation) }) {
      set.insert(operation.index)
    }
    return set
  }

  private var identities: CallerIdentities {
    func index(_ name: String?) -> Int? {
      name.flatMap { name in settings.callers.firstIndex { $0.name == name } }
    }
    var rules: [CallerIdentities.Rule] = []
    for (number, caller) in settings.callers.enumerated() {
      guard let match = caller.match else { continue }
      var rule = CallerIdentities.Rule(caller: number)
      rule.user = match.unixUser?.id
      if let address = match.listener {
        // One that is not there yet: nobody comes from it. Left out, the condition would hold for everybody.
        guard let number = settings.listeners.firstIndex(where: { $0.address == address }) else {
          continue
        }
        rule.listener = number
      }
      if let block = match.address {
        rule.matchesAddress = { peer in
          IPAddress(bytes: peer.addressBytes).map(block.contains) ?? false
        }
      }
      rules.append(rule)
    }
    return CallerIdentities(
      byListener: settings.listeners.map { index($0.caller) }, rules: rules,
      otherwise: settings.callers.isEmpty ? 0 : nil)
  }
}

// MARK: Limits

extension RulesCompiler {
  /// The limits for so many callers and loops.
  func limits(callerCount: Int, loopCount: Int) -> LimiterSettings {
    var limits = LimiterSettings(
      rules: settings.limits.map(rule), appCount: settings.apps.count, callerCount: callerCount,
      callerWeights: settings.callers.map(\.weight), replicas: settings.replicas,
      loopCount: loopCount)
    // What is in no catalogue is a service of its own.
    limits.services = (0..<256).map { slot in
      slot < OperationTable.all.count
        ? OperationTable.operation(at: UInt8(slot)).service.rawValue
        : UInt8(Service.allCases.count)
    }
    return limits
  }

  /// What a pause is for, in listings and metrics: a service's name, `unknown` for operations in no catalogue, `all` for
  /// the whole app.
  static func pausedName(_ service: Int?) -> String {
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
    for operation in OperationTable.all {
      let access: OperationAccess = operation.access == .read ? .read : .write
      guard match.access == nil || match.access == access,
        match.service == nil || match.service == operation.service.name.description,
        match.operation == nil || match.operation == operation.name.description
      else { continue }
      operations.insert(operation.index)
    }
    // Paths outside the catalogue have an access, by their method, and nothing else to match.
    if match.service == nil && match.operation == nil {
      if match.access != .write { operations.insertUnknown(isWrite: false) }
      if match.access != .read { operations.insertUnknown(isWrite: true) }
    }
    return operations
  }
}

extension AllowRule {
  func allows(_ operation: Operation) -> Bool {
    switch self {
    case .everything: true
    case .access(let access, let service):
      (access == .read) == (operation.access == .read)
        && (service == nil || service == operation.service.name.description)
    case .operation(let name): operation.name.description == name
    }
  }
}
