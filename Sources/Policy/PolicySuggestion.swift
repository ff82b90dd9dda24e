package import Configuration
internal import Forwarding
internal import SCORMCloudAPI

/// The least rights that the recorded calls need, caller by caller.
///
/// A call counts if SCORM Cloud answered it with 2xx or 3xx, or if `callers[]` refused it. Failed calls must not widen
/// what a caller may do, or a scan would. The suggestion is for an operator to review, and is never applied
/// automatically.
package struct PolicySuggestion: Sendable {
  /// What the suggestion should contain.
  package struct Wish: Sendable {
    /// Nil for all callers.
    package var caller: String?
    /// Also suggest operations that delete something.
    package var includesDestructive = false
    /// Do not suggest what was refused so far.
    package var excludesRefused = false

    package init() {}
  }

  /// One entry of a list: what is granted, and the calls that need it.
  struct Grant: Sendable {
    /// As written in the configuration.
    let text: String
    var succeeded = CallTally.Count()
    /// Those that succeeded because the mode was permissive.
    var denied = CallTally.Count()
    var refused = CallTally.Count()

    /// Whether it is not granted yet: its calls were refused, or passed because of mode `permissive`.
    var isNew: Bool { succeeded.calls == denied.calls }
  }

  /// Something that is granted but not used, and when it was last used; nil if the record has no such call.
  struct Unused: Sendable {
    let text: String
    let last: Int64?
    /// How many operations of a group were used; nil if it was not used at all.
    var used: (used: Int, all: Int)?
  }

  /// Calls for which no grant is suggested.
  struct Left: Sendable {
    let operation: String
    let app: String
    var calls: CallTally.Count
    /// Why no grant is suggested.
    let reason: String
  }

  /// What one caller needs.
  struct Caller: Sendable {
    let name: String
    /// The configured caller; nil if the configuration is not known or has no such caller.
    let present: Configuration.Caller?
    /// In the configuration's order: the first one is the default for calls that name none.
    var apps: [Grant] = []
    var allow: [Grant] = []
    /// Whether all of its operations read.
    var isReadOnly: Bool
    /// The suggested mode.
    var mode: Configuration.Caller.Mode
    /// The scopes of its tokens, as text.
    var scopes: [String] = []
    var unused: [Unused] = []
    /// Left out because they delete something.
    var destructive: [Left] = []
    /// Left out because they were refused so far, and the wish excludes those.
    var askedFor: [Left] = []
    /// No grant would allow them.
    var outOfReach: [Left] = []

    /// Whether nothing can be suggested for it.
    var isEmpty: Bool { allow.isEmpty || apps.isEmpty }
  }

  let tally: CallTally
  let wish: Wish
  /// Nil if not known.
  let settings: Settings?
  /// Nanoseconds since 1970.
  let now: Int64
  private(set) var callers: [Caller] = []

  /// - Parameters:
  ///   - settings: The current configuration, for comparison; nil if it is not known.
  ///   - now: Nanoseconds since 1970.
  package init(
    _ tally: CallTally, against settings: Settings?, wish: Wish = Wish(), now: Int64
  ) throws(PolicyProblem) {
    self.tally = tally
    self.wish = wish
    self.settings = settings
    self.now = now
    let names = names
    if let name = wish.caller, names.isEmpty {
      throw PolicyProblem(
        description: "there is no caller \(name), neither in the configuration nor in the record")
    }
    let probe = try settings.map { settings throws(PolicyProblem) in
      try RuleProbe(unlimited: settings)
    }
    for name in names { callers.append(caller(name, probe)) }
  }

  /// The configuration's callers in its order, followed by those that only the record has.
  private var names: [String] {
    let configured = settings?.callers.map(\.name) ?? []
    let recorded = Set(tally.kinds.lazy.filter { $0.value.counts }.compactMap(\.key.caller))
    let names = configured + recorded.subtracting(configured).sorted()
    return names.filter { wish.caller == nil || $0 == wish.caller }
  }

  private func caller(_ name: String, _ probe: borrowing RuleProbe?) -> Caller {
    let present = settings?.callers.first { $0.name == name }
    var needs = Needs()
    for (kind, outcomes) in tally.kinds where kind.caller == name {
      needs.add(kind, outcomes, wish, obstacle: obstacle(kind, outcomes, probe))
    }
    var caller = Caller(
      name: name, present: present, isReadOnly: needs.isReadOnly,
      mode: needs.isReadOnly ? .readOnly : .normal)
    // A mode is an operator's switch, not a grant, so what callers request does not turn it back. `permissive` is
    // different: it is for learning, and ends with that.
    if let mode = present?.mode, mode != .normal, mode != .permissive { caller.mode = mode }
    caller.allow = needs.grants
    caller.apps = apps(needs, present)
    caller.scopes = needs.scopes(settings)
    caller.destructive = needs.destructive.sorted
    caller.askedFor = needs.askedFor.sorted
    caller.outOfReach = needs.outOfReach.sorted
    if let present { caller.unused = unused(present) }
    return caller
  }

  /// Why no grant would allow calls of this kind; nil if one would.
  private func obstacle(
    _ kind: CallTally.Kind, _ outcomes: CallTally.Outcomes, _ probe: borrowing RuleProbe?
  ) -> String? {
    if kind.operation == RequestPlan.unknownOperation {
      return "It is not in the catalogue; only \"*\" grants such paths."
    }
    guard let settings else {
      // What was refused for every caller is assumed to be still refused.
      return outcomes.sensitive.calls > 0 && outcomes.succeeded.calls == 0
        ? "Its answer is a secret; policy.sensitiveForwarded would allow it." : nil
    }
    guard settings.apps.contains(where: { $0.name == kind.app }) else {
      return "There is no app \(kind.app) in the configuration."
    }
    return probe?.refusal(kind)
  }

  /// Apps in the caller's configured order, so that its default stays the same; then in the order of all apps.
  private func apps(_ needs: Needs, _ present: Configuration.Caller?) -> [Grant] {
    var order = present?.apps ?? []
    if let settings {
      order.append(settings.defaultApp)
      order += settings.apps.map(\.name)
    }
    order += needs.apps.keys.sorted()
    var taken: Set<String> = []
    return order.filter { taken.insert($0).inserted }.compactMap { needs.apps[$0] }
  }

  // MARK: What is granted and not used

  private func unused(_ present: Configuration.Caller) -> [Unused] {
    let kinds = tally.kinds.filter { $0.key.caller == present.name }
    var unused: [Unused] = []
    for app in present.apps {
      let outcomes = kinds.filter { $0.key.app == app }.values
      if let one = PolicySuggestion.unused("app \(app)", outcomes) { unused.append(one) }
    }
    for rule in present.allow {
      let operations = GrantList.operations(of: rule)
      let used = kinds.filter {
        operations.contains($0.key.operation)
          || rule == .everything && $0.key.operation == RequestPlan.unknownOperation
      }
      let text = GrantList.text(rule)
      if let one = PolicySuggestion.unused(text, used.values) {
        unused.append(one)
      } else if operations.count > 1 {
        let count = Set(used.filter { $0.value.succeeded.calls > 0 }.map(\.key.operation))
          .intersection(operations).count
        if count < operations.count {
          unused.append(Unused(text: text, last: nil, used: (count, operations.count)))
        }
      }
    }
    return unused
  }

  /// Nil if it was used in the window.
  private static func unused(
    _ text: String, _ outcomes: some Sequence<CallTally.Outcomes>
  ) -> Unused? {
    var before = CallTally.Count()
    for one in outcomes {
      if one.succeeded.calls > 0 { return nil }
      before.add(one.before)
    }
    return Unused(text: text, last: before.calls > 0 ? before.last : nil)
  }

  // MARK: How much is known

  /// With fewer calls than this, or over a shorter time, rare ones may be missing.
  static let enoughCalls = 1_000
  static let enoughTime: Int64 = 7 * 86_400 * 1_000_000_000

  /// How many nanoseconds of the window the record covers.
  var covered: Int64 {
    guard let first = tally.first else { return 0 }
    return max(0, now - max(first, tally.since))
  }
}

extension CallTally.Outcomes {
  /// Whether some of the calls show what a caller needs.
  var counts: Bool { succeeded.calls > 0 || refused.calls > 0 || sensitive.calls > 0 }
}
