import Foundation
import Testing

@testable import SCORMCloudAPI

/// Reads the table's source on its own, without the generator, so that a mistake there shows as well.
/// `scripts/catalogue/generate --check` compares the files byte for byte.
@Suite("Generated table")
struct GeneratedTableTests {
  @Test("The generated table is what its source says")
  func generatedFile() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let source = try String(
      contentsOf: root.appending(path: "scripts/catalogue/operations.tsv"), encoding: .utf8)
    let rows = source.split(separator: "\n").filter { !$0.hasPrefix("#") }.dropFirst()
      .map { $0.split(separator: "\t").map(String.init) }
    #expect(rows.count == OperationTable.all.count)
    for (row, operation) in zip(rows, OperationTable.all) {
      let flags = [
        operation.isMultipart ? "multipart" : nil, operation.isDestructive ? "destructive" : nil,
        operation.isSecretBearing ? "secrets" : nil, operation.isSensitive ? "sensitive" : nil,
        operation.isDeprecated ? "deprecated" : nil,
      ].compactMap { $0 }
      let scopes = operation.scopes.map(\.name.description)
      #expect(
        Array(row.prefix(9)) == [
          operation.name.description, operation.method.name.description,
          operation.template.description, operation.service.name.description,
          operation.credential.name.description,
          scopes.isEmpty ? "-" : scopes.joined(separator: ","),
          operation.certainty.name.description, operation.access.name.description,
          flags.isEmpty ? "-" : flags.joined(separator: ","),
        ])
      #expect(operation.isPaged == row[9].split(separator: ",").contains("more"), "\(row[0])")
    }
  }
}
