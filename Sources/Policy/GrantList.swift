package import Configuration
internal import Rules
internal import SCORMCloudAPI

/// The shortest `allow` list that grants some operations and no other.
///
/// A group, as `read:course`, stands in it only where every operation of the group was asked for: whatever the group
/// grants is needed. `*` never does, for it also grants paths that are not in the catalogue. No operation is granted
/// by two of the rules, so each rule is needed.
package enum GrantList {
  /// - Parameter wanted: indices into the catalogue.
  package static func least(for wanted: Set<UInt8>) -> [AllowRule] {
    var rules: [AllowRule] = []
    var left = wanted
    for group in groups where group.operations.isSubset(of: left) {
      rules.append(group.rule)
      left.subtract(group.operations)
    }
    return rules
      + OperationTable.all.filter { left.contains($0.index) }
      .map { .operation($0.name.description) }
  }

  /// Operations that `rule` grants.
  package static func operations(of rule: AllowRule) -> Set<UInt8> {
    Set(OperationTable.all.filter { rule.allows($0) }.map(\.index))
  }

  /// As it stands in a configuration.
  package static func text(_ rule: AllowRule) -> String {
    switch rule {
    case .everything: "*"
    case .access(let access, let service): "\(access.rawValue):\(service ?? "*")"
    case .operation(let name): name
    }
  }

  private struct Group: Sendable {
    let rule: AllowRule
    let operations: Set<UInt8>
  }

  /// Those of several operations, the largest first; a group of one is written as the operation.
  private static let groups: [Group] = {
    var rules = OperationAccess.allCases.map { AllowRule.access($0, service: nil) }
    for service in Service.allCases {
      rules += OperationAccess.allCases.map { .access($0, service: service.name.description) }
    }
    return rules.map { Group(rule: $0, operations: operations(of: $0)) }
      .filter { $0.operations.count > 1 }
  }()
}
