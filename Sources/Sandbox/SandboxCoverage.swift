internal import SCORMCloudAPI

/// How much of the real service the sandbox covers: each operation of the catalogue, and how it is supported.
package enum SandboxCoverage {
  package enum Standing: Equatable, Sendable {
    /// The official client calls it in CI and accepts the answer.
    case proven
    /// The sandbox answers it and keeps its state.
    case answered
    /// The sandbox does not answer it, for this reason.
    case declined(String)

    package var word: String {
      switch self {
      case .proven: "proven"
      case .answered: "answered"
      case .declined: "declined"
      }
    }
  }

  package struct Row: Equatable, Sendable {
    package let operation: String
    package let method: String
    package let template: String
    package let standing: Standing
  }

  /// A row for each operation, in the catalogue's order.
  package static let rows: [Row] = {
    let proven = Set(ProvenOperations.names.split(whereSeparator: \.isNewline).map(String.init))
    return OperationTable.all.map { operation in
      let name = operation.name.description
      let standing: Standing =
        switch BehaviourTable.behaviour(of: name) {
        case .declined(let reason): .declined(reason.description)
        default: proven.contains(name) ? .proven : .answered
        }
      return Row(
        operation: name, method: operation.method.name.description,
        template: operation.template.description, standing: standing)
    }
  }()

  package static func count(_ word: String) -> Int { rows.count { $0.standing.word == word } }

  /// `161 operations: 150 proven by the official client, 11 answered, 0 declined`.
  package static var summary: String {
    "\(rows.count) operations: \(count("proven")) proven by the official client, "
      + "\(count("answered")) answered, \(count("declined")) declined"
  }

  /// The table as one JSON document.
  package static var value: JSONValue {
    [
      "operations": .integer(rows.count), "proven": .integer(count("proven")),
      "answered": .integer(count("answered")), "declined": .integer(count("declined")),
      "rows": .array(
        rows.map { row in
          var members = [
            JSONMember("operation", .string(row.operation)),
            JSONMember("method", .string(row.method)), JSONMember("path", .string(row.template)),
            JSONMember("standing", .string(row.standing.word)),
          ]
          if case .declined(let reason) = row.standing {
            members.append(JSONMember("reason", .string(reason)))
          }
          return .object(members)
        }),
    ]
  }
}
