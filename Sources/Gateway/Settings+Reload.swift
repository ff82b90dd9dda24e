internal import Configuration

/// Which parts of a new configuration a running gateway can take.
extension Settings {
  /// These settings with what the rules of `new` can change while apps, callers and listeners keep their numbers,
  /// and what that is, for the operator.
  func takingRules(of new: Settings) -> (settings: Settings, applied: [String]) {
    var next = self
    var applied: [String] = []
    func take<Value: Equatable>(
      _ value: Value, _ key: WritableKeyPath<Settings, Value>, _ name: String
    ) {
      guard next[keyPath: key] != value else { return }
      next[keyPath: key] = value
      applied.append(name)
    }
    if apps.contains(where: { $0.name == new.defaultApp }) {
      take(new.defaultApp, \.defaultApp, "defaultApp")
    }
    take(new.policy, \.policy, "policy")
    takeApps(new, &next, &applied)
    takeCallers(new, &next, &applied)
    takeListeners(new, &next, &applied)
    return (next, applied)
  }

  /// An app that is gone from the file may be used by nobody.
  private func takeApps(_ new: Settings, _ next: inout Settings, _ applied: inout [String]) {
    for index in apps.indices {
      let isWithdrawn = !new.apps.contains { $0.name == apps[index].name }
      guard isWithdrawn != apps[index].isWithdrawn else { continue }
      next.apps[index].isWithdrawn = isWithdrawn
      applied.append("apps[].\(apps[index].name)" + (isWithdrawn ? ", which nobody may use" : ""))
    }
  }

  /// A caller that is gone from the file may do nothing, and nobody new is taken for it. Without any caller
  /// everybody may do everything: that comes, and goes, with a restart.
  private func takeCallers(_ new: Settings, _ next: inout Settings, _ applied: inout [String]) {
    guard !new.callers.isEmpty else { return }
    let known = Set(apps.map(\.name))
    for index in callers.indices {
      var caller = callers[index]
      let isGone: Bool
      if let wanted = new.callers.first(where: { $0.name == caller.name }) {
        isGone = false
        caller = wanted
        caller.weight = callers[index].weight
        caller.apps.removeAll { !known.contains($0) }
      } else {
        isGone = true
        caller.match = nil
        caller.mode = .frozen
      }
      guard caller != callers[index] else { continue }
      next.callers[index] = caller
      applied.append("callers[].\(caller.name)" + (isGone ? ", which is frozen" : ""))
    }
  }

  private func takeListeners(_ new: Settings, _ next: inout Settings, _ applied: inout [String]) {
    for index in listeners.indices {
      var listener = listeners[index]
      guard let wanted = new.listeners.first(where: { $0.address == listener.address }) else {
        continue
      }
      listener.allowedHosts = wanted.allowedHosts
      if wanted.caller == nil || callers.contains(where: { $0.name == wanted.caller }) {
        listener.caller = wanted.caller
      }
      guard listener != listeners[index] else { continue }
      next.listeners[index] = listener
      applied.append("listen[].\(listener.address)")
    }
  }
}

extension App {
  /// Whether a running gateway takes the other one for this.
  func isSame(as other: App) -> Bool {
    name == other.name && id == other.id && kind == other.kind
  }
}

/// What a running gateway cannot take of a new configuration, each thing by its key.
struct ReloadDifference {
  private(set) var texts: [String] = []

  /// - Parameters:
  ///   - current: what is in force, after all was taken that can be.
  ///   - new: what the file says.
  init(from current: Settings, to new: Settings) {
    compareApps(current, new)
    compareListeners(current, new)
    compareCallers(current, new)
    compare(current.defaultApp == new.defaultApp, "defaultApp")
    compareAdmin(current.admin, new.admin)
    compareUpstream(current.upstream, new.upstream)
    compareTokens(current.tokens, new.tokens)
    compareTraffic(current.traffic, new.traffic)
    compare(current.limits == new.limits, "limits")
    compare(current.pages == new.pages, "pages")
    compare(current.jobs == new.jobs, "jobs")
    compare(current.replicas == new.replicas, "replicas")
  }

  private mutating func compare(_ isSame: Bool, _ text: @autoclosure () -> String) {
    if !isSame { texts.append(text()) }
  }

  private mutating func compareApps(_ current: Settings, _ new: Settings) {
    for app in new.apps {
      guard let old = current.apps.first(where: { $0.name == app.name }) else {
        texts.append("adding apps[].\(app.name)")
        continue
      }
      compare(old.isSame(as: app), "apps[].\(app.name): id, kind")
    }
    for app in current.apps where app.isWithdrawn {
      texts.append("removing apps[].\(app.name)")
    }
  }

  private mutating func compareListeners(_ current: Settings, _ new: Settings) {
    for listener in new.listeners {
      guard let old = current.listeners.first(where: { $0.address == listener.address }) else {
        texts.append("adding listen[].\(listener.address)")
        continue
      }
      compare(
        old.socketMode == listener.socketMode && old.allowRemote == listener.allowRemote,
        "listen[].\(listener.address): mode, allowRemote")
      compare(old.caller == listener.caller, "listen[].\(listener.address): caller")
    }
    for old in current.listeners
    where !new.listeners.contains(where: { $0.address == old.address }) {
      texts.append("removing listen[].\(old.address), which is served until then")
    }
  }

  private mutating func compareCallers(_ current: Settings, _ new: Settings) {
    guard !current.callers.isEmpty, !new.callers.isEmpty else {
      compare(
        current.callers.isEmpty && new.callers.isEmpty,
        current.callers.isEmpty
          ? "callers, none of which there are so far, so that everybody may do everything"
          : "removing callers, after which everybody may do everything")
      return
    }
    let names = current.callers.map(\.name)
    for caller in new.callers {
      guard let old = current.callers.first(where: { $0.name == caller.name }) else {
        texts.append("adding callers[].\(caller.name)")
        continue
      }
      compare(old.weight == caller.weight, "callers[].\(caller.name): weight")
      let missing = caller.apps.filter { !old.apps.contains($0) }
      compare(
        missing.isEmpty, "callers[].\(caller.name): apps: \(missing.joined(separator: ", "))")
    }
    for name in names where !new.callers.contains(where: { $0.name == name }) {
      texts.append("removing callers[].\(name)")
    }
    let kept = new.callers.map(\.name).filter(names.contains)
    compare(names.filter(kept.contains) == kept, "the order of callers")
  }

  private mutating func compareAdmin(_ current: AdminSettings?, _ new: AdminSettings?) {
    guard let current, let new else {
      compare(current == nil && new == nil, "admin")
      return
    }
    compare(current.address == new.address, "admin.address")
    compare(
      current.socketMode == new.socketMode && current.allowRemote == new.allowRemote,
      "admin: mode, allowRemote")
    compare(current.allowedHosts == new.allowedHosts, "admin.allowedHosts")
    compare(current.actions == new.actions, "admin.actions")
  }

  private mutating func compareUpstream(_ current: UpstreamSettings, _ new: UpstreamSettings) {
    compare(current.url == new.url, "upstream.url")
    compare(current.connectTimeout == new.connectTimeout, "upstream.connectTimeout")
    compare(current.responseTimeout == new.responseTimeout, "upstream.responseTimeout")
    compare(current.idleTimeout == new.idleTimeout, "upstream.idleTimeout")
    compare(current.maxConnections == new.maxConnections, "upstream.maxConnections")
    compare(current.proxy == new.proxy, "upstream.proxy")
    compare(current.caFile == new.caFile, "upstream.caFile")
    other(current, new, "upstream")
  }

  private mutating func compareTokens(_ current: TokenSettings, _ new: TokenSettings) {
    compare(current.endpoint == new.endpoint, "tokens.endpoint")
    compare(current.url == new.url, "tokens.url")
    compare(
      current.scopes == new.scopes && current.scopesList == new.scopesList, "tokens.scopes")
    compare(current.lifetime == new.lifetime, "tokens.lifetime")
    compare(current.warm == new.warm, "tokens.warm")
    compare(current.stateFile == new.stateFile, "tokens.stateFile")
    other(current, new, "tokens")
  }

  private mutating func compareTraffic(_ current: TrafficSettings, _ new: TrafficSettings) {
    compare(current.log == new.log, "traffic.log")
    compare(current.journal == new.journal, "traffic.journal")
    compare(current.captures == new.captures, "traffic.capture")
    other(current, new, "traffic")
  }

  /// What differs in a section and in none of the keys above: a key that was forgotten there.
  private mutating func other<Value: Equatable>(_ current: Value, _ new: Value, _ section: String) {
    if current != new, !texts.contains(where: { $0.hasPrefix(section + ".") }) {
      texts.append(section)
    }
  }
}
