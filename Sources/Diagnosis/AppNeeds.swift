internal import AccessTokens
internal import Configuration
internal import Forwarding
internal import Rules
internal import SCORMCloudAPI

/// The scopes of a token, and whether they are certainly needed.
struct ScopeNeed: Sendable {
  let text: String
  /// A caller is granted the operation by name or group, and SCORM Cloud publishes its scope. Otherwise a refused scope
  /// may not matter: `*` grants more than is used, and for an unpublished scope there are alternatives.
  var isCertain: Bool
}

/// The tokens that an app's callers need.
struct AppNeeds: Sendable {
  /// The operation that proves that a token works.
  static let ping = "PingAppId"

  /// Index into the settings' apps.
  let app: Int
  let name: String
  let isManagement: Bool
  /// The scopes. The first entry is that of the cheapest call.
  var scopes: [ScopeNeed] = []

  /// The needs of every app.
  static func all(_ settings: Settings) throws(TokenSlotTable.Refusal) -> [AppNeeds] {
    let compiled = try RulesCompiler(settings).compile()
    return settings.apps.indices.map { index in
      var needs = AppNeeds(
        app: index, name: settings.apps[index].name,
        isManagement: settings.apps[index].kind == .management)
      if let probe = compiled.probes.first(where: { $0.app == needs.name }) {
        needs.add(compiled.scopeTexts[probe.slot.index], isCertain: true)
      }
      for operation in OperationTable.all {
        guard let certainty = certainty(of: operation, app: index, settings, compiled.rules),
          case .token(let slot) = compiled.rules.apps[index].credentials[Int(operation.index)]
        else { continue }
        needs.add(compiled.scopeTexts[slot.index], isCertain: certainty)
      }
      return needs
    }
  }

  /// Whether `operation` is certainly called through the app; nil if no caller may call it.
  private static func certainty(
    of operation: Operation, app: Int, _ settings: Settings, _ rules: ForwardingRules
  ) -> Bool? {
    guard !operation.isSensitive || rules.passedSensitive.contains(operation.index),
      rules.callers.contains(where: {
        $0.apps.contains(app) && $0.operations.contains(operation.index)
      })
    else { return nil }
    return !operation.hasDoubtfulScope
      && settings.callers.contains { caller in
        caller.apps.contains(settings.apps[app].name)
          && caller.allow.contains { $0 != .everything && $0.allows(operation) }
      }
  }

  private mutating func add(_ text: String, isCertain: Bool) {
    if let place = scopes.firstIndex(where: { $0.text == text }) {
      scopes[place].isCertain = scopes[place].isCertain || isCertain
    } else {
      scopes.append(ScopeNeed(text: text, isCertain: isCertain))
    }
  }
}
