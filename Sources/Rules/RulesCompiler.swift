package import AccessTokens
package import Configuration
package import Forwarding
internal import HTTPMessages
package import SCORMCloudAPI

/// Compiles checked settings into the values that the data plane uses. What each operation needs is decided here once,
/// not for each call.
package struct RulesCompiler {
  let roster: Roster

  /// Creates a compiler for a first configuration.
  package init(_ settings: Settings) { roster = Roster(settings) }

  package init(_ roster: Roster) { self.roster = roster }

  var settings: Settings { roster.settings }

  package struct Compiled {
    package var rules: ForwardingRules
    package var slots: TokenSlotTable
    /// By token slot, its scopes; empty for a vacant one.
    package var scopeTexts: [String]
    /// For each app in force, the slot of a token that shows whether its credential works; without apps that use Basic
    /// for that call.
    package var probes: [(app: String, slot: TokenSlot)]
  }

  /// Random, and fixed for the process, so that gateways in series have different numbers, and a reload does not change
  /// it.
  private static let hop = UInt32.random(in: .min ... .max)

  /// - Parameters:
  ///   - slots: Those of the previous configuration; empty for the first one.
  ///   - oldest: The oldest generation with calls in progress.
  package func compile(
    slots known: TokenSlotTable = TokenSlotTable(), oldest: UInt32 = 1
  ) throws(TokenSlotTable.Refusal) -> Compiled {
    var slots = known
    slots.begin(
      generation: roster.generation, oldest: oldest, isGone: { roster.apps.list[$0] == nil })
    var apps: [ForwardingRules.App] = []
    var probes: [(app: String, slot: TokenSlot)] = []
    for (number, place) in roster.apps.list.enumerated() {
      guard let place else {
        apps.append(.vacant)
        continue
      }
      let (app, scopes) = (place.item.app, place.item.tokens)
      let credentials = try credentials(of: app, scopes, number, &slots)
      var compiled = ForwardingRules.App(
        name: app.name, isManagement: app.kind == .management, credentials: credentials,
        ladders: try ladders(of: number, scopes, credentials, &slots),
        unknownCredential: try unknownCredential(of: app, scopes, number, &slots))
      compiled.isInForce = place.isInForce
      apps.append(compiled)
      if place.isInForce, let probe = probe(app, credentials) { probes.append((app.name, probe)) }
    }
    var scopeTexts: [String] = []
    for index in 0..<slots.count { scopeTexts.append(slots[TokenSlot(index: index)].scopes) }
    let url = settings.upstream.url
    var rules = ForwardingRules(
      listeners: listeners, apps: apps,
      defaultApp: roster.apps.number { $0.app.name == settings.defaultApp } ?? 0,
      managementApp: roster.apps.number { $0.app.kind == .management }, callers: callers,
      forwardsUnknownOperations: settings.policy.unknownOperations == .forward,
      forwardsOutsideBasePath: settings.policy.outsideBasePath == .forward,
      passedSensitive: passedSensitive,
      upstreamAuthority: url.authority, upstreamOrigin: "\(url.scheme.rawValue)://\(url.authority)",
      upstreamBasePath: url.path)
    rules.hop = RulesCompiler.hop
    if settings.policy.confirmsBulk {
      for operation in BulkSelection.operations { rules.confirmed.insert(operation.index) }
    }
    return Compiled(
      rules: rules, slots: slots, scopeTexts: scopeTexts, probes: probes)
  }

  // MARK: Credentials

  private func credentials(
    of app: App, _ tokens: TokenSettings, _ index: Int, _ slots: inout TokenSlotTable
  ) throws(TokenSlotTable.Refusal) -> [CredentialChoice] {
    var result: [CredentialChoice] = []
    for operation in OperationTable.all {
      result.append(try credential(for: operation, app, tokens, index, &slots))
    }
    return result
  }

  private func credential(
    for operation: Operation, _ app: App, _ tokens: TokenSettings, _ index: Int,
    _ slots: inout TokenSlotTable
  ) throws(TokenSlotTable.Refusal) -> CredentialChoice {
    switch operation.credential {
    case .none: return .none
    case .eitherApplication: return .basic
    case .application where app.kind == .management, .management where app.kind != .management:
      // The planner refuses this combination, and a token for it could not even be fetched.
      return .basic
    case .application, .management:
      // SCORM Cloud accepts Basic for every operation, so it is used if the scope is not known.
      guard operation.certainty != .unknown, let least = operation.scopes.first else {
        return .basic
      }
      let scopes =
        RulesCompiler.firstScopes(of: operation, least, tokens)?.text
        ?? tokens.scopesList.joined(separator: " ")
      return .token(try slots.slot(for: index, scopes: scopes))
    }
  }

  /// Scopes that apply to all services: `read`, `write` and `delete`. Not `admin`, which is for the account. A fixed
  /// list applies here too, because the operator chose it. Nil for the App Management application, which can only call
  /// its own operations.
  private func unknownCredential(
    of app: App, _ tokens: TokenSettings, _ index: Int, _ slots: inout TokenSlotTable
  ) throws(TokenSlotTable.Refusal) -> UnknownCredential? {
    if app.kind == .management { return nil }
    if tokens.scopes == .fixed {
      let slot = try slots.slot(for: index, scopes: tokens.scopesList.joined(separator: " "))
      return UnknownCredential(reads: slot, writes: slot)
    }
    return UnknownCredential(
      reads: try slots.slot(for: index, scopes: ScopeList(.read).text),
      writes: try slots.slot(for: index, scopes: ScopeList(.read, .write, .delete).text))
  }

  /// Sensitive operations that the policy lets pass: all, or the named ones.
  private var passedSensitive: OperationSet {
    if settings.policy.sensitiveOperations == .forward { return .all }
    var set = OperationSet()
    for name in settings.policy.sensitiveForwarded {
      if let operation = OperationTable.named(name) { set.insert(operation.index) }
    }
    return set
  }

  /// The token slot of the cheapest call; nil if that call uses Basic.
  private func probe(_ app: App, _ credentials: [CredentialChoice]) -> TokenSlot? {
    let name = app.kind == .management ? "GetApplicationInfo" : "PingAppId"
    guard let operation = OperationTable.named(name),
      case .token(let slot) = credentials[Int(operation.index)]
    else { return nil }
    return slot
  }

  // MARK: Listeners and callers

  private var listeners: [ForwardingRules.Listener] {
    roster.listeners.list.map { place in
      guard let listener = place?.item else { return ForwardingRules.Listener(hosts: .any) }
      return switch listener.address {
      case .unix: ForwardingRules.Listener(hosts: .any)
      case .tcp:
        ForwardingRules.Listener(
          hosts: HostAllowList(
            extra: listener.allowedHosts, takesAnyAddress: listener.allowRemote,
            isSecured: listener.tls != nil))
      }
    }
  }

  private var callers: [ForwardingRules.Caller] {
    roster.callers.list.map { place in
      guard let place else { return .vacant }
      let caller = place.item
      let apps = caller.apps.compactMap { name in roster.apps.number { $0.app.name == name } }
      var compiled = ForwardingRules.Caller(
        name: caller.name, apps: apps,
        // Without callers in the file, every call uses the default app.
        defaultApp: settings.callers.isEmpty
          ? nil : apps.first { roster.apps.list[$0]?.item.app.kind != .management },
        operations: operations(allowedBy: caller.allow),
        mayUseUnknownOperations: caller.allow.contains(.everything), mode: mode(caller.mode),
        isBatch: caller.priority == .batch, isPermissive: caller.mode == .permissive)
      compiled.isInForce = place.isInForce
      return compiled
    }
  }

  private func mode(_ mode: Caller.Mode) -> ForwardingRules.Caller.Mode {
    switch mode {
    case .normal, .permissive: .normal
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
}

extension AllowRule {
  /// Whether it grants `operation`.
  package func allows(_ operation: Operation) -> Bool {
    switch self {
    case .everything: true
    case .access(let access, let service):
      (access == .read) == (operation.access == .read)
        && (service == nil || service == operation.service.name.description)
    case .operation(let name): operation.name.description == name
    }
  }
}
