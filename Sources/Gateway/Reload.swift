package import AccessTokens
package import Configuration
internal import Forwarding
internal import GatewayServer
internal import Memory
internal import Synchronization
internal import System
internal import TokenFetching

/// A configuration read anew, while the gateway runs.
///
/// Numbers of apps, callers, listeners and token slots stand in connections, tickets and rules alike, so a gateway
/// keeps those that it started with. Of each that the new file has too, by its name, what can change does; so
/// that a restriction never waits for something that cannot be done. What is left is told, thing by thing.
extension GatewayProcess {
  /// What a reload changed.
  package struct Reloaded: Equatable, Sendable {
    /// What is in force now.
    package var applied: [String] = []
    /// What differs from what the gateway runs with and needs a restart.
    package var needsRestart: [String] = []

    /// For the operator.
    package var line: String {
      let done =
        applied.isEmpty ? "nothing new is in force" : "in force: " + applied.joined(separator: ", ")
      guard !needsRestart.isEmpty else { return "reloaded: \(done)" }
      return "reloaded: \(done). NEEDS A RESTART, and is as before until then: "
        + needsRestart.joined(separator: ", ")
    }
  }

  /// The tokens as they are now.
  package var tokenListing: TokenListing { tokens.listing() }

  /// Takes what can change while it runs out of `settings`. Exchanges under way end as they began.
  package func reload(_ settings: Settings) -> Reloaded {
    current.withLock { current in
      var result = Reloaded()
      reloadSecrets(settings, &current, &result)
      reloadRules(settings, &current, &result)
      result.needsRestart += ReloadDifference(from: current, to: settings).texts
      facts.note(current, loadedAt: relays.clock.wall)
      return result
    }
  }

  private func reloadSecrets(
    _ settings: Settings, _ current: inout Settings, _ result: inout Reloaded
  ) {
    for (index, app) in current.apps.enumerated() {
      guard let new = settings.apps.first(where: { $0.isSame(as: app) }) else { continue }
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
      current.apps[index].isWithdrawn = app.isWithdrawn
    }
  }

  private static func isSame(_ a: SecretBytes?, _ b: SecretBytes?) -> Bool {
    switch (a, b) {
    case (nil, nil): true
    case (let a?, let b?): a.hasSameBytes(as: b)
    default: false
    }
  }

  private func reloadRules(
    _ settings: Settings, _ current: inout Settings, _ result: inout Reloaded
  ) {
    let (next, applied) = current.takingRules(of: settings)
    guard !applied.isEmpty else { return }
    do {
      let compiled = try RulesCompiler(settings: next, addresses: addresses).compile()
      relays.use(RelayRules(rules: compiled.rules, identities: compiled.identities))
      current = next
      result.applied += applied
    } catch {
      result.needsRestart.append(
        "\(applied.joined(separator: ", ")), which cannot be compiled: \(error)")
    }
  }
}
