import Foundation
import Memory
import Testing

@testable import SCORMCloudAPI

/// Reads the table's source independently of the generator, so that its mistakes show too. `scripts/catalogue/generate
/// --check` compares the files byte for byte.
@Suite("Generated table")
struct GeneratedTableTests {
  private func rows() throws -> [[String]] {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let source = try String(
      contentsOf: root.appending(path: "scripts/catalogue/operations.tsv"), encoding: .utf8)
    return source.split(separator: "\n").filter { !$0.hasPrefix("#") }.dropFirst()
      .map { $0.split(separator: "\t").map(String.init) }
  }

  @Test("Every query parameter of the source may be shown or must be hidden, by its mark")
  func queryParameters() throws {
    var hidden: Set<String> = []
    var shown: Set<String> = []
    for parameter in try rows().flatMap({ $0[10].split(separator: ",") }) where parameter != "-" {
      let name = parameter.filter { $0 != "!" && $0 != "*" }
      if parameter.hasSuffix("*") { hidden.insert(name) } else { shown.insert(name) }
    }
    #expect(
      hidden == [
        "auth", "cssUrl", "externalConfig", "filter", "jwt", "learnerId", "more", "postbackUrl",
        "reportUrl", "userEmail",
      ])
    #expect(shown.count == 29)
    for name in shown.union(hidden) {
      let bytes = Array(name.utf8)
      let isShown = QueryParameters.mayShow(bytes.span.bytesOfElements)
      let isHidden = QueryParameters.mustHide(bytes.span.bytesOfElements)
      #expect(isShown == shown.contains(name) && isHidden == hidden.contains(name), "\(name)")
    }
    for name in ["", "Since", "SINCE", "s%69nce", "since ", "token", "tags[]", "sinc", "sincee"] {
      let bytes = Array(name.utf8)
      let isShown = QueryParameters.mayShow(bytes.span.bytesOfElements)
      #expect(!isShown, "\(name)")
    }
  }

  @Test("Whatever takes the filters of a list and changes what it finds is counted before")
  func selections() {
    #expect(
      BulkSelection.operations.map(\.name.description) == [
        "DeleteDestinationDispatches", "DeleteDispatches", "EnableRegistrationInstancing",
        "ResetDestinationDispatchRegistrationCount", "SetDestinationDispatchEnabled",
        "UpdateDestinationHashUserInfo", "UpdateDispatches",
      ])
    // No other write operation has a list's path, or extends one, without an id after it.
    let lists = OperationTable.all.filter { $0.isPaged && $0.template.description.contains("{") }
    for operation in OperationTable.all where operation.access == .write {
      let path = operation.template.description
      let isBelow = lists.contains {
        path == $0.template.description
          || path.hasPrefix($0.template.description + "/")
            && !path.dropFirst($0.template.description.count).contains("{")
      }
      if isBelow {
        #expect(
          BulkSelection.of(operation.index) != nil
            || operation.method == .post && path == "/registrations/{registrationId}/instances",
          "\(operation.name)")
      }
    }
  }

  @Test("The generated table is what its source says")
  func generatedFile() throws {
    let rows = try rows()
    #expect(rows.count == OperationTable.all.count)
    for (row, operation) in zip(rows, OperationTable.all) {
      let flags = [
        operation.isMultipart ? "multipart" : nil, operation.isDestructive ? "destructive" : nil,
        operation.isSecretBearing ? "secrets" : nil,
        operation.isDeprecated ? "deprecated" : nil,
      ].compactMap { $0 }
      let scopes = operation.scopes.map(\.name.description)
      #expect(
        Array(row.prefix(10)) == [
          operation.name.description, operation.method.name.description,
          operation.template.description, operation.service.name.description,
          operation.credential.name.description,
          scopes.isEmpty ? "-" : scopes.joined(separator: ","),
          operation.certainty.name.description, operation.access.name.description,
          flags.isEmpty ? "-" : flags.joined(separator: ","), operation.answer.name.description,
        ])
      #expect(operation.isPaged == row[10].split(separator: ",").contains("more*"), "\(row[0])")
      #expect((row[11] == "-" ? "" : row[11]) == operation.list.name.description, "\(row[0])")
      let selection = BulkSelection.of(operation.index)
      let counter = selection.map { OperationTable.operation(at: $0.list).name.description }
      #expect((row[12] == "-" ? nil : row[12]) == counter, "\(row[0])")
      let filters = row[10].split(separator: ",").map { $0.filter { $0 != "!" && $0 != "*" } }
      if let selection {
        #expect(filters.filter { $0 != "-" } == selection.filters.map(\.description))
      }
    }
  }
}
