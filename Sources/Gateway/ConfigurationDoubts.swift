package import Configuration
internal import Forwarding
internal import Memory
internal import Rules
internal import SCORMCloudAPI

/// Finds settings that load and start but are probably mistakes: a caller that no connection can match, a limit that
/// counts nothing. `check` and `doctor` report them; a start does not look for them.
package struct ConfigurationDoubts {
  /// What a doubt is about, for commands that word some doubts themselves.
  package enum Subject: Sendable {
    case caller, limit, upstream, secret
    /// Other machines reach a listener at which callers are not identified.
    case reach
  }

  package struct Doubt: Sendable {
    package let subject: Subject
    package let problem: Problem
  }

  /// In the configuration's order.
  package private(set) var doubts: [Doubt] = []
  private let loaded: LoadedSettings
  private var settings: Settings { loaded.settings }

  package init(_ loaded: LoadedSettings) {
    self.loaded = loaded
    lookAtListeners()
    lookAtUpstream()
    lookAtSecrets()
    lookAtCallers()
    lookAtLimits()
  }

  private mutating func add(
    _ subject: Subject, _ keyPath: String, _ message: String, hint: String
  ) {
    doubts.append(
      Doubt(subject: subject, problem: loaded.problem(keyPath, message, hint: hint)))
  }

  private mutating func lookAtListeners() {
    guard settings.callers.isEmpty else { return }
    for (index, listener) in settings.listeners.enumerated()
    where !listener.address.isLocal && listener.tls?.client != .required {
      add(
        .reach, "listen[\(index)].address",
        "other machines can reach \(listener.address), and without callers[] each of them may call everything",
        hint: "list who may connect (callers[].match.address) and what each may call (allow)")
    }
  }

  private mutating func lookAtUpstream() {
    guard !settings.upstream.basePath.hasSuffix("/api/v2") else { return }
    add(
      .upstream, "upstream.url",
      "\(settings.upstream.url) does not end in /api/v2, where SCORM Cloud serves its API",
      hint: "for example https://cloud.scorm.com/api/v2")
  }

  /// Warns of quotation marks that a shell or an environment file left around a value.
  private mutating func lookAtSecrets() {
    for (index, app) in settings.apps.enumerated() {
      for (key, secret) in [("secret", app.secret), ("nextSecret", app.nextSecret)] {
        guard let secret, isQuoted(secret.bytes) else { continue }
        add(
          .secret, "apps[\(index)].\(key)", "the secret begins and ends with a quotation mark",
          hint: "the marks are sent as part of it; remove them unless they belong to it")
      }
      if isQuoted(Array(app.id.utf8).span.bytesOfElements) {
        add(
          .secret, "apps[\(index)].id", "the id begins and ends with a quotation mark",
          hint: "the marks are sent as part of it; remove them unless they belong to it")
      }
    }
  }

  private func isQuoted(_ text: RawSpan) -> Bool {
    guard text.byteCount > 1 else { return false }
    let (first, last) = (text[0], text[text.byteCount - 1])
    return first == last && (first == UInt8(ascii: "\"") || first == UInt8(ascii: "'"))
  }

  // MARK: Callers

  private mutating func lookAtCallers() {
    for (index, caller) in settings.callers.enumerated() {
      // The loader reports a caller without a match.
      guard let match = caller.match,
        !settings.listeners.contains(where: { $0.caller == caller.name })
      else { continue }
      if let doubt = doubt(match, before: settings.callers[..<index]) {
        add(
          .caller, "callers[\(index)].match",
          "no connection can be \(caller.name): \(doubt.message)",
          hint: doubt.hint)
      }
    }
  }

  /// Why no connection can be identified by this match, which is checked after those of `earlier`; nil if one can.
  private func doubt(
    _ match: CallerMatch, before earlier: ArraySlice<Caller>
  ) -> (message: String, hint: String)? {
    let named = settings.listeners.filter { match.listener == nil || match.listener == $0.address }
    let free = named.filter { $0.caller == nil }
    guard !free.isEmpty else {
      guard let taken = named.first, let other = taken.caller else { return nil }
      return (
        "every connection to \(taken.address) is \(other)",
        "listen[].caller says so; remove it, or match another listener"
      )
    }
    let fitting = free.filter { CallerReach.fits(match, $0, takesIPv4: settings.takesIPv4) }
    guard !fitting.isEmpty else {
      return (
        "no listener accepts connections that meet these conditions",
        "unixUser needs a Unix socket, address a TCP listener that such addresses can reach, certificate one "
          + "with tls.client"
      )
    }
    var shadow: String?
    for listener in fitting {
      guard
        let first = earlier.first(where: { other in
          other.match.map { CallerReach.covers($0, match, at: listener) } ?? false
        })
      else { return nil }
      shadow = shadow ?? first.name
    }
    return shadow.map {
      ("every connection that matches is \($0), which comes first", "put the narrower match first")
    }
  }

  // MARK: Limits

  private mutating func lookAtLimits() {
    guard !settings.limits.isEmpty, let rules = try? RulesCompiler(settings).compile().rules else {
      return
    }
    let allowed = OperationTable.all.filter { operation in
      !(operation.isSensitive && !rules.passedSensitive.contains(operation.index))
        && rules.callers.contains { $0.operations.contains(operation.index) }
    }
    for (index, limit) in settings.limits.enumerated() {
      let matched = OperationTable.all.filter { limit.match.holds(for: $0) }
      if matched.isEmpty {
        add(
          .limit, "limits[\(index)].match", "no operation meets all of these conditions",
          hint: "scorm-gateway operations lists them")
      } else if !matched.contains(where: { one in allowed.contains { $0.index == one.index } }) {
        add(
          .limit, "limits[\(index)].match", "no caller may call what this limit counts",
          hint: "see callers[].allow and policy.sensitiveForwarded")
      }
    }
  }
}
