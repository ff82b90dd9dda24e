package import AccessTokens
package import Configuration
internal import CurlTransport
internal import EventLoop
internal import Forwarding
internal import GatewayServer
internal import Memory
internal import Synchronization

/// A configuration read anew, while the gateway runs.
extension GatewayProcess {
  /// What a reload changed.
  package struct Reloaded: Equatable, Sendable {
    /// Sections that are in force now.
    package var applied: [String] = []
    /// Sections that differ from what the gateway runs with and need a restart.
    package var needsRestart: [String] = []

    /// For the operator.
    package var line: String {
      let done =
        applied.isEmpty
        ? "nothing else has changed" : "in force: " + applied.joined(separator: ", ")
      guard !needsRestart.isEmpty else { return "reloaded: \(done)" }
      return "reloaded: \(done). NEEDS A RESTART, and is as before until then: "
        + needsRestart.joined(separator: ", ")
    }
  }

  /// The tokens as they are now.
  package var tokenListing: TokenListing { tokens.listing() }

  /// Takes what can change while it runs out of `settings`: secrets always; who may do what, policies and
  /// Host names while apps and callers are the same. Exchanges under way end as they began.
  package func reload(_ settings: Settings) -> Reloaded {
    current.withLock { current in
      var result = Reloaded()
      reloadSecrets(settings, &current, &result)
      reloadRules(settings, &current, &result)
      compareRest(settings, current, &result)
      facts.note(current, loadedAt: SystemClock.wall)
      return result
    }
  }

  private func reloadSecrets(
    _ settings: Settings, _ current: inout Settings, _ result: inout Reloaded
  ) {
    for (index, app) in current.apps.enumerated() {
      guard
        let new = settings.apps.first(where: {
          $0.name == app.name && $0.id == app.id && $0.kind == app.kind
        })
      else { continue }
      // Also when they are the same: a refused secret that was allowed again is tried at once.
      guard tokens.replaceSecrets(app: index, secret: new.secret, nextSecret: new.nextSecret) else {
        result.needsRestart.append("secrets of \(app.name), which cannot be sent")
        continue
      }
      if !new.secret.hasSameBytes(as: app.secret)
        || !GatewayProcess.isSame(new.nextSecret, app.nextSecret)
      {
        result.applied.append("secrets of \(app.name)")
      }
      current.apps[index] = new
    }
  }

  private static func isSame(_ a: SecretBytes?, _ b: SecretBytes?) -> Bool {
    switch (a, b) {
    case (nil, nil): true
    case (let a?, let b?): a.hasSameBytes(as: b)
    default: false
    }
  }

  private static func names(_ settings: Settings) -> [String] {
    settings.apps.map { "\($0.name) \($0.id) \($0.kind.rawValue)" }
  }

  /// Numbers of apps, callers, listeners and token slots stand in connections, tickets and rules alike, so
  /// they have to stay what they are.
  private func reloadRules(
    _ settings: Settings, _ current: inout Settings, _ result: inout Reloaded
  ) {
    guard GatewayProcess.names(settings) == GatewayProcess.names(current),
      settings.callers.map(\.name) == current.callers.map(\.name),
      settings.listeners.map(\.address) == current.listeners.map(\.address)
    else { return }
    var next = current
    var applied: [String] = []
    func take<Value: Equatable>(_ key: WritableKeyPath<Settings, Value>, _ name: String) {
      guard next[keyPath: key] != settings[keyPath: key] else { return }
      next[keyPath: key] = settings[keyPath: key]
      applied.append(name)
    }
    take(\.defaultApp, "defaultApp")
    take(\.policy, "policy")
    for index in next.callers.indices {
      var caller = settings.callers[index]
      caller.weight = next.callers[index].weight
      guard caller != next.callers[index] else { continue }
      next.callers[index] = caller
      applied.append("callers[].\(caller.name)")
    }
    for index in next.listeners.indices {
      var listener = next.listeners[index]
      listener.allowedHosts = settings.listeners[index].allowedHosts
      listener.caller = settings.listeners[index].caller
      guard listener != next.listeners[index] else { continue }
      next.listeners[index] = listener
      applied.append("listen[].\(listener.address)")
    }
    guard !applied.isEmpty,
      let compiled = try? RulesCompiler(settings: next, addresses: addresses).compile()
    else { return }
    relays.use(RelayRules(rules: compiled.rules, identities: compiled.identities))
    current = next
    result.applied += applied
  }

  private func compareRest(
    _ settings: Settings, _ current: Settings, _ result: inout Reloaded
  ) {
    func compare(_ isSame: Bool, _ name: String) {
      if !isSame { result.needsRestart.append(name) }
    }
    compare(
      GatewayProcess.names(settings) == GatewayProcess.names(current),
      "apps (names, ids, kinds, order)")
    compare(settings.listeners == current.listeners, "listen")
    compare(settings.admin == current.admin, "admin")
    compare(settings.upstream == current.upstream, "upstream")
    compare(settings.tokens == current.tokens, "tokens")
    compare(settings.callers == current.callers, "callers (names, order, weight)")
    compare(settings.policy == current.policy, "policy")
    compare(settings.defaultApp == current.defaultApp, "defaultApp")
    compare(settings.limits == current.limits, "limits")
    compare(settings.traffic == current.traffic, "traffic")
    compare(settings.replicas == current.replicas, "replicas")
  }
}
