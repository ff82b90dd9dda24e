package import Configuration
internal import Rules
internal import SCORMCloudAPI

/// The shortest `allow` list that grants some operations and no others.
///
/// A group, such as `read:course`, is used only if every operation of the group is wanted, so it grants nothing
/// unneeded. `*` is never used, because it also grants paths that are not in the catalogue. No operation is granted by
/// two rules, so each rule is needed.
package enum GrantList {
  /// - Parameter wanted: Indices into the catalogue.
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

  /// The operations that `rule` grants.
  package static func operations(of rule: AllowRule) -> Set<UInt8> {
    Set(OperationTable.all.filter { rule.allows($0) }.map(\.index))
  }

  /// As written in a configuration.
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

  /// The groups of several operations, the largest first. A group of one is written as the operation.
  private static let groups: [Group] = {
    var rules = OperationAccess.allCases.map { AllowRule.access($0, service: nil) }
    for service in Service.allCases {
      rules += OperationAccess.allCases.map { .access($0, service: service.name.description) }
    }
    return rules.map { Group(rule: $0, operations: operations(of: $0)) }
      .filter { $0.operations.count > 1 }
  }()
}
