/// The things of a configuration with all their keys.
private typealias Thing = SettingsChanges.Thing
private typealias Value = SettingsChanges.Thing.Value

/// The value's text, or `none` if it is not set.
private func text<Key: CustomStringConvertible>(_ value: Key?) -> String {
  value.map { "\($0)" } ?? "none"
}

private func list(_ values: [String]) -> String { "[" + values.joined(separator: ", ") + "]" }

private func octal(_ mode: UInt16) -> String { "0" + String(mode, radix: 8) }

extension Listener {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "listen \(address)",
      values: [
        Value("name", name), Value("mode", octal(socketMode)),
        Value("allowRemote", "\(allowRemote)"),
        Value("allowedHosts", list(allowedHosts)), Value("caller", text(caller)),
      ] + TLSSettings.values(tls))
  }
}

extension TLSSettings {
  fileprivate static func values(_ tls: TLSSettings?) -> [SettingsChanges.Thing.Value] {
    [
      Value("tls.certificate", text(tls?.certificate)), Value("tls.key", text(tls?.key)),
      Value("tls.clientCA", text(tls?.clientCA)), Value("tls.clientCRL", text(tls?.clientCRL)),
      Value("tls.client", text(tls?.client.rawValue)),
      Value("tls.minVersion", text(tls?.minVersion.rawValue)),
    ]
  }
}

extension Settings {
  /// All things, in the order of the documentation.
  var things: [SettingsChanges.Thing] {
    var things = listeners.map(\.asThing) + [adminThing, upstream.asThing]
    things += apps.map(\.asThing) + callers.map(\.asThing) + limits.map(\.asThing)
    if let shared { things.append(shared.asThing) }
    if let tokenShare { things.append(tokenShare.asThing) }
    things += [generalThing, tokens.asThing, pages.asThing, jobs.asThing, uploads.asThing]
    things += [policy.asThing, traffic.asThing] + traffic.captures.map(\.asThing)
    things.append(
      Thing(
        name: Thing.fixed,
        values: [
          Value("admin.address:", text(admin?.address)),
          Value("traffic.journal.path:", text(traffic.journalText)),
        ]))
    return things
  }

  var adminThing: SettingsChanges.Thing {
    Thing(
      name: "admin",
      values: admin.map { admin in
        [
          Value("mode", octal(admin.socketMode)), Value("allowRemote", "\(admin.allowRemote)"),
          Value("allowedHosts", list(admin.allowedHosts)), Value("actions", "\(admin.actions)"),
        ] + TLSSettings.values(admin.tls)
      } ?? [])
  }

  var generalThing: SettingsChanges.Thing {
    Thing(
      name: "gateway",
      values: [
        Value("defaultApp", defaultApp), Value("replicas", "\(replicas)"),
        Value("drainDelay", drainDelay.configurationText),
      ])
  }
}

extension UpstreamSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "upstream",
      values: [
        Value("", url.description), Value("connectTimeout", connectTimeout.configurationText),
        Value("responseTimeout", responseTimeout.configurationText),
        Value("idleTimeout", idleTimeout.configurationText),
        Value("maxConnections", "\(maxConnections)"), Value("proxy", text(proxy)),
        Value("caFile", text(caFile)), Value("maskReflected", "\(masksReflected)"),
      ])
  }
}

extension App {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "app \(name)",
      values: [
        Value("id", id), Value("kind", kind.rawValue),
        Value(key: "secret", text: "", hidden: SettingsChanges.SecretsOf(secret, nextSecret)),
        Value("secret file", text(secretFile)), Value("nextSecret file", text(nextSecretFile)),
      ])
  }
}

extension Caller {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "caller \(name)",
      values: [
        Value("match", match?.text ?? "none"), Value("apps", list(apps)),
        Value("allow", list(allow.map(\.text))), Value("mode", mode.rawValue),
        Value("priority", priority.rawValue), Value("weight", "\(weight)"),
      ])
  }
}

extension CallerMatch {
  fileprivate var text: String {
    var parts: [String] = []
    if let unixUser { parts.append("unixUser \(unixUser.name)") }
    if let address { parts.append("address \(address.text)") }
    if let listener { parts.append("listener \(listener)") }
    if let certificate { parts.append("certificate \(certificate.text)") }
    return parts.joined(separator: " and ")
  }
}

extension AllowRule {
  /// The rule as written in the file.
  package var text: String {
    switch self {
    case .everything: "*"
    case .access(let access, let service): "\(access.rawValue):\(service ?? "*")"
    case .operation(let name): name
    }
  }
}

extension Limit {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "limit \(name)",
      values: [
        Value("", rate.map(\.text) ?? "no rate"), Value("per", per.rawValue),
        Value("match", match.text), Value("burst", "\(burst)"),
        Value("concurrency", text(concurrency)), Value("onExceed", onExceed.rawValue),
        Value("maxWait", maxWait.configurationText), Value("maxQueue", "\(maxQueue)"),
        Value("shared", "\(isShared)"),
      ])
  }
}

extension SharedSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "shared",
      values: [
        Value("url", url.description), Value("user", text(user)),
        Value(key: "password", text: "", hidden: SettingsChanges.SecretsOf(password)),
        Value("password file", text(passwordFile)), Value("caFile", text(caFile)),
        Value("prefix", prefix), Value("onLoss", onLoss.rawValue),
      ])
  }
}

extension TokenShareSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "tokens.share",
      values: [
        Value("", "true"),
        Value(key: "shareKey", text: "", hidden: SettingsChanges.SecretsOf(key)),
        Value("shareKey file", text(keyFile)),
      ])
  }
}

extension Limit.Match {
  /// The conditions as listings print them.
  package var text: String {
    let parts = [
      access.map { "access \($0.rawValue)" }, service.map { "service \($0)" },
      operation.map { "operation \($0)" },
    ].compactMap { $0 }
    return parts.isEmpty ? "everything" : parts.joined(separator: " and ")
  }
}

extension CallRate {
  /// The rate as written in the file.
  package var text: String { "\(count)/\(period.configurationText)" }
}

extension TokenSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "tokens",
      values: [
        Value("endpoint", endpoint.rawValue), Value("url", text(url)),
        Value("scopes", scopes.rawValue), Value("scopesList", list(scopesList)),
        Value("lifetime", lifetime.configurationText), Value("warm", list(warm)),
        Value("stateFile", text(stateFile)),
      ])
  }
}

extension PageSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "pages",
      values: [
        Value("maxPages", "\(maxPages)"), Value("maxItems", "\(maxItems)"),
        Value("maxTime", maxTime.configurationText),
      ])
  }
}

extension JobSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "jobs",
      values: [
        Value("maxWait", maxWait.configurationText), Value("poll", poll.configurationText),
      ])
  }
}

extension UploadSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "uploads",
      values: [
        Value("spool", spool.rawValue), Value("maxSpool", maxSpool.configurationText),
        Value("folder", text(folder)),
      ])
  }
}

extension PolicySettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "policy",
      values: [
        Value("unknownOperations", unknownOperations.rawValue),
        Value("outsideBasePath", outsideBasePath.rawValue),
        Value("sensitiveOperations", sensitiveOperations.rawValue),
        Value("sensitiveForwarded", list(sensitiveForwarded)),
        Value("confirmBulk", "\(confirmsBulk)"),
      ])
  }
}

extension TrafficSettings {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "traffic",
      values: [
        Value("log", log?.destination.text ?? "none"),
        Value("log format", text(log?.format.rawValue)),
        Value("journal.maxAge", text(journal?.maxAge.configurationText)),
        Value("journal.maxSize", text(journal?.maxSize.configurationText)),
        Value("unknownParameters", unknownParameters.rawValue),
        Value("gateway", gateway ?? "host name"),
      ])
  }

  /// The journal's path for people.
  var journalText: String? { journal.map { $0.path ?? "the usual place" } }
}

extension TrafficSettings.Destination {
  fileprivate var text: String {
    switch self {
    case .standardOutput: "standard output"
    case .file(let path): path
    }
  }
}

extension TrafficSettings.Capture {
  var asThing: SettingsChanges.Thing {
    Thing(
      name: "capture \(operation)",
      values: [
        Value("maxBytes", maxBytes.configurationText),
        Value("redact", list(redact.map(\.text))),
      ])
  }
}

extension RedactionPath {
  fileprivate var text: String {
    steps.reduce(into: "$") { text, step in
      switch step {
      case .member(let name): text += "['\(name)']"
      case .element(let index): text += "[\(index)]"
      case .every: text += "[*]"
      }
    }
  }
}

extension AddressBlock {
  fileprivate var text: String {
    let bytes = address.bytes
    let groups =
      bytes.count == 4
      ? bytes.map(String.init).joined(separator: ".")
      : stride(from: 0, to: 16, by: 2).map {
        String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16)
      }.joined(separator: ":")
    return "\(groups)/\(prefixLength)"
  }
}
