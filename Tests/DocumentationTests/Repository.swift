import Foundation

/// The files of the repository, for the tests of its documentation.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The documents for readers, by their paths below the root.
  static let documents: [String] = {
    let folder = root.appendingPathComponent("docs").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Benchmarks/README.md"]
      + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/" + $0 }
  }()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }

  /// The Swift files of a module, as text.
  static func sources(of module: String) throws -> [String] {
    let folder = "Sources/\(module)"
    let names = try FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent(folder).path)
    return try names.filter { $0.hasSuffix(".swift") }.map { try text("\(folder)/\($0)") }
  }
}

/// A row of a Markdown table.
struct TableRow {
  /// The heading above it, of any level.
  let heading: String
  let cells: [String]

  /// The words in the first cell that are formatted as code.
  var names: [String] {
    cells.first.map { cell in cell.matches(of: /`([^`]+)`/).map { String($0.output.1) } } ?? []
  }
}

enum Markdown {
  /// The rows of all tables, without headers.
  static func rows(of document: String) throws -> [TableRow] {
    var rows: [TableRow] = []
    var heading = ""
    var lines = try Repository.text(document).split(
      separator: "\n", omittingEmptySubsequences: false
    ).map(String.init)
    lines.append("")
    for (number, line) in lines.enumerated() {
      if line.hasPrefix("#") { heading = line.drop { $0 == "#" || $0 == " " }.description }
      let isHeader = number + 1 < lines.count && lines[number + 1].hasPrefix("|-")
      guard line.hasPrefix("|"), !line.hasPrefix("|-"), !isHeader else { continue }
      let cells = line.replacing("\\|", with: "¦").split(
        separator: "|", omittingEmptySubsequences: false
      ).dropFirst().dropLast().map { $0.trimmingCharacters(in: .whitespaces) }
      rows.append(TableRow(heading: heading, cells: cells))
    }
    return rows
  }

  /// The names that links use for a document's headings, as GitHub makes them.
  static func anchors(of document: String) throws -> Set<String> {
    let headings = try Repository.text(document).split(separator: "\n").filter { $0.hasPrefix("#") }
    return Set(
      headings.map { heading in
        String(
          heading.drop { $0 == "#" || $0 == " " }.lowercased().compactMap { character in
            if character == " " { return "-" }
            return character.isLetter || character.isNumber || character == "-" || character == "_"
              ? character : nil
          })
      })
  }
}
