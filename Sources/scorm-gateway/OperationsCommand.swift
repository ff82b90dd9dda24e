internal import ArgumentParser
internal import SCORMCloudAPI
internal import System

/// The form of a listing.
enum ListingFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json
}

/// `operations`: lists the catalogue.
struct OperationsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "operations",
    abstract: "List the operations of the API and the scopes they need.",
    discussion:
      "Scopes are listed from least to most privilege. The gateway asks for the first one.")

  @Option(help: "table for people, json for scripts.")
  var format = ListingFormat.table

  @Option(help: "Only operations of this service, such as course or registration.")
  var service: String?

  @OptionGroup var table: TableOptions

  func run() throws {
    let operations = OperationTable.all.filter { operation in
      service.map { $0 == operation.service.name.description } ?? true
    }
    if operations.isEmpty {
      let names = Set(OperationTable.all.map(\.service.name.description)).sorted()
      throw ValidationError(
        "Unknown service. Services: \(names.joined(separator: ", ")).")
    }
    switch format {
    case .table: print(rows(operations).text(in: table.room), terminator: "")
    case .json: print(json(operations))
    }
    Output.flush()
  }

  private func rows(_ operations: [Operation]) -> TextTable {
    var table = TextTable([
      .init("OPERATION", least: 20), .init("METHOD"), .init("PATH", least: 24),
      .init("ACCESS", rank: 4), .init("CREDENTIAL", rank: 3), .init("SCOPES", least: 16, rank: 1),
      .init("SURE", rank: 5), .init("NOTES", least: 8, rank: 2),
    ])
    for operation in operations {
      table.append([
        operation.name.description, operation.method.name.description,
        operation.template.description, operation.access.name.description,
        operation.credential.name.description,
        operation.scopes.isEmpty ? "-" : operation.scopes.text,
        operation.certainty.name.description, notes(operation).joined(separator: " "),
      ])
    }
    return table
  }

  private func notes(_ operation: Operation) -> [String] {
    var notes: [String] = []
    if operation.isPaged { notes.append("paged") }
    if operation.isMultipart { notes.append("multipart") }
    if operation.isDestructive { notes.append("destructive") }
    if operation.isSecretBearing { notes.append("secret-bearing") }
    if operation.isSensitive { notes.append("sensitive:\(operation.answer.name)") }
    if operation.isDeprecated { notes.append("deprecated") }
    return notes
  }

  /// Names, paths and scopes contain nothing that JSON escapes.
  private func json(_ operations: [Operation]) -> String {
    let rows = operations.map { operation in
      let scopes = operation.scopes.map { "\"\($0.name)\"" }.joined(separator: ",")
      let flags = [
        ("paged", operation.isPaged), ("multipart", operation.isMultipart),
        ("destructive", operation.isDestructive), ("secretBearing", operation.isSecretBearing),
        ("sensitive", operation.isSensitive), ("deprecated", operation.isDeprecated),
      ].map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
      let answer = operation.isSensitive ? "\"\(operation.answer.text)\"" : "null"
      return "{\"operation\":\"\(operation.name)\",\"service\":\"\(operation.service.name)\","
        + "\"method\":\"\(operation.method.name)\",\"path\":\"\(operation.template)\","
        + "\"access\":\"\(operation.access.name)\",\"credential\":\"\(operation.credential.name)\","
        + "\"scopes\":[\(scopes)],\"certainty\":\"\(operation.certainty.name)\",\(flags),"
        + "\"answersWith\":\(answer)}"
    }
    return "[\n  " + rows.joined(separator: ",\n  ") + "\n]"
  }
}
