package import Configuration
internal import Forwarding
internal import SCORMCloudAPI

/// The least rights that the calls on record need, caller by caller.
///
/// A call counts if SCORM Cloud answered it with 2xx or 3xx, or if `callers[]` refused it: calls that came to nothing
/// must not widen what a caller may do, and a scan would. It is for an operator to look at, and never applied by itself.
package struct PolicySuggestion: Sendable {
  /// What is asked for.
  package struct Wish: Sendable {
    /// Nil: all callers.
    package var caller: String?
    /// Suggest operations that delete something, too.
    package var includesDestructive = false
    /// Suggest nothing that was refused so far.
    package var excludesRefused = false

    package init() {}
  }

  /// One line of a list: what is granted, and the calls that need it.
  struct Grant: Sendable {
    /// As it stands in the configuration.
    let text: String
    var succeeded = CallTally.Count()
    /// Those that succeeded because the mode was permissive.
    var denied = CallTally.Count()
    var refused = CallTally.Count()

    /// Nothing granted it so far: its calls were refused, or passed a permissive mode.
    var isNew: Bool { succeeded.calls == denied.calls }
  }

  /// Something that is granted, and when it was used last; nil when the record has no such call.
  struct Unused: Sendable {
    let text: String
    let last: Int64?
    /// Operations of a group that were used; nil for what was not used at all.
    var used: (used: Int, all: Int)?
  }

  /// Calls that no grant is suggested for.
  struct Left: Sendable {
    let operation: String
    let app: String
    var calls: CallTally.Count
    /// Why not.
    let reason: String
  }

  /// What one caller needs.
  struct Caller: Sendable {
    let name: String
    /// As it is configured; nil: the configuration is not known, or has no such caller.
    let present: Configuration.Caller?
    /// The order is the configuration's: the first one is the default of calls that name none.
    var apps: [Grant] = []
    var allow: [Grant] = []
    /// All of its operations read.
    var isReadOnly: Bool
    /// The mode to have.
    var mode: Configuration.Caller.Mode
    /// Of its tokens, as text.
    var scopes: [String] = []
    var unused: [Unused] = []
    /// Left out because they erase something.
    var destructive: [Left] = []
    /// Left out because they were refused so far, which was wished.
    var askedFor: [Left] = []
    /// No grant would allow them.
    var outOfReach: [Left] = []

    /// Nothing can be suggested for it.
    var isEmpty: Bool { allow.isEmpty || apps.isEmpty }
  }

  let tally: CallTally
  let wish: Wish
  /// Nil: not known.
  let settings: Settings?
  /// Nanoseconds since 1970.
  let now: Int64
  private(set) var callers: [Caller] = []

  /// - Parameters:
  ///   - settings: the present configuration, to compare with; nil when it is not known.
  ///   - now: nanoseconds since 1970.
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

  /// The configuration's callers in its order, then those that only the record has.
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
    // A mode is an operator's switch and not a grant: it is not turned back by what callers ask for.
    // Permissive is none: it is there to learn, and ends with that.
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

  /// Why no grant would allow calls of this kind; nil when one would.
  private func obstacle(
    _ kind: CallTally.Kind, _ outcomes: CallTally.Outcomes, _ probe: borrowing RuleProbe?
  ) -> String? {
    if kind.operation == RequestPlan.unknownOperation {
      return "It is not in the catalogue; only \"*\" grants such paths."
    }
    guard let settings else {
      // What was refused whoever asked is taken to be so still.
      return outcomes.sensitive.calls > 0 && outcomes.succeeded.calls == 0
        ? "Its answer is a secret; policy.sensitiveForwarded would allow it." : nil
    }
    guard settings.apps.contains(where: { $0.name == kind.app }) else {
      return "There is no app \(kind.app) in the configuration."
    }
    return probe?.refusal(kind)
  }

  /// Apps in the configuration's order for this caller, so that its default stays what it is; then as all apps stand.
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

  /// Nil when it was used in the window.
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

  /// Fewer calls than this, or a shorter time, and rare ones may be missing.
  static let enoughCalls = 1_000
  static let enoughTime: Int64 = 7 * 86_400 * 1_000_000_000

  /// Nanoseconds of the window that the record covers.
  var covered: Int64 {
    guard let first = tally.first else { return 0 }
    return max(0, now - max(first, tally.since))
  }
}

extension CallTally.Outcomes {
  /// Some of the calls tell what a caller needs.
  var counts: Bool { succeeded.calls > 0 || refused.calls > 0 || sensitive.calls > 0 }
}
