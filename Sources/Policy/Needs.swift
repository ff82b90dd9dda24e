internal import Configuration
internal import SCORMCloudAPI

/// What the calls of one caller need, collected kind by kind.
struct Needs {
  typealias Grant = PolicySuggestion.Grant
  typealias Left = PolicySuggestion.Left

  /// Calls by operation.
  private var operations: [UInt8: Grant] = [:]
  private(set) var apps: [String: Grant] = [:]
  private(set) var destructive = LeftOut()
  private(set) var askedFor = LeftOut()
  private(set) var outOfReach = LeftOut()

  /// - Parameter obstacle: Why no grant would allow the calls.
  mutating func add(
    _ kind: CallTally.Kind, _ outcomes: CallTally.Outcomes, _ wish: PolicySuggestion.Wish,
    obstacle: String?
  ) {
    var all = outcomes.succeeded
    all.add(outcomes.refused)
    if let obstacle {
      all.add(outcomes.sensitive)
      outOfReach.add(kind, all, obstacle)
      return
    }
    // The current rules no longer refuse such calls because of their answer.
    all.add(outcomes.sensitive)
    var refused = outcomes.refused
    refused.add(outcomes.sensitive)
    guard all.calls > 0 else { return }
    let operation = OperationTable.operation(at: kind.operation)
    if wish.excludesRefused, outcomes.succeeded.calls == 0 {
      askedFor.add(kind, all, "It was refused so far.")
    } else if operation.isDestructive, !wish.includesDestructive {
      destructive.add(kind, all, "It deletes something.")
    } else {
      var grant = Grant(text: operation.name.description)
      grant.succeeded = outcomes.succeeded
      grant.denied = outcomes.denied
      grant.refused = refused
      operations[kind.operation, default: Grant(text: grant.text)].add(grant)
      apps[kind.app, default: Grant(text: kind.app)].add(grant)
    }
  }

  /// Whether all granted operations read.
  var isReadOnly: Bool {
    operations.keys.allSatisfy { OperationTable.operation(at: $0).access == .read }
  }

  /// The `allow` list, with the calls that need each rule.
  var grants: [Grant] {
    GrantList.least(for: Set(operations.keys)).map { rule in
      var grant = Grant(text: GrantList.text(rule))
      for operation in GrantList.operations(of: rule) {
        if let calls = operations[operation] { grant.add(calls) }
      }
      return grant
    }
  }

  /// The least scopes of the operations, according to the catalogue; if scopes are fixed, those. `basic` represents
  /// operations whose scope is not known.
  func scopes(_ settings: Settings?) -> [String] {
    if let tokens = settings?.tokens, tokens.scopes == .fixed { return tokens.scopesList }
    var names: Set<String> = []
    for index in operations.keys {
      let operation = OperationTable.operation(at: index)
      switch operation.credential {
      case .none: continue
      case .eitherApplication: names.insert("basic")
      case .application, .management:
        guard operation.certainty != .unknown, let least = operation.scopes.first else {
          names.insert("basic")
          continue
        }
        names.insert(least.name.description)
      }
    }
    return names.sorted()
  }
}

extension PolicySuggestion.Grant {
  mutating func add(_ other: PolicySuggestion.Grant) {
    succeeded.add(other.succeeded)
    denied.add(other.denied)
    refused.add(other.refused)
  }
}

/// Calls for which no grant is suggested, by operation and app.
struct LeftOut {
  private var rows: [String: PolicySuggestion.Left] = [:]

  mutating func add(_ kind: CallTally.Kind, _ calls: CallTally.Count, _ reason: String) {
    guard calls.calls > 0 else { return }
    let name = kind.operationName
    rows[
      "\(name) \(kind.app)",
      default: PolicySuggestion.Left(
        operation: name, app: kind.app, calls: CallTally.Count(), reason: reason)
    ].calls.add(calls)
  }

  /// Sorted by operation and app.
  var sorted: [PolicySuggestion.Left] {
    rows.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension CallTally.Kind {
  /// The operation's name, or a text if it is not in the catalogue.
  var operationName: String {
    operation < OperationTable.all.count
      ? OperationTable.operation(at: operation).name.description : "(outside the catalogue)"
  }
}
