import Foundation
import Testing

@Suite("The table of modules")
struct ArchitectureTests {
  private static let modules: [String] = {
    let folder = Repository.root.appendingPathComponent("Sources").path
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }()

  private func row(of module: String) throws -> TableRow? {
    try Markdown.rows(of: "docs/architecture.md").first {
      $0.heading == "Two halves" && $0.names.contains("Sources/\(module)")
    }
  }

  @Test("Every module is in the table", arguments: modules)
  func isDescribed(module: String) throws {
    #expect(try row(of: module) != nil, "docs/architecture.md does not describe \(module)")
  }

  @Test("A module imports exactly the modules that its row lists", arguments: modules)
  func imports(module: String) throws {
    let others = Set(ArchitectureTests.modules.filter { $0 != module })
    var imported: Set<String> = []
    for source in try Repository.sources(of: module) {
      let lines = source.matches(
        of: /(?m)^(?:@\w+ )*(?:internal |package |public )?import (?:\w+ )?(\w+)$/)
      imported.formUnion(lines.map { String($0.output.1) })
    }
    let cells = try #require(try row(of: module)).cells
    let listed = Set(cells[2].split(separator: ", ").map(String.init)).intersection(others)
    #expect(imported.intersection(others) == listed)
  }

  /// The text of the section on unsafe code, as one line.
  private func unsafeCode() throws -> String {
    let text = try Repository.text("docs/architecture.md")
    let start = try #require(text.firstRange(of: "## Unsafe code")?.upperBound)
    return String(text[start...].prefix(while: { $0 != "#" })).replacing("\n", with: " ")
  }

  @Test(
    "The section on unsafe code names each module that has some, and no other", arguments: modules)
  func hasUnsafeCode(module: String) throws {
    guard !module.hasPrefix("C") || ["Configuration", "CurlTransport"].contains(module) else {
      return
    }
    let marks = try Repository.sources(of: module).joined()
      .matches(of: /(?m)^(?!\s*\/\/).*\bunsafe\b/).count
    let names = try unsafeCode()
    let isNamed = names.contains("`\(module)`") || names.contains("`Sources/\(module)/")
    #expect((marks > 0) == isNamed, "\(marks) marks")
  }

  @Test("The number of types that are Sendable unchecked is the one that is told")
  func uncheckedTypes() throws {
    var count = 0
    for module in Self.modules {
      count += try Repository.sources(of: module).joined()
        .matches(of: /(?m)^(?!\s*\/\/).*: @unchecked Sendable/).count
    }
    let words = [
      "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    ]
    #expect(try unsafeCode().contains("`@unchecked Sendable` stands on \(words[count]) types"))
  }
}
